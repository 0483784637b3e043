#include <quire/error.h>

#include <algorithm>
#include <cstring>

#include "base/invariant.h"
#include "base/zeros.h"
#include "structures/list_node.h"

namespace quire::structures {

ListInnerView::ListInnerView(Pid pid, pager::PageBytes bytes, unsigned height)
    : ListNodeView(pid, bytes, height) {
  if (count() == 0 || count() > kListInnerEntries) corrupt("count", "1 to 252", count());
}

std::size_t ListInnerView::find(std::uint64_t& index) const {
  const std::uint64_t wanted = index;
  for (std::size_t slot = 0; slot < count(); ++slot) {
    if (index < entry(slot).items) return slot;
    index -= entry(slot).items;
  }
  corrupt("items", "more than " + std::to_string(wanted), wanted - index);
}

std::size_t ListInnerView::find_gap(std::uint64_t& index) const {
  const std::uint64_t wanted = index;
  for (std::size_t slot = 0; slot < count(); ++slot) {
    if (index <= entry(slot).items) return slot;
    index -= entry(slot).items;
  }
  corrupt("items", "at least " + std::to_string(wanted), wanted - index);
}

std::vector<std::string> ListInnerView::broken_laws() const {
  std::vector<std::string> broken;
  std::uint64_t sum = 0;
  for (const ListEntry& entry : entries()) sum += entry.items;
  if (sum != items()) broken.emplace_back("items is not the sum of what the entries say");
  if (std::any_of(entries().begin(), entries().end(),
                  [](const ListEntry& entry) { return entry.zero != 0; })) {
    broken.emplace_back("bytes of an entry that should be zero are not");
  }
  const auto rest = bytes().subspan(kListHeaderSize + count() * sizeof(ListEntry));
  if (!all_zero(rest)) {
    broken.emplace_back("bytes behind the last entry are not zero");
  }
  return broken;
}

ListInner ListInner::format(Pid pid, pager::MutablePageBytes bytes, unsigned height,
                            std::span<const ListEntry> entries) {
  auto& page = *reinterpret_cast<ListInnerPage*>(bytes.data());
  std::memset(bytes.data() + kListHeaderSize, 0, kPageSize - kListHeaderSize);
  std::copy(entries.begin(), entries.end(), page.entries.begin());
  page.node.height = static_cast<std::uint8_t>(height);
  page.node.heap_start = page.node.dead_bytes = 0;
  page.node.count = static_cast<std::uint16_t>(entries.size());
  page.node.items = 0;
  for (const ListEntry& entry : entries) page.node.items = page.node.items + entry.items;
  return ListInner(pid, bytes, height);
}

void ListInner::insert(std::size_t slot, const ListEntry& entry) {
  invariant(count() < kListInnerEntries, "a child is added where there is room");
  const auto last = page().entries.begin() + count();
  std::copy_backward(page().entries.begin() + slot, last, last + 1);
  page().entries[slot] = entry;
  page().node.count = static_cast<std::uint16_t>(count() + 1);
  page().node.items = items() + entry.items;
}

void ListInner::erase(std::size_t slot, std::size_t count) {
  const auto first = page().entries.begin() + slot, last = page().entries.begin() + this->count();
  for (auto it = first; it != first + count; ++it) page().node.items = items() - it->items;
  std::fill(std::copy(first + count, last, first), last, ListEntry{});
  page().node.count = static_cast<std::uint16_t>(this->count() - count);
}

void ListInner::set_items(std::size_t slot, std::uint64_t items) noexcept {
  page().node.items = this->items() - entry(slot).items + items;
  page().entries[slot].items = items;
}

void ListInner::assign(std::span<const ListEntry> entries) {
  format(pid(), bytes_, page().node.height, entries);
}

}  // namespace quire::structures
