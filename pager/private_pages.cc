#include "pager/private_pages.h"

#include <quire/error.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "base/invariant.h"

namespace quire::pager {

void PrivatePages::require_pid(Pid pid) const {
  if (pid < kFirstMapPage || pid >= space_->page_count()) {
    throw CorruptionError(pid, "pointer to a page",
                          "2.." + std::to_string(space_->page_count() - 1), std::to_string(pid));
  }
}

PageRef PrivatePages::read(Pid pid, PageType type, CollectionId owner) {
  require_pid(pid);
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
  require_pid(pid);
  const auto own = pages_.find(pid);
  if (own == pages_.end()) return ref_to(pool_->data(pid, sum, base_), false);
  if (!own->second.is_data) {
    throw CorruptionError(pid, "page type", "data", "a structure page of this transaction");
  }
  return ref_to(own->second.frame, true);
}

MutablePageBytes PrivatePages::modify(Pid pid, PageType type, CollectionId owner) {
  const PageRef current = read(pid, type, owner);
  Page& page = pages_[pid];
  if (!page.frame) {
    page.frame = std::make_shared<Frame>();
    std::memcpy(page.frame->bytes.data(), current.bytes().data(), kPageSize);
    page.frame->verified = Frame::Verified::structure;
    page.owner = owner;
  }
  return MutablePageBytes(page.frame->bytes);
}

MutablePageBytes PrivatePages::modify_data(Pid pid, Sum32 sum, SumPlace place, CollectionId owner) {
  const PageRef current = read_data(pid, sum);
  Page& page = pages_[pid];
  if (!page.frame) {
    page.frame = std::make_shared<Frame>();
    std::memcpy(page.frame->bytes.data(), current.bytes().data(), kPageSize);
    page.frame->verified = Frame::Verified::data;
    page.is_data = true;
    page.owner = owner;
  }
  page.place = place;
  return MutablePageBytes(page.frame->bytes);
}

MutablePageBytes PrivatePages::zeros(Pid pid, Page page) {
  require_pid(pid);
  // A frame of its own, so that a reader of the page's former content in this transaction keeps it.
  page.frame = std::make_shared<Frame>();
  page.frame->bytes.fill(std::byte{0});
  page.frame->verified = page.is_data ? Frame::Verified::data : Frame::Verified::structure;
  Page& stored = pages_[pid];
  stored = std::move(page);
  return MutablePageBytes(stored.frame->bytes);
}

MutablePageBytes PrivatePages::renew(Pid pid, PageType type, CollectionId owner) {
  const MutablePageBytes bytes = zeros(pid, Page{nullptr, owner, false, {}});
  auto& header = *reinterpret_cast<StructurePageHeader*>(bytes.data());
  header.pid = pid;
  header.owner = owner;
  header.type = static_cast<std::uint8_t>(type);
  return bytes;
}

MutablePageBytes PrivatePages::renew_data(Pid pid, SumPlace place, CollectionId owner) {
  return zeros(pid, Page{nullptr, owner, true, place});
}

void PrivatePages::move_sum(Pid pid, SumPlace place) {
  const auto own = pages_.find(pid);
  if (own != pages_.end()) own->second.place = place;
}

void PrivatePages::free(Pid pid, std::uint32_t count) {
  space_->free(pid, count);
  for (Pid freed = pid; freed < pid + count; ++freed) pages_.erase(freed);
}

void PrivatePages::seal(Seq seq) {
  for (auto& [pid, page] : pages_) {
    if (!page.is_data) continue;
    const auto parent = pages_.find(page.place.parent);
    invariant(parent != pages_.end() && !parent->second.is_data,
              "the parent of a changed data page belongs to the same transaction");
    page.frame->sum = pool_->data_sum(pid, page.frame->bytes);
    const Le32 sum = page.frame->sum;
    std::memcpy(parent->second.frame->bytes.data() + page.place.offset, &sum, sizeof sum);
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
