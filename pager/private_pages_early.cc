// The part of PrivatePages that writes early pages (rule S2), and the reasons why it may.
//
//     fresh      in the commit that the transaction builds on the page is free, and that commit is
//                durable: no recovery comes back to one in which the page is in use. What earlier
//                records of the log say of it may be replayed over it, but only if this transaction
//                does not commit; if it does, its BULK record is the last word (L5).
//     vacant     no registered snapshot sees an older life of the page, and no checkpoint under way
//                will write it: either would keep its chain (version_map.h, 8).
//     unpinned   nobody but this transaction shows the frame: Blob::edit() writes to it later.
//     no former  rule 3 of private_pages.h.
//
// A crash at any line leaves bytes in free pages. So does a rollback; whoever gets such a page next
// writes it whole before it is read.

#include <algorithm>

#include "pager/private_pages.h"

namespace quire::pager {
namespace {

// The second budget may be full of what others hold: as many pages are worth a write then.
constexpr std::size_t kWorthAWrite = 16;
// A quarter of the least second budget. A smaller transaction uses any free page, so that the file
// does not grow because of a long snapshot.
constexpr std::uint64_t kTakenAsTheyCome = 4096;

}  // namespace

/// The page in its frame, marked as used; nullptr if it is in none.
PrivatePages::Page* PrivatePages::find(Pid pid) {
  const auto own = pages_.find(pid);
  if (own == pages_.end()) return nullptr;
  own->second.used = work_;
  return &own->second;
}

/// Brings an early structure page back, as it is in the base.
PrivatePages::Page& PrivatePages::load_early(Pid pid, PageType type, CollectionId owner) {
  make_room();
  Page page{pool_->load_early(pid, type, owner, base_ + 1), owner, false, {}, work_};
  return pages_.insert_or_assign(pid, std::move(page)).first->second;
}

/// Pages that a snapshot still reads as what they were before they were freed stay in their frames
/// until the commit, so a transaction that has taken many passes such pages over. What it is told of
/// the readers may be old: some pages are passed over needlessly then.
Pid PrivatePages::allocate(std::uint32_t count, PageState state) {
  allocated_ += count;
  if (!early_writing_ || allocated_ <= kTakenAsTheyCome) return space_->allocate(count, state);
  if (!readers_) readers_ = look_for_readers_();
  return space_->allocate(count, state,
                          [this](Pid pid) { return pool_->versions().is_vacant(pid, *readers_); });
}

/// Before a frame is added. Half of the frames go at a time, so that the cost of looking through all
/// of them is spread over many, and pages are written in long runs. If many have to stay, the next
/// look waits until there are a quarter more.
void PrivatePages::make_room() {
  if (!early_writing_) return;
  const std::size_t fair = pool_->fair_private_frames();
  const bool is_short = pool_->is_second_budget_full() && pages_.size() >= kWorthAWrite;
  if (pages_.size() < std::max(fair, next_look_) && !is_short) return;
  drop_clean_frames();
  const std::size_t keep = std::min(fair, is_short ? pages_.size() : SIZE_MAX) / 2;
  if (at_work_ > 0 && pages_.size() > keep) write_early(pages_.size() - keep);
  const std::size_t left = pages_.size();
  next_look_ = left + std::max(fair / 2, left / 4);
  let_go_ = 0;
}

/// A savepoint that ends lets go of the pages that have changed since: they may be early again, or
/// there are fewer. Not worth a look at all of them before these are many.
void PrivatePages::look_sooner(std::size_t changed) {
  let_go_ += changed;
  if (let_go_ >= pages_.size() / 4) next_look_ = 0;
}

/// Lets go of frames that say what the base does. A structure at work has read them at most: whoever
/// still looks at one holds it.
void PrivatePages::drop_clean_frames() {
  std::erase_if(pages_, [this](const auto& entry) {
    return early_.contains(entry.first) && entry.second.frame.use_count() == 1;
  });
}

/// Whether a structure at work may hold a span of its bytes.
bool PrivatePages::is_in_use(Pid pid, const Page& page) const {
  if (at_work_ == 0) return false;
  return page.is_data ? pid == last_data_ : page.used == work_;
}

/// But for what depends on who reads and on the other pages.
bool PrivatePages::may_be_early(Pid pid, const Page& page) const {
  const auto is_early = [](const std::optional<Page>& former) { return former && !former->frame; };
  const auto is_frame = [](const std::optional<Page>& former) { return former && former->frame; };
  if (page.frame.use_count() > 1 || is_in_use(pid, page) || early_.contains(pid) ||
      !space_->is_fresh(pid) || former_.any(pid, is_early)) {
    return false;
  }
  if (!page.is_data) return true;
  // The parent takes the sum; the frame that a savepoint keeps of it would lack that.
  const auto parent = pages_.find(page.place.parent);
  return parent != pages_.end() && !parent->second.is_data && parent->second.owner == page.owner &&
         !early_.contains(parent->first) && !former_.any(parent->first, is_frame);
}

std::size_t PrivatePages::pages_to_publish() const {
  if (early_.empty()) return pages_.size();
  return static_cast<std::size_t>(
      std::count_if(pages_.begin(), pages_.end(), [this](const auto& entry) {
        return !early_.contains(entry.first) && !may_be_early(entry.first, entry.second);
      }));
}

/// The parents of data pages that stay.
std::unordered_set<Pid> PrivatePages::parents_to_keep(
    const std::vector<PagePool::EarlyPage>& chosen) const {
  std::unordered_set<Pid> leaving;
  for (const auto& [pid, frame] : chosen) leaving.insert(pid);
  std::unordered_set<Pid> parents;
  for (const auto& [pid, page] : pages_) {
    if (page.is_data && !leaving.contains(pid)) parents.insert(page.place.parent);
  }
  return parents;
}

/// About `wanted` pages, ascending: data pages first, because what lies above them is needed more
/// often; of each sort those used longest ago.
std::vector<PagePool::EarlyPage> PrivatePages::choose_early(const Readers& readers,
                                                            std::size_t wanted) {
  struct Candidate {
    std::uint64_t used;
    Pid pid;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<PagePool::EarlyPage> chosen;
  const auto choose = [&](bool is_data, const std::unordered_set<Pid>& stay) {
    std::vector<Candidate> candidates;
    for (const auto& [pid, page] : pages_) {
      if (page.is_data != is_data || stay.contains(pid) || !may_be_early(pid, page)) continue;
      if (pool_->versions().is_vacant(pid, readers)) candidates.push_back({page.used, pid});
    }
    const std::size_t count = std::min(candidates.size(), wanted - chosen.size());
    std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(count),
                      candidates.end());
    for (std::size_t i = 0; i < count; ++i) {
      chosen.push_back({candidates[i].pid, pages_.at(candidates[i].pid).frame});
    }
  };
  choose(true, {});
  if (chosen.size() < wanted) choose(false, parents_to_keep(chosen));
  std::sort(chosen.begin(), chosen.end(),
            [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return chosen;
}

void PrivatePages::write_early(std::size_t wanted) {
  const auto may_be = [this](const auto& entry) { return may_be_early(entry.first, entry.second); };
  if (std::none_of(pages_.begin(), pages_.end(), may_be)) return;
  early_writing_(page_count(), [&](const Readers& readers) {
    readers_ = readers;
    const std::vector<PagePool::EarlyPage> chosen = choose_early(readers, wanted);
    for (const auto& [pid, frame] : chosen) {
      if (const Page& page = pages_.at(pid); page.is_data) store_sum(pid, page);
    }
    pool_->write_early(chosen, base_ + 1);
    // Should this stop half-way, a page is still in its frame too, which says the same.
    for (const auto& [pid, frame] : chosen) {
      early_.insert(pid);
      pages_.erase(pid);
    }
  });
}

}  // namespace quire::pager
