#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <unordered_map>
#include <vector>

#include "pager/frame.h"

namespace quire::pager {

// A page in memory is a chain of versions, each the content that one commit published:
//
//     chain[pid]:  oldest ... newest      no chain: the base holds the only version anybody needs
//
// 1. A published version never changes.
// 2. The newest version is never dropped while dirty.
// 3. A reader at S uses the newest version with seq <= S; a chain that has none means that what the
//    reader needs is in the base.
// 4. Before the base page is overwritten, what only the base holds and a registered reader needs is
//    hung in at the bottom (rule V2).
// 5. A chain is emptied only when the base equals its newest version and nothing else is left in it.

/// The commits that open snapshots read; one entry each.
using Readers = std::multiset<Seq>;

enum class Mark : std::uint8_t {
  dirty,        // the base holds something older
  equal,        // the base holds the same
  only_memory,  // the base holds something newer
};

struct Version {
  Seq seq;  // 0: loaded from the base, hence as old as any reader
  FramePtr frame;
  Mark mark;
};

/// The versions of all pages in memory. Used under the engine's mutex.
class VersionMap {
 public:
  /// The version that a reader at `seq` sees; nullptr: load the page from the base.
  FramePtr find(Pid pid, Seq seq) const;
  /// Whether the chain is empty, so that a load shows the newest version.
  bool is_empty(Pid pid) const { return !chains_.contains(pid); }

  /// Adds the newest version; what no reader needs any more goes.
  void publish(Pid pid, Seq seq, FramePtr frame, const Readers& readers);
  /// Adds what the base holds below all other versions.
  void install_base(Pid pid, FramePtr frame);
  /// The only version of its page, which differs from the base and is not to be written: a log
  /// replayed into memory.
  void install_replayed(Pid pid, Seq seq, FramePtr frame);

  /// The pages whose newest version is dirty, in ascending order.
  const std::set<Pid>& dirty() const noexcept { return dirty_; }
  FramePtr newest(Pid pid) const;
  /// Whether some reader needs of `pid` what only the base holds.
  bool base_is_needed(Pid pid, const Readers& readers) const;
  /// The base is about to be overwritten with the newest version of `pid`: older versions equal to
  /// it no longer are.
  void before_overwrite(Pid pid);
  /// The newest version of each dirty page has been written and synced.
  void mark_saved();

  /// Drops what no reader needs, of one page or of all; after a commit or a snapshot has ended.
  void prune_page(Pid pid, const Readers& readers);
  void prune(const Readers& readers);
  /// Drops pages that equal the base and that nobody holds, until at most `frames` are left.
  /// Returns how many went.
  std::size_t evict(std::size_t frames);

  std::size_t frame_count() const noexcept { return frame_count_; }

 private:
  using Chain = std::vector<Version>;  // oldest first
  void prune_chain(Chain& chain, const Readers& readers);
  void note_length(Pid pid, const Chain& chain);

  std::unordered_map<Pid, Chain> chains_;
  std::set<Pid> dirty_;
  std::set<Pid> long_chains_;  // exactly the chains of two versions and more
  std::size_t frame_count_ = 0;
};

}  // namespace quire::pager
