#include "pager/snapshot_registry.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <thread>

#include "base/sabotage.h"

namespace quire::pager {

bool Readers::need(Seq version, Seq successor) const noexcept {
  if (is_sabotaged(Sabotage::readers_of_old_versions)) return false;
  if (successor > horizon) return true;  // a snapshot of the older one may start at any moment
  const auto reader = std::lower_bound(seqs.begin(), seqs.end(), version);
  return reader != seqs.end() && *reader < successor;
}

SnapshotRegistry::~SnapshotRegistry() {
  for (Block* block = first_.next.load(); block != nullptr;) {
    const std::unique_ptr<Block> last(block);
    block = last->next.load();
  }
}

// The link is part of a registration: a scan that came before it in the one order of all threads
// may miss it, a later one must not. Hence seq_cst here too.
SnapshotRegistry::Block& SnapshotRegistry::block_behind(Block& block) {
  if (Block* next = block.next.load(std::memory_order_seq_cst)) return *next;
  auto fresh = std::make_unique<Block>();
  Block* expected = nullptr;
  if (block.next.compare_exchange_strong(expected, fresh.get(), std::memory_order_seq_cst)) {
    return *fresh.release();
  }
  return *expected;
}

SnapshotRegistry::Entry& SnapshotRegistry::claim(Seq seq) {
  // Threads begin at different lines, so that they seldom meet.
  const std::size_t begin = std::hash<std::thread::id>()(std::this_thread::get_id());
  for (Block* block = &first_;; block = &block_behind(*block)) {
    for (std::size_t i = 0; i < block->lines.size(); ++i) {
      Entry& entry = block->lines[(begin + i) % block->lines.size()].seq;
      Seq vacant = kVacant;
      if (entry.load(std::memory_order_relaxed) == kVacant &&
          entry.compare_exchange_strong(vacant, seq, std::memory_order_seq_cst)) {
        count_.fetch_add(1, std::memory_order_relaxed);
        return entry;
      }
    }
  }
}

/// Whether the horizon is above `seq`.
bool SnapshotRegistry::has_passed(Seq seq) const noexcept {
  return horizon() > seq && !is_sabotaged(Sabotage::horizon_seen_by_starters);
}

template <class Fn>
void SnapshotRegistry::for_each(Fn&& fn) const {
  for (const Block* block = &first_; block != nullptr;
       block = block->next.load(std::memory_order_seq_cst)) {
    for (const Line& line : block->lines) {
      const Seq seq = line.seq.load(std::memory_order_seq_cst);
      if (seq != kVacant) fn(seq);
    }
  }
}

Readers SnapshotRegistry::raise_horizon(Seq seq) {
  Seq before = horizon();
  while (before < seq && !is_sabotaged(Sabotage::horizon_raised_by_reclaimers) &&
         !horizon_.compare_exchange_weak(before, seq, std::memory_order_seq_cst)) {
  }
  Readers readers;
  readers.horizon = std::max(before, seq);
  for_each([&](Seq registered) { readers.seqs.push_back(registered); });
  std::sort(readers.seqs.begin(), readers.seqs.end());
  return readers;
}

Seq SnapshotRegistry::oldest(Seq if_none) const noexcept {
  Seq oldest = if_none;
  for_each([&](Seq registered) { oldest = std::min(oldest, registered); });
  return oldest;
}

}  // namespace quire::pager
