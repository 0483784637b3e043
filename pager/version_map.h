#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "pager/frame.h"
#include "pager/snapshot_registry.h"

namespace quire::pager {

// A page in memory is a chain of versions, each the content that one commit published:
//
//     chain[pid]:  oldest ... newest      no chain: the base holds the only version anybody needs
//
// 1. A published version never changes.
// 2. A reader at S uses the newest version with seq <= S.
// 3. Publishing over an empty chain puts BASE below: "what is older is still in the file". A reader
//    that needs it loads it from there.
// 4. Before the checkpoint overwrites the page, BASE is dropped, or what it stands for is read and
//    hung in, if a registered reader needs it; an old page that cannot be read is hung in as
//    damaged, and only a reader that uses it gets the error (rule V2).
// 5. A page that a commit has freed ends in FREE: nobody reads it from there on. The next life of
//    the page begins above it and needs no BASE.
// 6. The newest version is dropped only while the base holds the same; an older one when no reader
//    can need it any more.
// 7. A chain that says no more than an empty one is emptied, and the change counter of its stripe
//    rises: a load that began before must not be installed (rules M1, M2).
// 8. An empty chain of a page that is free says that nobody reads what the base held there, and that
//    no checkpoint will write it: FREE, and what lies below, stay for every registered reader, and
//    the checkpoint of commit G is one of G. So a transaction may write the page to its place before
//    it commits (rule S2).

enum class Mark : std::uint8_t {
  dirty,        // the base holds something older
  equal,        // the base holds the same
  only_memory,  // the base holds something else, and is not to be overwritten with this
};

struct Version {
  enum class Kind : std::uint8_t { frame, base, damaged, free };

  Seq seq = 0;  // 0: from the base and of unknown age, hence as old as any reader
  FramePtr frame;
  Kind kind = Kind::frame;
  Mark mark = Mark::equal;
  bool used = true;  // since the evictor last came by
  /// Between the version below and this one the page was free: their types may differ.
  bool new_life = false;
};

/// What a reader of the base noted of the chain before it read. Its load counts only while that
/// holds.
struct LoadNote {
  std::uint64_t changes = 0;  // of the stripe
  bool empty_chain = true;    // else there was a BASE
};

/// The versions of all pages in memory. Safe from any thread: each page belongs to one of the
/// striped mutexes, which are never held across I/O or waiting (rule M1). Every call on one page
/// costs O(length of its chain).
class VersionMap {
 public:
  /// As many stripes as suit `frames` pages in memory.
  explicit VersionMap(std::size_t frames);

  struct Found {
    enum class Where : std::uint8_t { memory, base, damaged, nowhere };
    Where where = Where::nowhere;
    FramePtr frame;  // in memory
    LoadNote note;   // in the base
  };
  /// The version that a reader at `seq` sees. `nowhere`: the page is free there, so no true pointer
  /// leads to it.
  Found find(Pid pid, Seq seq);
  /// A load from the base is done: whoever looks next finds it in memory. False, with nothing
  /// changed, if `note` no longer holds and the load must begin anew.
  bool install(Pid pid, const LoadNote& note, FramePtr frame);
  /// Whether what was noted still holds.
  bool holds(Pid pid, const LoadNote& note);

  /// Adds the newest version. `is_fresh`: the page was free before, and what an empty chain stands
  /// for is nothing. Commits publish in order.
  void publish(Pid pid, Seq seq, FramePtr frame, bool is_fresh);
  /// The page is free from commit `seq` on.
  void publish_free(Pid pid, Seq seq);
  /// The only version of its page, which differs from the base and is not to be written: a log
  /// replayed into memory.
  void install_replayed(Pid pid, Seq seq, FramePtr frame);

  // For pages that a transaction writes to their place before it commits (rule S2). It builds on a
  // commit in which they are free and that is durable; `readers` were left after the horizon had
  // been raised to it.
  /// Whether neither a reader nor a checkpoint will look for page `pid` in the base: its chain, from
  /// which this drops what nobody needs, is empty. It stays so but for loads by wild pointers.
  bool is_vacant(Pid pid, const Readers& readers);
  /// The page was written. Loads that began before are void; what one of them has installed goes.
  void vacate(Pid pid);

  /// Drops what `readers` and later ones do not need: of one page, or of all.
  void prune_page(Pid pid, const Readers& readers);
  void prune(const Readers& readers);

  // For the checkpoint of commit G, which is registered as a reader of G.
  /// The pages whose newest version up to G is not in the base, ascending.
  std::vector<Pid> unsaved_pages(Seq g);
  /// What to write over page `pid` in the base.
  struct Save {
    enum class Step : std::uint8_t {
      write,      // `frame`; then mark_saved(pid, seq) after the sync
      load_base,  // first read the base as it is, and call again with it
      nothing,    // the page is free at G
    };
    Step step = Step::nothing;
    FramePtr frame;  // load_base: what came after, if the page was not free in between
    Seq seq = 0;
  };
  /// Settles the page's BASE: `readers` were left after the horizon had been raised to G.
  Save begin_save(Pid pid, Seq g, const Readers& readers);
  /// The same after a load_base step; `old` nullptr: the old base could not be read, or is no page.
  Save begin_save_with(Pid pid, FramePtr old, Seq g, const Readers& readers);
  /// Rule K2: exactly this version was written and synced.
  void mark_saved(Pid pid, Seq seq);

  /// Lets go of frames that the base can give back and nobody holds, until at most `frames` of
  /// newest versions are left; those that nobody has used since the last visit go first. Returns how
  /// many went. Looks at about `looks` chains, so it may let go of fewer.
  std::size_t evict(std::size_t frames, std::size_t looks = SIZE_MAX);
  /// Lets go of all old versions that the base can give back and nobody holds, used or not. Returns
  /// how many went. O(chains of two versions and more).
  std::size_t evict_old();

  /// The chain of page `pid` as it is now, oldest first, to look at: its frames are not to be
  /// changed, and none of them is evicted while the result lives.
  std::vector<Version> versions_of(Pid pid);

  /// Frames of newest versions.
  std::size_t newest() const noexcept;
  /// Frames in chains.
  std::size_t frames() const noexcept { return counts_.frames.load(std::memory_order_relaxed); }
  /// Of these: not in the base yet, the newest of their page.
  std::size_t dirty() const noexcept { return counts_.dirty.load(std::memory_order_relaxed); }
  /// Of these: older than the newest, kept for snapshots.
  std::size_t superseded() const noexcept {
    return counts_.superseded.load(std::memory_order_relaxed);
  }
  /// Chains of two versions and more: what prune() may shorten. BASE and FREE count, which hold no
  /// frame.
  std::size_t long_chains() const noexcept {
    return counts_.long_chains.load(std::memory_order_relaxed);
  }

 private:
  using Chain = std::vector<Version>;  // oldest first
  struct Stripe {
    Mutex mutex;
    std::unordered_map<Pid, Chain> chains QUIRE_GUARDED_BY(mutex);
    std::set<Pid> long_chains QUIRE_GUARDED_BY(mutex);  // exactly those of two versions and more
    std::uint64_t changes QUIRE_GUARDED_BY(mutex) = 0;
  };
  struct Counts {
    std::atomic<std::size_t> frames{0};
    std::atomic<std::size_t> dirty{0};
    std::atomic<std::size_t> superseded{0};
    std::atomic<std::size_t> long_chains{0};
  };
  class Edit;

  Stripe& stripe_of(Pid pid) noexcept;
  static Save settle(Edit& edit, Seq g, const Readers& readers);
  std::size_t evict_from(Stripe& stripe, std::size_t wanted, std::size_t& looked);
  static bool evict_chain(Edit& edit);

  std::size_t stripe_mask_;
  std::unique_ptr<Stripe[]> stripes_;
  Counts counts_;
  std::atomic<std::size_t> hand_{0};  // of the clock, over stripes
};

}  // namespace quire::pager
