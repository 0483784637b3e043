#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/former_values.h"
#include "pager/page_pool.h"
#include "pager/space_map.h"

namespace quire::pager {

/// The pages that one transaction has changed, over the versions that it sees, and its allocations.
/// Nothing of it reaches the page pool, the log or the file before the committer takes it. Used by
/// the holder of the writer's place.
class PrivatePages {
 public:
  struct Page {
    FramePtr frame;
    CollectionId owner = kEngineOwner;
    bool is_data = false;
    SumPlace place;  // of a data page
  };
  struct SealedPage {
    Pid pid;
    CollectionId owner;
    FramePtr frame;
  };

  /// A transaction that reads commit `base`. `pool` and `space` outlive it.
  PrivatePages(PagePool& pool, SpaceMap& space, Seq base)
      : pool_(&pool), space_(&space), base_(base) {}

  Seq base() const noexcept { return base_; }
  Pid page_count() const noexcept { return space_->page_count(); }

  // As in PageReader and PageWriter, for any owner.
  PageRef read(Pid pid, PageType type, CollectionId owner);
  PageRef read_data(Pid pid, Sum32 sum);
  MutablePageBytes modify(Pid pid, PageType type, CollectionId owner);
  MutablePageBytes modify_data(Pid pid, Sum32 sum, SumPlace place, CollectionId owner);
  Pid allocate(std::uint32_t count, PageState state) { return space_->allocate(count, state); }
  void free(Pid pid, std::uint32_t count);
  MutablePageBytes renew(Pid pid, PageType type, CollectionId owner);
  MutablePageBytes renew_data(Pid pid, SumPlace place, CollectionId owner);
  void move_sum(Pid pid, SumPlace place);

  // Savepoints, of the space map too; they nest, number 0 is the outermost. A frame that a
  // savepoint could need is copied before it changes, once for each savepoint.

  void set_savepoint();
  /// Makes every page, and the space map's journal, what they were when savepoint `index` was set;
  /// ends it and those inside it. Costs what was touched since.
  void roll_back_to(std::size_t index);
  /// Ends savepoint `index` and those inside it; their changes belong to the one around them.
  void release(std::size_t index);

  /// True if committing would change nothing.
  bool empty() const noexcept { return pages_.empty() && !space_->changed(); }

  /// While a structure is at work: frames that it gives up stay until the next one begins. They nest.
  class Work {
   public:
    explicit Work(PrivatePages& pages) : pages_(pages) {
      if (pages_.at_work_++ == 0) pages_.given_up_.clear();
    }
    ~Work() { --pages_.at_work_; }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    PrivatePages& pages_;
  };

  /// How many pages have been changed.
  std::size_t size() const noexcept { return pages_.size(); }

  /// Makes the pages ready for commit `seq` (rule C1): the sums of data pages go into their
  /// parents, the journal of the space map into map pages, `seq` into every header. Ends all
  /// savepoints; after it the pages do not change any more. CorruptionError if damaged pointers have torn the transaction's
  /// pages apart; it can then only be rolled back.
  void seal(Seq seq);

  /// Lets go of every page; the space map's journal is the caller's to undo.
  void forget() {
    pages_.clear();
    sealed_.clear();
    given_up_.clear();
    former_.clear();
  }

  /// The pages in ascending order, once sealed.
  const std::vector<SealedPage>& sealed() const noexcept { return sealed_; }

 private:
  void require_page(Pid pid, PageType type) const;
  void require_not_freed(Pid pid) const;
  void own_copy(Pid pid, PageBytes content, CollectionId owner, bool is_data);
  bool is_kept(Pid pid) const;
  void put_away(Pid pid);
  void store_sum(Pid pid, const Page& page);

  PagePool* pool_;
  SpaceMap* space_;
  Seq base_;
  std::unordered_map<Pid, Page> pages_;
  FormerValues<Pid, std::optional<Page>> former_;  // of `pages_`
  std::vector<SealedPage> sealed_;
  // Former frames of pages that were freed or renewed. A structure may still hold one: damaged
  // pointers can make it free the very page that it works on.
  std::vector<FramePtr> given_up_;
  int at_work_ = 0;
};

}  // namespace quire::pager
