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

PageRef PrivatePages::read(Pid pid, PageType type, CollectionId owner) {
  require_page(pid, type);
  const auto own = pages_.find(pid);
  if (own == pages_.end()) return ref_to(pool_->structure(pid, type, owner, base_), false);
  const StructurePageHeader& header = own->second.frame->header();
  if (own->second.is_data || header.type != static_cast<std::uint8_t>(type) ||
      header.owner != owner) {
    throw CorruptionError(
        pid, "page type and owner",
        std::to_string(static_cast<unsigned>(type)) + " of collection " + std::to_string(owner),
        "a page that this transaction uses for something else");
  }
  return ref_to(own->second.frame, true);
}

PageRef PrivatePages::read_data(Pid pid, Sum32 sum) {
  require_page(pid, PageType::data);
  const auto own = pages_.find(pid);
  if (own == pages_.end()) return ref_to(pool_->data(pid, sum, base_), false);
  if (!own->second.is_data) {
    throw CorruptionError(pid, "page type", "data", "a structure page of this transaction");
  }
  return ref_to(own->second.frame, true);
}

MutablePageBytes PrivatePages::modify(Pid pid, PageType type, CollectionId owner) {
  const PageRef current = read(pid, type, owner);
  if (!current.is_private()) own_copy(pid, current.bytes(), owner, false);
  return MutablePageBytes(pages_.at(pid).frame->bytes);
}

MutablePageBytes PrivatePages::modify_data(Pid pid, Sum32 sum, SumPlace place, CollectionId owner) {
  const PageRef current = read_data(pid, sum);
  if (!current.is_private()) own_copy(pid, current.bytes(), owner, true);
  Page& page = pages_.at(pid);
  page.place = place;
  return MutablePageBytes(page.frame->bytes);
}

void PrivatePages::own_copy(Pid pid, PageBytes content, CollectionId owner, bool is_data) {
  // A frame of its own, so that whoever still shows the page's former content keeps it.
  auto frame = std::make_shared<Frame>();
  std::copy(content.begin(), content.end(), frame->bytes.begin());
  frame->verified = is_data ? Frame::Verified::data : Frame::Verified::structure;
  Page& page = pages_[pid];
  if (page.frame && !page.is_data) given_up_.push_back(page.frame);
  page = Page{std::move(frame), owner, is_data, {}};
}

MutablePageBytes PrivatePages::renew(Pid pid, PageType type, CollectionId owner) {
  require_page(pid, type);
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
  own_copy(pid, kZeros, owner, true);
  Page& page = pages_.at(pid);
  page.place = place;
  return MutablePageBytes(page.frame->bytes);
}

void PrivatePages::move_sum(Pid pid, SumPlace place) {
  const auto own = pages_.find(pid);
  if (own != pages_.end()) own->second.place = place;
}

void PrivatePages::free(Pid pid, std::uint32_t count) {
  space_->free(pid, count);
  for (Pid freed = pid; freed < pid + count; ++freed) {
    const auto own = pages_.find(freed);
    if (own == pages_.end()) continue;
    if (!own->second.is_data) given_up_.push_back(std::move(own->second.frame));
    pages_.erase(own);
  }
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
