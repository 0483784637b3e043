#pragma once

#include <cstdint>

#include <quire/file_system.h>

#include "pager/version_map.h"

namespace quire::pager {

/// The pages of one database: versions in memory over the base file. Every page is verified when it
/// is loaded, and again when it is used as something else. Used under the engine's mutex.
class PagePool {
 public:
  struct Counters {
    std::uint64_t hits = 0;
    std::uint64_t loads = 0;
    std::uint64_t evictions = 0;
    std::uint64_t saved = 0;
  };

  /// `uuid_hash` seeds the sums; `budget` is how many frames may stay in memory while clean ones
  /// can go.
  PagePool(File& base, std::uint64_t uuid_hash, std::size_t budget)
      : base_(&base), uuid_hash_(uuid_hash), budget_(budget) {}

  /// Page `pid` as of commit `seq`, a structure page of this type and owner. CorruptionError
  /// otherwise.
  FramePtr structure(Pid pid, PageType type, CollectionId owner, Seq seq);
  /// The same for a data page with this sum.
  FramePtr data(Pid pid, Sum32 sum, Seq seq);

  VersionMap& versions() noexcept { return versions_; }
  const Counters& counters() const noexcept { return counters_; }

  /// Writes the newest version of every dirty page to its place, in ascending order and long
  /// slices, after hanging in what `readers` need of the old base. Does not sync; call
  /// versions().mark_saved() after the sync. Returns the number of pages.
  std::uint64_t save_dirty(const Readers& readers);

  /// Lets clean frames go while there are more than the budget; after a commit.
  void trim();

  /// The sum that a page-table entry holds for data page `pid`.
  Sum32 data_sum(Pid pid, PageBytes bytes) const noexcept;
  /// The sum in the header of structure page `pid`.
  std::uint64_t structure_sum(Pid pid, PageBytes bytes) const noexcept;
  /// The bytes of page `pid` as the base holds them, unverified; nullptr if the file ends before.
  FramePtr read_base(Pid pid);
  /// Writes one page of recovery to its place: a structure page gets its sum in the buffer.
  void write_base(Pid pid, bool is_structure, MutablePageBytes bytes);

 private:
  struct Found {
    FramePtr frame;
    bool is_new;  // just read from the base, not yet in the version map
  };
  Found find_or_load(Pid pid, Seq seq);
  void verify_structure_sum(Pid pid, Frame& frame) const;
  void keep_base_for(Pid pid, const Readers& readers);

  File* base_;
  std::uint64_t uuid_hash_;
  std::size_t budget_;
  VersionMap versions_;
  Counters counters_;
};

}  // namespace quire::pager
