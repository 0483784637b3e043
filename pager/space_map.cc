#include "pager/space_map.h"

#include <quire/error.h>

#include <algorithm>
#include <new>
#include <string>

#include "base/invariant.h"
#include "base/sabotage.h"

namespace quire::pager {
namespace {

/// The pages of the group of `map_pid` that exist in a file of `page_count` pages.
Pid group_end(Pid map_pid, Pid page_count) {
  return static_cast<Pid>(
      std::min<std::uint64_t>(std::uint64_t{group_begin(map_pid)} + kGroupSize, page_count));
}

constexpr Pid kLeastCut = 64;
constexpr Pid kPassedAtOnce = 1024;
constexpr int kMostLooks = 64;

bool are_all(Pid first, Pid count, const std::function<bool(Pid)>& is_usable) {
  for (Pid pid = first; pid < first + count; ++pid) {
    if (!is_usable(pid)) return false;
  }
  return true;
}

/// The first map page at or behind `pid`, behind the first group.
std::uint64_t next_map_page(Pid pid) {
  const std::uint64_t behind = std::uint64_t{pid} + kGroupSize - 1;
  return std::max<std::uint64_t>(behind / kGroupSize * kGroupSize, kGroupSize);
}

struct FreeCounts {
  Pid free = 0;
  Pid longest = 0;
};

FreeCounts counts_of(const MapPage& map, Pid map_pid, Pid page_count) {
  FreeCounts counts;
  Pid run = 0;
  for (Pid pid = group_begin(map_pid); pid < group_end(map_pid, page_count); ++pid) {
    if (get_state(map, pid) == PageState::free) {
      ++counts.free;
      counts.longest = std::max(counts.longest, ++run);
    } else {
      run = 0;
    }
  }
  return counts;
}

[[noreturn]] void map_is_wrong(Pid map_pid, const char* field, std::uint64_t expected,
                               std::uint64_t found) {
  throw CorruptionError(map_pid, field, std::to_string(expected), std::to_string(found));
}

/// Header slots, map pages and the catalog's root have fixed places and states.
bool is_fixed(Pid pid) { return pid < kFixedPages || is_map_page(pid); }
PageState fixed_state(Pid pid) {
  return pid < kFirstMapPage ? PageState::owned : PageState::structure;
}

void require_exact_counts(Pid map_pid, const MapPage& map, Pid page_count) {
  const FreeCounts counts = counts_of(map, map_pid, page_count);
  if (map.free_count != counts.free) {
    map_is_wrong(map_pid, "free count", counts.free, map.free_count);
  }
  if (map.longest_free_run != counts.longest) {
    map_is_wrong(map_pid, "longest free run", counts.longest, map.longest_free_run);
  }
}

/// Fixed pages are what they must be, and nothing is said of pages behind the end of the file: when
/// it grows over them, those that nobody takes are free.
void require_fixed_states(Pid map_pid, const MapPage& map, Pid page_count) {
  const auto require = [&](Pid pid, const char* field, PageState expected) {
    const PageState found = get_state(map, pid);
    if (found != expected) {
      map_is_wrong(map_pid, field, static_cast<unsigned>(expected), static_cast<unsigned>(found));
    }
  };
  const Pid begin = group_begin(map_pid);
  const Pid pages = group_end(map_pid, page_count) - begin;
  for (Pid index = 0; index < std::min(pages, kFixedPages); ++index) {
    if (is_fixed(begin + index)) {
      require(begin + index, "state of a fixed page", fixed_state(begin + index));
    }
  }
  for (Pid index = pages; index < kGroupSize; ++index) {
    // Of a small file all are free, which is told four pages at a time.
    if (index % 4 == 0 && map.states[index / 4] == 0) {
      index += 3;
    } else {
      require(index, "state of a page behind the end of the file", PageState::free);
    }
  }
}

}  // namespace

void SpaceMap::load(Pid map_pid, const MapPage& map) {
  require_exact_counts(map_pid, map, page_count_);
  require_fixed_states(map_pid, map, page_count_);
  const Pid begin = group_begin(map_pid);
  const Pid end = group_end(map_pid, page_count_);
  for (Pid pid = begin; pid < end;) {
    const Pid first = pid;
    while (pid < end && get_state(map, pid) == PageState::free) ++pid;
    if (pid > first) add_run(first, pid - first);
    if (pid < end) ++pid;
  }
}

void SpaceMap::add_run(Pid first, Pid count) noexcept {
  free_pages_ += count;
  const auto next = runs_.lower_bound(first);
  if (next != runs_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == first) {
      first = before->first;
      count += before->second;
      by_length_.erase({before->second, before->first});
      runs_.erase(before);
    }
  }
  if (next != runs_.end() && first + count == next->first) {
    count += next->second;
    by_length_.erase({next->second, next->first});
    runs_.erase(next);
  }
  try {
    by_length_.emplace(count, first);
    runs_.emplace(first, count);
  } catch (const std::bad_alloc&) {
    by_length_.erase({count, first});
    free_pages_ -= count;
  }
}

void SpaceMap::take_from(Runs::iterator run, Pid first, Pid count) noexcept {
  const auto [run_first, run_count] = *run;
  by_length_.erase({run_count, run_first});
  runs_.erase(run);
  free_pages_ -= run_count;
  if (first > run_first) add_run(run_first, first - run_first);
  const Pid rest = run_first + run_count - (first + count);
  if (rest > 0) add_run(first + count, rest);
}

SpaceMap::Runs::iterator SpaceMap::run_that_holds(Pid pid) {
  auto run = runs_.upper_bound(pid);
  if (run == runs_.begin()) return runs_.end();
  --run;
  return pid < run->first + run->second ? run : runs_.end();
}

Pid SpaceMap::allocate(std::uint32_t count, PageState state) {
  invariant(count >= 1 && count < kGroupSize, "a run of pages fits into one group");
  Pid first;
  const auto fit = by_length_.lower_bound({count, 0});
  if (fit != by_length_.end()) {
    first = fit->second;
    take_from(runs_.find(first), first, count);
  } else {
    first = grow(count);
  }
  take(first, count, state);
  return first;
}

void SpaceMap::take(Pid first, std::uint32_t count, PageState state) {
  for (Pid pid = first; pid < first + count; ++pid) {
    keep(pid);
    journal_[pid] = {state, true};
  }
}

Pid SpaceMap::allocate(std::uint32_t count, PageState state,
                       const std::function<bool(Pid)>& is_usable) {
  for (int looks = 0; looks < kMostLooks; ++looks) {
    const auto fit = by_length_.lower_bound({count, 0});
    if (fit == by_length_.end()) break;
    const Pid first = fit->second;
    const auto run = runs_.find(first);
    if (are_all(first, count, is_usable)) {
      take_from(run, first, count);
      take(first, count, state);
      return first;
    }
    pass_over(run, std::max(count, kPassedAtOnce));
  }
  const Pid first = grow_beyond(count, is_usable);
  take(first, count, state);
  return first;
}

/// The first `count` pages of the run, or all of it: they stay free, where nobody looks for pages.
void SpaceMap::pass_over(Runs::iterator run, Pid count) {
  const Pid first = run->first;
  count = std::min(count, run->second);
  passed_over_.push_back(first);
  if (count == run->second) {
    by_length_.erase({count, first});
    return;
  }
  take_from(run, first, count);
  runs_.emplace(first, count);
  free_pages_ += count;
}

/// Makes what was passed over free like all else.
void SpaceMap::bring_back() noexcept {
  for (const Pid first : passed_over_) {
    const auto run = runs_.find(first);
    if (run == runs_.end()) continue;  // taken by a rollback, or one with its neighbours again
    const Pid count = run->second;
    by_length_.erase({count, first});
    runs_.erase(run);
    free_pages_ -= count;
    add_run(first, count);
  }
  passed_over_.clear();
}

Pid SpaceMap::grow(std::uint32_t count) {
  const std::uint64_t rest = std::uint64_t{page_count_} + (is_map_page(page_count_) ? 1 : 0);
  const std::uint64_t next_group = std::uint64_t{group_begin(page_count_)} + kGroupSize;
  // The page behind the rest of a group that is too short for this run is the next map page.
  const bool fits_rest = rest + count <= next_group;
  const std::uint64_t first = fits_rest ? rest : next_group + 1;
  if (first + count > UINT32_MAX) {
    throw OutOfSpace(
        "the database has reached its greatest size, 16 TiB; delete data, or start another file");
  }
  if (!fits_rest && rest < next_group) {
    add_run(static_cast<Pid>(rest), static_cast<Pid>(next_group - rest));
  }
  page_count_ = static_cast<Pid>(first + count);
  return static_cast<Pid>(first);
}

/// Pages behind the end may not be usable either: those of a tail that was cut off.
Pid SpaceMap::grow_beyond(std::uint32_t count, const std::function<bool(Pid)>& is_usable) {
  for (;;) {
    const Pid first = grow(count);
    if (are_all(first, count, is_usable)) return first;
    add_run(first, count);
    const Pid next = grow(kPassedAtOnce);
    add_run(next, kPassedAtOnce);
    for (const Pid pid : {first, next}) {
      const auto run = run_that_holds(pid);
      if (run != runs_.end()) pass_over(run, run->second);
    }
  }
}

void SpaceMap::require_in_use(Pid pid) {
  if (pid >= page_count_ || is_fixed(pid)) {
    throw CorruptionError(pid, "owner", "a collection that may free it",
                          "a page of the engine, or none");
  }
  const auto change = journal_.find(pid);
  const bool is_free = change != journal_.end() ? change->second.state == PageState::free
                                                : run_that_holds(pid) != runs_.end();
  if (is_free) throw CorruptionError(pid, "owner", "a collection that may free it", "a free page");
}

void SpaceMap::free(Pid pid, std::uint32_t count) {
  if (is_sabotaged(Sabotage::freed_pages)) return;
  // All are checked before one is freed. A wild count ends at the next map page.
  const std::uint64_t end = std::uint64_t{pid} + count;
  for (std::uint64_t page = pid; page < end; ++page) require_in_use(static_cast<Pid>(page));
  for (; pid < end; ++pid) {
    keep(pid);
    const auto change = journal_.find(pid);
    if (change != journal_.end() && change->second.was_free) {
      journal_.erase(change);
      add_run(pid, 1);
    } else {
      journal_[pid] = {PageState::free, false};
    }
  }
}

bool SpaceMap::is_fresh(Pid pid) const {
  if (pid >= committed_page_count_) return true;
  const auto change = journal_.find(pid);
  return change != journal_.end() && change->second.was_free;
}

bool SpaceMap::is_freed(Pid pid) const {
  const auto change = journal_.find(pid);
  return change != journal_.end() && change->second.state == PageState::free;
}

std::vector<Pid> SpaceMap::freed() const {
  std::vector<Pid> pids;
  for (const auto& [pid, change] : journal_) {
    if (change.state == PageState::free) pids.push_back(pid);
  }
  for (std::uint64_t map_pid = next_map_page(page_count_); map_pid < committed_page_count_;
       map_pid += kGroupSize) {
    pids.push_back(static_cast<Pid>(map_pid));
  }
  return pids;
}

/// Behind the last page that a collection or the engine uses.
Pid SpaceMap::used_end() const {
  Pid end = page_count_;
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    if (run->first + run->second != end) break;
    end = run->first;
    // Nothing is left of this group but the page that says so.
    if (end > kGroupSize && is_map_page(end - 1)) --end;
  }
  return end;
}

bool SpaceMap::cut_tail() {
  invariant(!changed(), "the tail is cut before any other change");
  const Pid end = used_end();
  const Pid cut = page_count_ - end;
  if (cut == 0 || (cut < kLeastCut && cut < page_count_ / 8)) return false;
  drop_runs_from(end);
  page_count_ = end;
  return true;
}

/// Undoes a cut: all that was cut off but map pages is free.
void SpaceMap::add_tail_runs(Pid first) {
  while (first < committed_page_count_) {
    const auto next =
        static_cast<Pid>(std::min<std::uint64_t>(next_map_page(first), committed_page_count_));
    if (next > first) add_run(first, next - first);
    first = next == committed_page_count_ ? next : next + 1;
  }
}

std::set<Pid> SpaceMap::changed_groups() const {
  std::set<Pid> groups;
  for (const auto& [pid, change] : journal_) groups.insert(map_page_of(pid));
  if (page_count_ < committed_page_count_) groups.insert(map_page_of(page_count_ - 1));
  // 64 bits: the last group ends beyond the last pid.
  for (std::uint64_t pid = committed_page_count_; pid < page_count_;
       pid = std::uint64_t{group_begin(static_cast<Pid>(pid))} + kGroupSize) {
    groups.insert(map_page_of(static_cast<Pid>(pid)));
  }
  return groups;
}

void SpaceMap::seal(const std::function<MapPage&(Pid, bool)>& page) const {
  for (const Pid map_pid : changed_groups()) {
    const bool is_new = map_pid >= committed_page_count_;
    MapPage& map = page(map_pid, is_new);
    if (is_new) set_state(map, map_pid, PageState::structure);
    const auto end = journal_.lower_bound(group_end(map_pid, page_count_));
    for (auto it = journal_.lower_bound(group_begin(map_pid)); it != end; ++it) {
      set_state(map, it->first, it->second.state);
    }
    count_free(map, map_pid, page_count_);
  }
}

void SpaceMap::count_free(MapPage& map, Pid map_pid, Pid page_count) {
  const FreeCounts counts = counts_of(map, map_pid, page_count);
  map.free_count = counts.free;
  map.longest_free_run = counts.longest;
}

void SpaceMap::apply() noexcept {
  for (const auto& [pid, change] : journal_) {
    if (change.state == PageState::free) add_run(pid, 1);
  }
  journal_.clear();
  end_savepoints();
  bring_back();
  committed_page_count_ = page_count_;
}

void SpaceMap::drop_runs_from(Pid first) {
  while (!runs_.empty()) {
    const auto last = std::prev(runs_.end());
    if (last->first + last->second <= first) return;
    const Pid from = std::max(first, last->first);
    take_from(last, from, last->first + last->second - from);
  }
}

void SpaceMap::rollback() noexcept {
  for (const auto& [pid, change] : journal_) {
    if (change.was_free && !is_sabotaged(Sabotage::rollback_of_free_pages)) add_run(pid, 1);
  }
  journal_.clear();
  end_savepoints();
  bring_back();
  drop_runs_from(committed_page_count_);
  if (page_count_ < committed_page_count_) add_tail_runs(page_count_);
  page_count_ = committed_page_count_;
}

void SpaceMap::end_savepoints() {
  former_.clear();
  former_page_counts_.clear();
}

void SpaceMap::keep(Pid pid) {
  former_.keep(pid, [&]() -> std::optional<Change> {
    const auto change = journal_.find(pid);
    if (change == journal_.end()) return std::nullopt;
    return change->second;
  });
}

void SpaceMap::set_savepoint() {
  former_.push();
  former_page_counts_.push_back(page_count_);
}

void SpaceMap::restore(Pid pid, const std::optional<Change>& former) {
  const auto change = journal_.find(pid);
  const bool is_taken = change != journal_.end() && change->second.was_free;
  const bool was_taken = former && former->was_free;
  if (former) {
    journal_.insert_or_assign(pid, *former);
  } else {
    journal_.erase(pid);
  }
  if (is_taken && !was_taken) add_run(pid, 1);
  if (was_taken && !is_taken) {
    // It may be in no run, if memory ran out when it was freed.
    if (const auto run = run_that_holds(pid); run != runs_.end()) take_from(run, pid, 1);
  }
}

void SpaceMap::roll_back_to(std::size_t index) {
  former_.roll_back_to(index,
                       [&](Pid pid, const std::optional<Change>& former) { restore(pid, former); });
  // Only now: what is taken out of the free runs again may lie behind the former end.
  page_count_ = former_page_counts_.at(index);
  drop_runs_from(page_count_);
  former_page_counts_.resize(index);
}

void SpaceMap::release(std::size_t index) {
  former_.release(index);
  former_page_counts_.resize(index);
}

}  // namespace quire::pager
