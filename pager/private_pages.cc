#include "pager/private_pages.h"

#include <quire/error.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "base/invariant.h"

namespace quire::pager {
namespace {

constexpr std::array<std::byte, kPageSize> kZeros{};

}  // namespace

void PrivatePages::require_page(Pid pid, PageType type) const {
  if (pid < kFirstMapPage || pid >= space_->page_count()) {
    throw CorruptionError(pid, "pointer to a page",
                          "2.." + std::to_string(space_->page_count() - 1), std::to_string(pid));
  }
  // Some uses do not look at what the page held, so no checksum would stop them.
  if (is_map_page(pid) && type != PageType::map) {
    throw CorruptionError(pid, "pointer to a page", "a page of a collection",
                          "a page of the space map");
  }
}

/// Of a page that is not private. Else it would be published twice in one commit: free, and in use.
void PrivatePages::require_not_freed(Pid pid) const {
  if (!space_->is_freed(pid)) return;
  throw CorruptionError(pid, "pointer to a page", "a page in use",
                        "one that this transaction has freed");
}

PageRef PrivatePages::read(Pid pid, PageType type, CollectionId owner) {
  require_page(pid, type);
  Page* own = find(pid);
  if (own == nullptr && early_.contains(pid)) own = &load_early(pid, type, owner);
  if (own == nullptr) {
    require_not_freed(pid);
    return ref_to(pool_->structure(pid, type, owner, base_), false);
  }
  const StructurePageHeader& header = own->frame->header();
  if (own->is_data || header.type != static_cast<std::uint8_t>(type) || header.owner != owner) {
    throw CorruptionError(
        pid, "page type and owner",
        std::to_string(static_cast<unsigned>(type)) + " of collection " + std::to_string(owner),
        "a page that this transaction uses for something else");
  }
  return ref_to(own->frame, true);
}

PageRef PrivatePages::read_data(Pid pid, Sum32 sum) {
  require_page(pid, PageType::data);
  const Page* own = find(pid);
  if (own == nullptr) {
    // Not kept: a long read of the transaction's own blob passes by once.
    if (early_.contains(pid)) return ref_to(pool_->load_early_data(pid, sum), true);
    require_not_freed(pid);
    return ref_to(pool_->data(pid, sum, base_), false);
  }
  if (!own->is_data) {
    throw CorruptionError(pid, "page type", "data", "a structure page of this transaction");
  }
  return ref_to(own->frame, true);
}

MutablePageBytes PrivatePages::modify(Pid pid, PageType type, CollectionId owner) {
  const PageRef current = read(pid, type, owner);
  if (!current.is_private() || early_.contains(pid) || is_kept(pid)) {
    own_copy(pid, current.bytes(), owner, false);
  }
  return MutablePageBytes(pages_.at(pid).frame->bytes);
}

MutablePageBytes PrivatePages::modify_data(Pid pid, Sum32 sum, SumPlace place, CollectionId owner) {
  const PageRef current = read_data(pid, sum);
  if (!current.is_private() || early_.contains(pid) || is_kept(pid)) {
    own_copy(pid, current.bytes(), owner, true);
  }
  last_data_ = pid;
  Page& page = pages_.at(pid);
  page.place = place;
  return MutablePageBytes(page.frame->bytes);
}

void PrivatePages::own_copy(Pid pid, PageBytes content, CollectionId owner, bool is_data) {
  make_room();
  // A frame of its own, so that whoever still shows the page's former content keeps it.
  FramePtr frame = pool_->new_private_frame();
  std::copy(content.begin(), content.end(), frame->bytes.begin());
  frame->verified = is_data ? Frame::Verified::data : Frame::Verified::structure;
  put_away(pid);
  pages_[pid] = Page{std::move(frame), owner, is_data, {}, work_};
  early_.erase(pid);
}

/// Whether the page of this transaction is in the frame that a savepoint would return to, which
/// may not be written.
bool PrivatePages::is_kept(Pid pid) const {
  if (former_.empty()) return false;
  const std::optional<Page>* former = former_.innermost(pid);
  if (former == nullptr) return true;
  return *former && (*former)->frame == pages_.at(pid).frame;
}

/// Before an entry of `pages_` or `early_` changes or goes.
void PrivatePages::put_away(Pid pid) {
  const auto own = pages_.find(pid);
  const bool is_early = early_.contains(pid);
  const bool taken = former_.keep(pid, [&]() -> std::optional<Page> {
    if (is_early) return Page{};
    if (own == pages_.end()) return std::nullopt;
    return own->second;
  });
  // Nobody has written to the frame of an early page since that was loaded.
  if (!taken && !is_early && own != pages_.end() && !own->second.is_data) {
    given_up_.push_back(own->second.frame);
  }
}

MutablePageBytes PrivatePages::renew(Pid pid, PageType type, CollectionId owner) {
  require_page(pid, type);
  require_not_freed(pid);
  own_copy(pid, kZeros, owner, false);
  const MutablePageBytes bytes(pages_.at(pid).frame->bytes);
  auto& header = *reinterpret_cast<StructurePageHeader*>(bytes.data());
  header.pid = pid;
  header.owner = owner;
  header.type = static_cast<std::uint8_t>(type);
  return bytes;
}

MutablePageBytes PrivatePages::renew_data(Pid pid, SumPlace place, CollectionId owner) {
  require_page(pid, PageType::data);
  require_not_freed(pid);
  own_copy(pid, kZeros, owner, true);
  last_data_ = pid;
  Page& page = pages_.at(pid);
  page.place = place;
  return MutablePageBytes(page.frame->bytes);
}

void PrivatePages::move_sum(Pid pid, SumPlace place) {
  const auto own = pages_.find(pid);
  if (own == pages_.end()) return;
  put_away(pid);
  own->second.place = place;
}

void PrivatePages::free(Pid pid, std::uint32_t count) {
  space_->free(pid, count);
  for (Pid freed = pid; freed < pid + count; ++freed) {
    if (!pages_.contains(freed) && !early_.contains(freed)) continue;
    put_away(freed);
    pages_.erase(freed);
    early_.erase(freed);
  }
}

PageRef PrivatePages::pin(Pid pid) {
  pinned_.insert(pid);
  return ref_to(pages_.at(pid).frame, true);
}

/// Whoever has pinned a page writes to its frame without a word: what the savepoint that was just
/// set returns to is a copy.
void PrivatePages::keep_pinned() {
  std::vector<Pid> free_again;
  pinned_.for_each([&](Pid pid) {
    const auto own = pages_.find(pid);
    if (own == pages_.end() || own->second.frame.use_count() == 1) {
      free_again.push_back(pid);
      return;
    }
    const Page& page = own->second;
    former_.keep(pid, [&] {
      Page copy = page;
      copy.frame = pool_->copy_of(*page.frame);
      return copy;
    });
    // As it is whenever a data page changes: the copy needs a parent that can take its sum.
    if (page.is_data) put_away(page.place.parent);
  });
  for (const Pid pid : free_again) pinned_.erase(pid);
}

void PrivatePages::set_savepoint() {
  space_->set_savepoint();
  former_.push();
  keep_pinned();
}

void PrivatePages::roll_back_to(std::size_t index) {
  look_sooner(former_.kept_since(index));
  former_.roll_back_to(index, [&](Pid pid, const std::optional<Page>& former) {
    if (former && !former->frame) {
      early_.insert(pid);
      pages_.erase(pid);
      return;
    }
    early_.erase(pid);
    if (former) {
      pages_.insert_or_assign(pid, *former);
    } else {
      pages_.erase(pid);
    }
  });
  given_up_.clear();  // no structure is at work
  space_->roll_back_to(index);
}

void PrivatePages::release(std::size_t index) {
  look_sooner(former_.kept_since(index));
  former_.release(index);
  space_->release(index);
}

void PrivatePages::store_sum(Pid pid, const Page& page) {
  const auto [parent_pid, offset] = page.place;
  const auto parent = pages_.find(parent_pid);
  // Structures keep the parent their own, but a free through a damaged pointer may have taken it
  // away.
  if (parent == pages_.end() || parent->second.is_data || parent->second.owner != page.owner) {
    throw CorruptionError(pid, "parent of a data page", "a page table that this transaction owns",
                          "page " + std::to_string(parent_pid) + ", freed or used otherwise");
  }
  invariant(offset >= kPageHeaderSize && offset <= kPageSize - sizeof(Le32),
            "a sum lies in the payload of its parent");
  page.frame->sum = pool_->data_sum(pid, page.frame->bytes);
  const Le32 sum = page.frame->sum;
  std::memcpy(parent->second.frame->bytes.data() + offset, &sum, sizeof sum);
}

void PrivatePages::seal(Seq seq) {
  former_.clear();
  // The log and the next checkpoint would write them once each, and the base is synced in any case.
  if (!early_.empty()) write_early(pages_.size());
  std::erase_if(pages_, [this](const auto& entry) { return early_.contains(entry.first); });
  for (auto& [pid, page] : pages_) {
    // Whoever still shows a page, as Blob::edit() does, may write to it for ever: a copy of it goes
    // out, because what is published never changes.
    if (page.frame.use_count() > 1) page.frame = pool_->copy_of(*page.frame);
  }
  for (const auto& [pid, page] : pages_) {
    if (page.is_data) store_sum(pid, page);
  }
  space_->seal([&](Pid pid, bool is_new) -> MapPage& {
    const MutablePageBytes bytes =
        is_new ? renew(pid, PageType::map, kEngineOwner) : modify(pid, PageType::map, kEngineOwner);
    return *reinterpret_cast<MapPage*>(bytes.data());
  });
  sealed_.clear();
  sealed_.reserve(pages_.size());
  for (auto& [pid, page] : pages_) {
    if (!page.is_data) page.frame->header().seq = seq;
    sealed_.push_back({pid, page.owner, page.frame});
  }
  std::sort(sealed_.begin(), sealed_.end(),
            [](const SealedPage& a, const SealedPage& b) { return a.pid < b.pid; });
}

}  // namespace quire::pager
