#include "facades/record_check.h"

#include <algorithm>
#include <string>
#include <unordered_set>

namespace quire::facades {
namespace {

std::string name_of(std::uint64_t slot) { return "slot " + std::to_string(slot); }

void check_used(const RecordSlotsView& slots, const std::vector<std::uint64_t>& used,
                std::uint64_t count, CheckSink& sink) {
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (i > 0 && used[i] == used[i - 1]) sink.problem(name_of(used[i]) + " has two keys");
    if (used[i] >= count) {
      sink.problem("a key has " + name_of(used[i]) + ", but there are " + std::to_string(count) +
                   " slots");
    } else if (!slots.is_used(used[i])) {
      sink.problem("a key has " + name_of(used[i]) + ", which is free");
    }
  }
}

/// Follows the list as far as it leads; returns the number of slots in it.
std::uint64_t check_free_list(const RecordSlotsView& slots, std::uint64_t count, CheckSink& sink) {
  const FreeSlots free = slots.read_free();
  std::unordered_set<std::uint64_t> seen;
  std::uint64_t last = 0;
  for (std::uint64_t number = free.first; number != 0;) {
    if (number > count) {
      sink.problem("the list of free slots leads to " + name_of(number - 1) + " of " +
                   std::to_string(count));
      break;
    }
    if (!seen.insert(number).second) {
      sink.problem("the list of free slots leads to " + name_of(number - 1) + " again");
      break;
    }
    if (slots.is_used(number - 1)) {
      sink.problem("the list of free slots leads to " + name_of(number - 1) + ", which is in use");
      break;
    }
    last = number;
    number = slots.next_free(number - 1);
  }
  if (last != free.last) sink.problem("the list of free slots does not end where it says");
  return seen.size();
}

}  // namespace

void check_slots(const RecordSlotsView& slots, std::vector<std::uint64_t> used, CheckSink& sink) {
  std::sort(used.begin(), used.end());
  const std::uint64_t count = slots.count();
  check_used(slots, used, count, sink);
  used.erase(std::unique(used.begin(), used.end()), used.end());
  const std::uint64_t free = check_free_list(slots, count, sink);
  if (free + used.size() != count) {
    sink.problem("there are " + std::to_string(count) + " slots, but " +
                 std::to_string(used.size()) + " with a key and " + std::to_string(free) + " free");
  }
}

void check_disjoint(std::vector<PageRange> ranges, std::uint64_t pages, CheckSink& sink) {
  std::sort(ranges.begin(), ranges.end(),
            [](const PageRange& a, const PageRange& b) { return a.first < b.first; });
  std::uint64_t end = 0;
  for (const PageRange& range : ranges) {
    if (range.first < end && range.count > 0) {
      sink.problem("two arrays have page " + std::to_string(range.first) + " of the data");
    }
    if (range.first > pages || range.count > pages - range.first) {
      sink.problem("an array of " + std::to_string(range.count) + " pages at page " +
                   std::to_string(range.first) + " ends behind the " + std::to_string(pages) +
                   " pages of the data");
      continue;
    }
    end = std::max(end, range.first + range.count);
  }
}

}  // namespace quire::facades
