#include "wal/replay_index.h"

#include <iterator>
#include <utility>

#include <quire/error.h>

#include "base/sabotage.h"

namespace quire::wal {
namespace {

[[noreturn]] void corrupt(const std::string& where, Pid pid, const char* field,
                          std::string expected, std::string found) {
  throw CorruptionError(where, "page record of page " + std::to_string(pid) + ", " + field,
                        std::move(expected), std::move(found));
}

[[noreturn]] void named_twice(const std::string& where, Pid pid, Seq seq) {
  corrupt(where, pid, "pid", "one record a commit", "two in commit " + std::to_string(seq));
}

}  // namespace

/// Whether commit `seq`, whose records are being applied, has named the page in a BULK.
bool ReplayIndex::is_in_run(Pid pid, Seq seq) const {
  if (seq != runs_seq_) return false;
  const auto behind = runs_.upper_bound(pid);
  return behind != runs_.begin() && pid < std::prev(behind)->second;
}

void ReplayIndex::apply_bulk(Pid first, std::uint64_t end, Seq seq, const std::string& where) {
  if (seq != runs_seq_) runs_.clear();
  runs_seq_ = seq;
  const auto next_run = runs_.lower_bound(first);
  if (is_in_run(first, seq) || (next_run != runs_.end() && next_run->first < end))
    named_twice(where, first, seq);
  runs_.emplace(first, end);
  const auto from = pages_.lower_bound(first);
  auto to = from;
  for (; to != pages_.end() && to->first < end; ++to)
    if (to->second.seq == seq) named_twice(where, to->first, seq);
  if (!is_sabotaged(Sabotage::bulk_voids_older_records)) pages_.erase(from, to);
}

void ReplayIndex::apply(const PageEntry& entry, Seq seq, std::uint64_t generation, Pid page_count,
                        const std::string& where) {
  const Pid pid = entry.name.pid;
  const std::uint64_t end = std::uint64_t{pid} + entry.pages;
  const bool is_inside = pid >= kFirstLoggedPid && end <= page_count;
  if (!is_inside && !is_sabotaged(Sabotage::pid_in_the_log))
    corrupt(where, pid, "pid",
            std::to_string(kFirstLoggedPid) + " to " + std::to_string(page_count),
            std::to_string(pid) + " and " + std::to_string(entry.pages - 1) + " more");
  if (entry.kind == PageRecordKind::bulk) return apply_bulk(pid, end, seq, where);
  if (is_in_run(pid, seq)) named_twice(where, pid, seq);
  const bool is_delta = entry.kind == PageRecordKind::delta;
  const auto found = pages_.find(pid);
  if (found != pages_.end() && found->second.seq == seq) named_twice(where, pid, seq);
  const bool has_image = found != pages_.end() && found->second.generation == generation;
  if (is_delta && !has_image && !is_sabotaged(Sabotage::image_first_in_a_generation))
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
