#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/former_values.h"
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
  /// The same for somebody who cannot use every free page yet: all of them are such that
  /// `is_usable(pid)`, or new. Free pages that are not are passed over, 1024 neighbours at once, until
  /// the transaction ends; after 64 of such rows it is new pages, so that a call costs little. Those
  /// too may not be usable: then the file grows beyond them, which costs a step for 1024 pages.
  Pid allocate(std::uint32_t count, PageState state, const std::function<bool(Pid)>& is_usable);
  /// CorruptionError, with nothing changed, if one of the pages is free already or is not a page
  /// that a collection can own.
  void free(Pid pid, std::uint32_t count);

  /// Whether page `pid`, which is in use, was free before the open transaction.
  bool is_fresh(Pid pid) const;
  /// Whether the open transaction has freed page `pid`, which was in use before. O(log journal).
  bool is_freed(Pid pid) const;
  /// The pages that the open transaction has freed, ascending; map pages that it has cut off too.
  std::vector<Pid> freed() const;

  bool changed() const noexcept {
    return !journal_.empty() || page_count_ != committed_page_count_;
  }

  /// Gives up the free pages at the end of the file, and the map pages of groups that hold nothing
  /// else, so that page_count() falls; false if they are too few to be worth it: fewer than 64 and
  /// than an eighth of the file. Before any other change of a transaction.
  bool cut_tail();

  /// Writes the journal into map pages. `page(pid, is_new)` gives the transaction's own copy of a
  /// map page, zeros if the file has grown over it. Called once, before apply().
  void seal(const std::function<MapPage&(Pid pid, bool is_new)>& page) const;
  /// The transaction is published.
  void apply() noexcept;
  /// The transaction never was.
  void rollback() noexcept;

  // Savepoints of the open transaction, which nest: number 0 is the outermost. apply() and
  // rollback() end them.

  /// Costs nothing but the memory of what changes from now on.
  void set_savepoint();
  /// Undoes exactly what was allocated and freed since savepoint `index`; ends it and those inside
  /// it. Costs O(log runs) for each page that has changed since.
  void roll_back_to(std::size_t index);
  /// Ends savepoint `index` and those inside it; their changes belong to the one around them.
  void release(std::size_t index);

  /// Writes the counts that readers of the map page rely on.
  static void count_free(MapPage& map, Pid map_pid, Pid page_count);

 private:
  struct Change {
    PageState state;
    bool was_free;  // in the last commit, or beyond its end
  };
  using Runs = std::map<Pid, Pid>;  // first page -> length

  /// Should memory run out, these free pages stay unused until the next open: then giving back
  /// never fails, and no page is ever free twice.
  void add_run(Pid first, Pid count) noexcept;
  void take_from(Runs::iterator run, Pid first, Pid count) noexcept;
  Runs::iterator run_that_holds(Pid pid);
  void require_in_use(Pid pid);
  Pid grow(std::uint32_t count);
  Pid grow_beyond(std::uint32_t count, const std::function<bool(Pid)>& is_usable);
  void take(Pid first, std::uint32_t count, PageState state);
  void pass_over(Runs::iterator run, Pid count);
  void bring_back() noexcept;
  void drop_runs_from(Pid first);
  Pid used_end() const;
  void add_tail_runs(Pid first);
  std::set<Pid> changed_groups() const;
  void keep(Pid pid);
  void end_savepoints();
  void restore(Pid pid, const std::optional<Change>& former);

  Runs runs_;
  std::set<std::pair<Pid, Pid>> by_length_;  // {length, first page}, but for those passed over
  std::vector<Pid> passed_over_;             // where such runs began
  std::map<Pid, Change> journal_;
  FormerValues<Pid, std::optional<Change>> former_;  // of the journal
  std::vector<Pid> former_page_counts_;              // one for each savepoint
  std::uint64_t free_pages_ = 0;
  Pid page_count_;
  Pid committed_page_count_;
};

}  // namespace quire::pager
