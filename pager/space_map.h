#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "pager/page_format.h"
#include "pager/space_map_format.h"

namespace quire::pager {

/// Which pages are free: the map pages as runs in memory, and the journal of the one open
/// transaction (rule S1). Allocations leave the free runs at once; pages that the transaction frees
/// become free at apply(), so that rollback() restores exactly what was. Used under the engine's
/// mutex. Every call costs O(log runs) a page or better.
class SpaceMap {
 public:
  /// A map of `page_count` pages of which none is free yet.
  explicit SpaceMap(Pid page_count) : page_count_(page_count), committed_page_count_(page_count) {}

  /// Adds the free runs of one group, at open. CorruptionError, with nothing added, if the page's
  /// counts, its fixed pages or the states behind the end of the file are wrong.
  void load(Pid map_pid, const MapPage& map);

  /// Pages of the file, those of the open transaction included.
  Pid page_count() const noexcept { return page_count_; }
  Pid committed_page_count() const noexcept { return committed_page_count_; }
  std::uint64_t free_pages() const noexcept { return free_pages_; }

  /// `count` contiguous pages within one group: the shortest free run that is long enough, else new
  /// ones at the end. OutOfSpace, with nothing changed, at 2^32 pages.
  Pid allocate(std::uint32_t count, PageState state);
  /// CorruptionError, with nothing changed, if one of the pages is free already or is not a page
  /// that a collection can own.
  void free(Pid pid, std::uint32_t count);

  bool changed() const noexcept {
    return !journal_.empty() || page_count_ != committed_page_count_;
  }

  /// Writes the journal into map pages. `page(pid, is_new)` gives the transaction's own copy of a
  /// map page, zeros if the file has grown over it. Called once, before apply().
  void seal(const std::function<MapPage&(Pid pid, bool is_new)>& page) const;
  /// The transaction is published.
  void apply();
  /// The transaction never was.
  void rollback();

  /// Writes the counts that readers of the map page rely on.
  static void count_free(MapPage& map, Pid map_pid, Pid page_count);

 private:
  struct Change {
    PageState state;
    bool was_free;  // in the last commit, or beyond its end
  };
  using Runs = std::map<Pid, Pid>;  // first page -> length

  void add_run(Pid first, Pid count);
  void take_from(Runs::iterator run, Pid first, Pid count);
  Runs::iterator run_that_holds(Pid pid);
  void require_in_use(Pid pid);
  Pid grow(std::uint32_t count);
  void drop_runs_from(Pid first);
  std::set<Pid> changed_groups() const;

  Runs runs_;
  std::set<std::pair<Pid, Pid>> by_length_;  // {length, first page}
  std::map<Pid, Change> journal_;
  std::uint64_t free_pages_ = 0;
  Pid page_count_;
  Pid committed_page_count_;
};

}  // namespace quire::pager
