#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/atomic.h"
#include "base/ids.h"

namespace quire::pager {

/// Who may still look at what: the horizon, and the commits that were registered when it was
/// raised. Whoever registers later reads a commit at or above the horizon.
struct Readers {
  Seq horizon = 0;
  std::vector<Seq> seqs;  // ascending

  /// Whether a version of commit `version` that commit `successor` has superseded may still be
  /// looked at (rule V2).
  bool need(Seq version, Seq successor) const noexcept;
};

/// The commits that open snapshots read, and the horizon below which no snapshot can start any more
/// (rule V1).
///
///     starter      reads the newest visible commit S, registers S, loads the horizon; if that has
///                  passed S, unregisters and starts over
///     reclaimer    raises the horizon to H <= the newest visible commit, scans
///
/// All of it in one order that every thread agrees on (seq_cst), so a reclaimer either sees a
/// starter's registration or the starter sees its horizon. Safe from any thread; nobody waits.
class SnapshotRegistry {
 public:
  SnapshotRegistry() = default;
  ~SnapshotRegistry();
  SnapshotRegistry(const SnapshotRegistry&) = delete;
  SnapshotRegistry& operator=(const SnapshotRegistry&) = delete;

  using Entry = Atomic<Seq>;

  /// Registers the commit `seq` of what `newest_visible()` returns; `seen` is its last result. The
  /// entry is for remove().
  template <class Visible, class NewestVisible>
  Entry& add(Visible& seen, NewestVisible&& newest_visible) {
    for (;;) {
      seen = newest_visible();
      Entry& entry = claim(seen.seq);
      if (!has_passed(seen.seq)) return entry;
      remove(entry);
    }
  }
  /// Registers a commit that the caller knows not to be below the horizon, nor to fall below it
  /// before this returns.
  Entry& add(Seq seq) { return claim(seq); }
  void remove(Entry& entry) noexcept {
    entry.store(kVacant, std::memory_order_release);
    count_.fetch_sub(1, std::memory_order_relaxed);
  }

  Seq horizon() const noexcept { return horizon_.load(std::memory_order_seq_cst); }
  /// Raises the horizon to `seq`, which is visible, and returns who is left. O(registrations).
  Readers raise_horizon(Seq seq);

  std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }
  /// The smallest registered commit; `if_none` without one.
  Seq oldest(Seq if_none) const noexcept;

 private:
  static constexpr Seq kVacant = std::numeric_limits<Seq>::max();

  struct alignas(64) Line {
    Entry seq{kVacant};
  };
  struct Block {
    std::array<Line, 64> lines;
    Atomic<Block*> next{nullptr};
  };

  Entry& claim(Seq seq);
  bool has_passed(Seq seq) const noexcept;
  static Block& block_behind(Block& block);
  template <class Fn>
  void for_each(Fn&& fn) const;

  Block first_;
  Atomic<Seq> horizon_{0};
  std::atomic<std::size_t> count_{0};
};

}  // namespace quire::pager
