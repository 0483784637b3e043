#include <quire/error.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/invariant.h"
#include "base/zeros.h"
#include "structures/list_node.h"

namespace quire::structures {

ListNodeView::ListNodeView(Pid pid, pager::PageBytes bytes, unsigned height)
    : pid_(pid), bytes_(bytes) {
  if (header().height != height) corrupt("height", std::to_string(height), header().height);
}

void ListNodeView::corrupt(const char* field, const std::string& expected,
                           std::uint64_t found) const {
  throw CorruptionError(pid_, field, expected, std::to_string(found));
}

void copy_list_node(pager::PageBytes from, pager::MutablePageBytes to) noexcept {
  constexpr std::size_t kFirst = offsetof(ListNodeHeader, height);
  constexpr std::size_t kOwned = offsetof(ListNodeHeader, pages_owned);
  std::memcpy(to.data() + kFirst, from.data() + kFirst, kOwned - kFirst);
  std::memcpy(to.data() + kListHeaderSize, from.data() + kListHeaderSize,
              kPageSize - kListHeaderSize);
}

ListLeafView::ListLeafView(Pid pid, pager::PageBytes bytes) : ListNodeView(pid, bytes, 0) {
  const ListNodeHeader& page = header();
  if (page.heap_start > kPageSize) corrupt("heap_start", "at most 4096", page.heap_start);
  if (hole_start(page.count) > page.heap_start) {
    corrupt("count", "offsets that end before the heap", page.count);
  }
  if (page.dead_bytes > kPageSize - page.heap_start) {
    corrupt("dead_bytes", "at most the heap", page.dead_bytes);
  }
  if (page.items != page.count) corrupt("items", std::to_string(page.count), page.items);
}

std::size_t ListLeafView::offset(std::size_t index) const noexcept {
  Le16 offset;
  std::memcpy(&offset, bytes().data() + hole_start(index), sizeof offset);
  return offset;
}

ListRecord ListLeafView::record(std::size_t index) const {
  const std::size_t at = offset(index);
  if (at < header().heap_start || at >= kPageSize) corrupt("offset", "a place in the heap", at);
  const auto record = parse_list_record(ByteView(bytes().data() + at, kPageSize - at));
  if (!record) corrupt("record", "a record that ends in the page", at);
  return *record;
}

std::size_t ListLeafView::used() const noexcept {
  return kPageSize - header().heap_start - header().dead_bytes + count() * sizeof(Le16);
}

bool ListLeafView::has_room(std::size_t record_size) const noexcept {
  return used() + sizeof(Le16) + record_size <= kLeafUsable;
}

std::vector<std::string> ListLeafView::broken_laws() const {
  std::vector<std::string> broken;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  std::size_t live = 0;
  for (std::size_t i = 0; i < count(); ++i) {
    try {
      places.emplace_back(offset(i), record(i).bytes.size());
      live += places.back().second;
    } catch (const CorruptionError& error) {
      broken.emplace_back(error.finding());
    }
  }
  std::sort(places.begin(), places.end());
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i - 1].first + places[i - 1].second > places[i].first) {
      broken.push_back("records overlap at " + std::to_string(places[i].first));
    }
  }
  if (live + header().dead_bytes != kPageSize - header().heap_start) {
    broken.emplace_back("records and dead bytes do not fill the heap");
  }
  const auto hole = bytes().subspan(hole_start(count()), header().heap_start - hole_start(count()));
  if (!all_zero(hole)) {
    broken.emplace_back("the hole is not zero");
  }
  return broken;
}

ListLeaf ListLeaf::format(Pid pid, pager::MutablePageBytes bytes) {
  auto& page = *reinterpret_cast<ListNodeHeader*>(bytes.data());
  std::memset(bytes.data() + kListHeaderSize, 0, kLeafUsable);
  page.height = 0;
  page.count = page.dead_bytes = 0;
  page.heap_start = kPageSize;
  page.items = 0;
  return ListLeaf(pid, bytes);
}

void ListLeaf::set_count(std::size_t count) noexcept {
  header().count = static_cast<std::uint16_t>(count);
  header().items = count;
}

void ListLeaf::insert(std::size_t index, ByteView record) {
  invariant(has_room(record.size()), "a record is inserted where there is room");
  if (hole_start(count() + 1) + record.size() > header().heap_start) compact();
  if (hole_start(count() + 1) + record.size() > header().heap_start) {
    corrupt("dead_bytes", "what compaction frees", header().dead_bytes);
  }
  const Le16 at = static_cast<std::uint16_t>(header().heap_start - record.size());
  std::memcpy(bytes_.data() + at, record.data(), record.size());
  std::byte* const slot = bytes_.data() + hole_start(index);
  std::memmove(slot + sizeof at, slot, (count() - index) * sizeof at);
  std::memcpy(slot, &at, sizeof at);
  header().heap_start = at;
  set_count(count() + 1);
}

void ListLeaf::erase(std::size_t index) {
  const std::size_t at = offset(index), size = record(index).bytes.size();
  if (count() == 1) return wipe();
  if (at == header().heap_start) {
    std::memset(bytes_.data() + at, 0, size);
    header().heap_start = static_cast<std::uint16_t>(at + size);
  } else {
    header().dead_bytes = static_cast<std::uint16_t>(header().dead_bytes + size);
  }
  // Records that overlap would have their bytes counted twice.
  const std::size_t heap = kPageSize - header().heap_start;
  header().dead_bytes =
      static_cast<std::uint16_t>(std::min<std::size_t>(header().dead_bytes, heap));
  std::byte* const slot = bytes_.data() + hole_start(index);
  std::memmove(slot, slot + sizeof(Le16), (count() - index - 1) * sizeof(Le16));
  std::memset(bytes_.data() + hole_start(count() - 1), 0, sizeof(Le16));
  set_count(count() - 1);
}

void ListLeaf::replace(std::size_t index, ByteView record) {
  const ByteView old = ListLeafView::record(index).bytes;
  if (old.size() == record.size()) {
    std::memcpy(bytes_.data() + offset(index), record.data(), record.size());
    return;
  }
  erase(index);
  if (!has_room(record.size())) corrupt("dead_bytes", "what records leave", header().dead_bytes);
  insert(index, record);
}

void ListLeaf::assign(std::span<const ByteView> records) {
  wipe();
  std::size_t at = kPageSize;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const ByteView record = records[i];
    if (at - hole_start(records.size()) < record.size()) {
      throw CorruptionError(pid(), "records", "no more than fit the page", "records that overlap");
    }
    at -= record.size();
    std::memcpy(bytes_.data() + at, record.data(), record.size());
    const Le16 stored = static_cast<std::uint16_t>(at);
    std::memcpy(bytes_.data() + hole_start(i), &stored, sizeof stored);
  }
  header().heap_start = static_cast<std::uint16_t>(at);
  set_count(records.size());
}

/// Packs the records at the end of the page.
void ListLeaf::compact() {
  LeafRecords old;
  old.add(*this);
  assign(old.records());
}

void ListLeaf::wipe() noexcept {
  std::memset(bytes_.data() + kListHeaderSize, 0, kLeafUsable);
  set_count(0);
  header().dead_bytes = 0;
  header().heap_start = kPageSize;
}

void LeafRecords::add(const ListLeafView& leaf) {
  const auto& copy = copies_.emplace_back(std::make_unique<std::array<std::byte, kPageSize>>());
  std::copy(leaf.bytes().begin(), leaf.bytes().end(), copy->begin());
  const ListLeafView from(leaf.pid(), *copy);
  for (std::size_t i = 0; i < from.count(); ++i) records_.push_back(from.record(i).bytes);
}

}  // namespace quire::structures
