#include "wal/replay_index.h"

#include <utility>

#include <quire/error.h>

namespace quire::wal {
namespace {

[[noreturn]] void corrupt(const std::string& where, Pid pid, const char* field,
                          std::string expected, std::string found) {
  throw CorruptionError(where, "page record of page " + std::to_string(pid) + ", " + field,
                        std::move(expected), std::move(found));
}

}  // namespace

void ReplayIndex::apply(const PageEntry& entry, Seq seq, std::uint64_t generation, Pid page_count,
                        const std::string& where) {
  const Pid pid = entry.name.pid;
  const std::uint64_t end = std::uint64_t{pid} + entry.pages;
  if (pid < kFirstLoggedPid || end > page_count)
    corrupt(where, pid, "pid",
            std::to_string(kFirstLoggedPid) + " to " + std::to_string(page_count),
            std::to_string(pid) + " and " + std::to_string(entry.pages - 1) + " more");
  if (entry.kind == PageRecordKind::bulk) {
    const auto first = pages_.lower_bound(pid);
    auto last = first;
    while (last != pages_.end() && last->first < end) ++last;
    pages_.erase(first, last);
    return;
  }
  const bool is_delta = entry.kind == PageRecordKind::delta;
  const auto found = pages_.find(pid);
  if (found != pages_.end() && found->second.seq == seq)
    corrupt(where, pid, "pid", "one record a commit", "two in commit " + std::to_string(seq));
  if (is_delta && (found == pages_.end() || found->second.generation != generation))
    corrupt(where, pid, "kind", "an image or init first in each generation", "a delta");
  PageHistory& history = found != pages_.end() ? found->second : pages_[pid];
  if (is_delta && history.type != entry.name.type)
    corrupt(where, pid, "type", std::to_string(history.type), std::to_string(entry.name.type));
  if (is_delta && history.owner != entry.name.owner)
    corrupt(where, pid, "owner", std::to_string(history.owner), std::to_string(entry.name.owner));
  if (!is_delta) history.records.clear();
  history.records.push_back(entry.place);
  history.seq = seq;
  history.generation = generation;
  history.type = entry.name.type;
  history.owner = entry.name.owner;
}

}  // namespace quire::wal
