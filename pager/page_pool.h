#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <quire/file_system.h>

#include "pager/version_map.h"

namespace quire::pager {

/// Whether a page that is read from the base stays in memory. Reads of everything there is pass the
/// cache by, so as not to flush it (rule M4).
enum class Caching : std::uint8_t { yes, no };

/// The pages of one database: versions in memory over the base file. Every page is verified when it
/// is loaded, and again when it is used as something else. Safe from any thread but where said
/// otherwise; no lock is held while the base is read.
class PagePool {
 public:
  struct Counters {
    std::uint64_t hits = 0;
    std::uint64_t loads = 0;
    std::uint64_t evictions = 0;
    std::uint64_t written_early = 0;
  };

  /// `uuid_hash` seeds the sums; `budget` is how many frames may stay in memory while clean ones
  /// can go.
  PagePool(File& base, std::uint64_t uuid_hash, std::size_t budget);

  /// Page `pid` as of commit `seq`, a structure page of this type and owner. CorruptionError
  /// otherwise. Commit `seq` is registered, or the newest published one and the caller holds the
  /// writer's place.
  FramePtr structure(Pid pid, PageType type, CollectionId owner, Seq seq,
                     Caching caching = Caching::yes);
  /// The same for a data page with this sum.
  FramePtr data(Pid pid, Sum32 sum, Seq seq, Caching caching = Caching::yes);

  VersionMap& versions() noexcept { return versions_; }
  Counters counters() const noexcept;
  std::size_t budget() const noexcept { return budget_; }

  /// An uninitialised frame, counted until it goes.
  FramePtr new_frame() const { return std::make_shared<Frame>(frame_count_); }
  FramePtr copy_of(const Frame& frame) const;
  /// One for a transaction. OutOfSpace if private pages, old versions and pages that only Values
  /// hold fill the second budget: that of the pool, but at least 64 MiB.
  FramePtr new_private_frame();
  bool is_second_budget_full() const noexcept;
  /// How many frames a transaction should keep that can write the others to the file: as many as the
  /// cache does not use, and 32 MiB of them or as many as the whole cache, whichever is less.
  std::size_t fair_private_frames() const noexcept;
  /// Called when the second budget is full, before OutOfSpace: whatever lets old versions go. Set
  /// before the first private frame is asked for.
  void set_relief(std::function<void()> relief) { relief_ = std::move(relief); }

  /// Lets clean frames go while the newest versions are more than the budget; `added`: about how
  /// many have come since the last call.
  void trim(std::size_t added = 1);

  // For the checkpoint; by one thread at a time.
  struct Saved {
    Pid pid;
    Seq seq;
  };
  /// Writes the versions up to G of `pids` (ascending) to their place, in slices of neighbours,
  /// after hanging in what `readers` need of the old base. Adds what was written to `saved`. Does
  /// not sync; mark_saved() is for after the sync.
  void save(std::span<const Pid> pids, Seq g, const Readers& readers, std::vector<Saved>& saved);
  void mark_saved(std::span<const Saved> saved);

  // For pages that a transaction writes to their place before it commits (rule S2): they are known
  // to nobody else, and pass the versions by.
  struct EarlyPage {
    Pid pid;
    FramePtr frame;
  };
  /// Writes `pages` (ascending) to their place in slices of neighbours; structure pages get `seq`
  /// and their sum in the buffer. Loads that began before are void afterwards. Does not sync.
  void write_early(std::span<const EarlyPage> pages, Seq seq);
  /// Such a page, read back and verified: a structure page of commit `seq`, or a data page with this
  /// sum. CorruptionError otherwise.
  FramePtr load_early(Pid pid, PageType type, CollectionId owner, Seq seq);
  FramePtr load_early_data(Pid pid, Sum32 sum);

  /// The sum that a page-table entry holds for data page `pid`.
  Sum32 data_sum(Pid pid, PageBytes bytes) const noexcept;
  /// The sum in the header of structure page `pid`.
  std::uint64_t structure_sum(Pid pid, PageBytes bytes) const noexcept;
  /// The bytes of page `pid` as the base holds them, unverified; nullptr if the file ends before.
  FramePtr read_base(Pid pid);
  /// Writes one page of recovery to its place: a structure page gets its sum in the buffer.
  void write_base(Pid pid, bool is_structure, MutablePageBytes bytes);

 private:
  class SliceWriter;

  FramePtr read_whole_base(Pid pid);
  template <class Verify>
  FramePtr get(Pid pid, Seq seq, Caching caching, const Verify& verify);
  void verify_structure(Pid pid, const Frame& frame, PageType type, CollectionId owner,
                        Seq seq) const;
  void verify_data(Pid pid, const Frame& frame, Sum32 sum) const;
  std::size_t second_budget() const noexcept;
  VersionMap::Save begin_save(Pid pid, Seq g, const Readers& readers);

  File* base_;
  std::uint64_t uuid_hash_;
  std::size_t budget_;
  std::shared_ptr<FrameCount> frame_count_ = std::make_shared<FrameCount>();
  VersionMap versions_;
  std::function<void()> relief_;
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> loads_{0};
  std::atomic<std::uint64_t> evictions_{0};
  std::atomic<std::uint64_t> written_early_{0};
};

}  // namespace quire::pager
