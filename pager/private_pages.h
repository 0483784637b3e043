#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/former_values.h"
#include "pager/page_pool.h"
#include "pager/pid_set.h"
#include "pager/space_map.h"

namespace quire::pager {

/// The pages that one transaction has changed, over the versions that it sees, and its allocations.
/// Nothing of it reaches the page pool, the log or the file before the committer takes it, but for
/// early pages. Used by the holder of the writer's place.
///
/// **Early pages** (rule S2) let a transaction be larger than memory. When there are many frames,
/// those used longest ago are written to their place in the file, once for most pages, and let go
/// of. That is possible for pages that are fresh, so that no commit and no snapshot knows them; what
/// a rollback or a crash leaves there are bytes of free pages, which mean nothing.
///
/// 1. A page is private in a frame (`pages_`), or early (`early_`), or both: then the base holds what
///    the frame does, and the frame may go. It ceases to be early when it changes.
/// 2. The sum of an early data page lies in its parent, since it was written; so the parent of a data
///    page that is not early is itself in a frame that stays, and can take it.
/// 3. What a savepoint may have to return to is never overwritten: neither a frame, which is copied
///    first, nor an early page, which stays as it is in the base until the savepoint has ended.
/// 4. Whoever is at work may hold bytes of the structure pages that it has used, and of the last data
///    page: these stay.
class PrivatePages {
 public:
  struct Page {
    FramePtr frame;  // nullptr, among former values: the base holds it, an early page
    CollectionId owner = kEngineOwner;
    bool is_data = false;
    SumPlace place;          // of a data page
    std::uint64_t used = 0;  // the number of the work that has used it last
  };
  struct SealedPage {
    Pid pid;
    CollectionId owner;
    FramePtr frame;
  };

  /// A transaction that reads commit `base`. `pool` and `space` outlive it.
  PrivatePages(PagePool& pool, SpaceMap& space, Seq base)
      : pool_(&pool), space_(&space), base_(base) {}

  /// Lets a transaction write early pages. Calls `write(readers)` once the file has room for
  /// `page_count` pages and the commit that the transaction builds on is durable, so that no crash
  /// brings back one in which they are in use; `readers` were left after the horizon had been raised
  /// to that commit. Passes on what `write` throws.
  using EarlyWriting =
      std::function<void(Pid page_count, const std::function<void(const Readers&)>& write)>;
  /// From now on keeps as many frames as PagePool::fair_private_frames(), as far as the others can
  /// be early pages. Without it there are none.
  /// `readers()` is asked for who reads, of any commits up to the one that the transaction builds on.
  void allow_early_pages(EarlyWriting writing, std::function<Readers()> readers) {
    early_writing_ = std::move(writing);
    look_for_readers_ = std::move(readers);
  }

  Seq base() const noexcept { return base_; }
  Pid page_count() const noexcept { return space_->page_count(); }

  // As in PageReader and PageWriter, for any owner.
  PageRef read(Pid pid, PageType type, CollectionId owner);
  PageRef read_data(Pid pid, Sum32 sum);
  MutablePageBytes modify(Pid pid, PageType type, CollectionId owner);
  MutablePageBytes modify_data(Pid pid, Sum32 sum, SumPlace place, CollectionId owner);
  PageRef pin(Pid pid);
  /// A transaction that may be large gets pages that can be early, as far as there are any and new
  /// ones can.
  Pid allocate(std::uint32_t count, PageState state);
  void free(Pid pid, std::uint32_t count);
  MutablePageBytes renew(Pid pid, PageType type, CollectionId owner);
  MutablePageBytes renew_data(Pid pid, SumPlace place, CollectionId owner);
  void move_sum(Pid pid, SumPlace place);

  // Savepoints, of the space map too; they nest, number 0 is the outermost. A frame that a
  // savepoint could need is copied before it changes, once for each savepoint.

  /// Costs a copy of each page that pin() has given and somebody still holds.
  void set_savepoint();
  /// Makes every page, and the space map's journal, what they were when savepoint `index` was set;
  /// ends it and those inside it. Costs what was touched since.
  void roll_back_to(std::size_t index);
  /// Ends savepoint `index` and those inside it; their changes belong to the one around them.
  void release(std::size_t index);

  /// True if committing would change nothing.
  bool empty() const noexcept { return pages_.empty() && !space_->changed(); }

  /// While a structure is at work: frames that it uses or gives up stay until the next one begins.
  /// They nest. Early pages are written only inside.
  class Work {
   public:
    explicit Work(PrivatePages& pages) : pages_(pages) {
      if (pages_.at_work_++ > 0) return;
      ++pages_.work_;
      pages_.last_data_ = kNoPid;
      pages_.given_up_.clear();
    }
    ~Work() { --pages_.at_work_; }
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    PrivatePages& pages_;
  };

  /// How many pages are in frames.
  std::size_t size() const noexcept { return pages_.size(); }
  /// About how many a commit would publish, which leaves early pages where they are. O(size()).
  std::size_t pages_to_publish() const;

  /// Makes the pages ready for commit `seq` (rule C1): the sums of data pages go into their
  /// parents, the journal of the space map into map pages, `seq` into every header. Ends all
  /// savepoints; after it the pages do not change any more. If there are early pages, all others that
  /// can be are written too; the base is to be synced before the log says a word of this commit.
  /// CorruptionError if damaged pointers have torn the transaction's
  /// pages apart; it can then only be rolled back.
  void seal(Seq seq);

  /// Lets go of every page; the space map's journal is the caller's to undo.
  void forget() {
    pages_.clear();
    early_.clear();
    next_look_ = let_go_ = 0;
    sealed_.clear();
    given_up_.clear();
    former_.clear();
    pinned_.clear();
  }

  /// The pages in ascending order, once sealed; early ones are not among them.
  const std::vector<SealedPage>& sealed() const noexcept { return sealed_; }
  const PidSet& early() const noexcept { return early_; }

 private:
  void require_page(Pid pid, PageType type) const;
  void require_not_freed(Pid pid) const;
  void own_copy(Pid pid, PageBytes content, CollectionId owner, bool is_data);
  bool is_kept(Pid pid) const;
  void put_away(Pid pid);
  void keep_pinned();
  void store_sum(Pid pid, const Page& page);

  // private_pages_early.cc
  Page* find(Pid pid);
  Page& load_early(Pid pid, PageType type, CollectionId owner);
  void make_room();
  void look_sooner(std::size_t changed);
  void drop_clean_frames();
  bool is_in_use(Pid pid, const Page& page) const;
  bool may_be_early(Pid pid, const Page& page) const;
  std::vector<PagePool::EarlyPage> choose_early(const Readers& readers, std::size_t wanted);
  std::unordered_set<Pid> parents_to_keep(const std::vector<PagePool::EarlyPage>& chosen) const;
  void write_early(std::size_t wanted);

  PagePool* pool_;
  SpaceMap* space_;
  Seq base_;
  std::unordered_map<Pid, Page> pages_;
  FormerValues<Pid, std::optional<Page>> former_;  // of `pages_`
  PidSet pinned_;                                  // by pin(); some may be held no more
  std::vector<SealedPage> sealed_;
  // Former frames of pages that were freed or renewed. A structure may still hold one: damaged
  // pointers can make it free the very page that it works on.
  std::vector<FramePtr> given_up_;
  int at_work_ = 0;
  std::uint64_t work_ = 0;  // counts what structures do
  Pid last_data_ = kNoPid;  // the data page that the one at work has changed last

  EarlyWriting early_writing_;
  std::function<Readers()> look_for_readers_;
  std::optional<Readers> readers_;  // the last that were seen
  std::uint64_t allocated_ = 0;     // pages, so far
  PidSet early_;
  std::size_t next_look_ = 0;  // frames at which to look for early pages, if many had to stay
  std::size_t let_go_ = 0;     // pages that savepoints have let go of since the last look
};

}  // namespace quire::pager
