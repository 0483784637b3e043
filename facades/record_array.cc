#include <quire/record_array.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <quire/error.h>

#include "facades/failure.h"
#include "facades/format_bytes.h"
#include "facades/record_check.h"
#include "facades/record_format.h"
#include "facades/stored_records.h"

// New arrays lie behind all others. Only when the blob ends there is a gap looked for: addresses
// are plenty, and erased pages take no room.

namespace quire {

using facades::fail;
using facades::kMaxRecordPages;
using facades::kRecordPage;
using facades::PageRange;
using facades::RecordArrayEntry;
using facades::shown_key;
using facades::StoredRecords;

struct RecordArrayStoreView::Parts {
  Parts(const ReadScope& whole, const RecordLayout& wanted)
      : scope(whole),
        stored(facades::open_records(whole, wanted)),
        index(whole.child<Hash>("index")),
        data(whole.child<Blob>("data")) {}

  /// A value of the index, checked against what a blob can be.
  RecordArrayEntry entry_in(ByteView value) const {
    if (value.size() != sizeof(RecordArrayEntry)) {
      fail(scope, CorruptionError("index", "size of a value", "16", std::to_string(value.size())));
    }
    const auto entry = facades::read_format<RecordArrayEntry>(value.data());
    const std::uint64_t pages = pages_of(entry.count);
    if (entry.first_page > kMaxRecordPages || pages > kMaxRecordPages - entry.first_page) {
      fail(scope, CorruptionError(
                      "index", "first_page and count", "within a blob",
                      std::to_string(entry.first_page) + " and " + std::to_string(entry.count)));
    }
    return entry;
  }
  std::optional<RecordArrayEntry> find(ByteView key) const {
    const std::optional<Value> value = index.get(key);
    if (!value) return std::nullopt;
    return entry_in(*value);
  }
  RecordArrayEntry require(ByteView key) const {
    if (const auto entry = find(key)) return *entry;
    fail(scope, NotFound("there is no array " + shown_key(key) + "; make it with create()"));
  }
  RecordSequence records_of(ByteView key, const RecordArrayEntry& entry) const {
    return RecordSequence(scope, data,
                          {entry.first_page, entry.count, 0, entry.count, stored.layout.stride(),
                           stored.layout.alignment},
                          "array " + shown_key(key));
  }
  RecordSequence records_of(ByteView key) const { return records_of(key, require(key)); }

  std::uint64_t pages_of(std::uint64_t count) const noexcept {
    return facades::record_pages(stored.layout, count);
  }
  PageRange range_of(const RecordArrayEntry& entry) const noexcept {
    return {entry.first_page, pages_of(entry.count)};
  }
  std::vector<PageRange> ranges() const {
    std::vector<PageRange> ranges;
    for (const auto [key, value] : index) ranges.push_back(range_of(entry_in(value)));
    return ranges;
  }
  /// Before a change of bytes that stored numbers lead to.
  void require_data(std::uint64_t offset, std::uint64_t count) const {
    facades::require_records(scope, data, offset, count);
  }
  std::uint64_t page_count() const {
    const std::uint64_t size = data.size();
    if (size % kRecordPage != 0) {
      fail(scope, CorruptionError("data", "size", "whole pages", std::to_string(size)));
    }
    return size / kRecordPage;
  }
  std::uint64_t find_room(std::uint64_t pages) const;

  ReadScope scope;
  StoredRecords stored;
  HashView index;
  BlobView data;
};

/// The first of so many pages that no array has; 0 for none.
std::uint64_t RecordArrayStoreView::Parts::find_room(std::uint64_t pages) const {
  if (pages == 0) return 0;
  const std::uint64_t end = page_count();
  if (pages <= kMaxRecordPages - end) return end;
  std::vector<PageRange> taken = ranges();
  std::sort(taken.begin(), taken.end(),
            [](const PageRange& a, const PageRange& b) { return a.first < b.first; });
  taken.push_back({kMaxRecordPages, 0});
  std::uint64_t gap = 0;
  for (const PageRange& range : taken) {
    if (range.first >= gap && range.first - gap >= pages) return gap;
    gap = std::max(gap, range.first + range.count);
  }
  fail(scope,
       OutOfSpace("there is no room for an array of " + std::to_string(pages) +
                  " pages; all arrays together can have " + std::to_string(kMaxRecordPages)));
}

// ---- reading

RecordArrayStoreView::RecordArrayStoreView(const ReadScope& scope, const RecordLayout& layout)
    : parts_(std::make_shared<const Parts>(scope, layout)) {}

std::string_view RecordArrayStoreView::name() const noexcept {
  return parts_ ? parts_->scope.name() : std::string_view();
}
const RecordLayout& RecordArrayStoreView::layout() const { return parts_->stored.layout; }
const std::string& RecordArrayStoreView::tag() const { return parts_->stored.tag; }
std::uint64_t RecordArrayStoreView::size() const { return parts_->index.size(); }
bool RecordArrayStoreView::contains(ByteView key) const { return parts_->index.contains(key); }

std::vector<std::string> RecordArrayStoreView::keys() const {
  std::vector<std::string> keys;
  for (const auto [key, value] : parts_->index) keys.push_back(key.str());
  return keys;
}

RecordSequence RecordArrayStoreView::view(ByteView key) const { return parts_->records_of(key); }

// ---- changing

struct RecordArrayStore::Changes {
  explicit Changes(WriteScope& scope)
      : index(scope.child<Hash>("index")), data(scope.child<Blob>("data")) {}

  /// Makes the data so long, if it is shorter.
  void reach(std::uint64_t pages) {
    if (pages * kRecordPage > data.size()) data.resize(pages * kRecordPage);
  }
  /// Pages of the data, which has `page_count`, become holes, or are cut off its end.
  void give_back(const PageRange& range, std::uint64_t page_count) {
    if (range.first + range.count == page_count) {
      data.resize(range.first * kRecordPage);
    } else {
      data.punch(range.first * kRecordPage, range.count * kRecordPage);
    }
  }
  /// Pages of zeros stay holes.
  void copy(const PageRange& from, std::uint64_t to) {
    std::array<std::byte, kRecordPage> page;
    for (std::uint64_t i = 0; i < from.count; ++i) {
      data.read((from.first + i) * kRecordPage, page);
      const bool is_empty =
          std::ranges::all_of(page, [](std::byte b) { return b == std::byte{0}; });
      if (!is_empty) data.write((to + i) * kRecordPage, page);
    }
  }
  void shrink(const StoredRecords& stored, const PageRange& range, std::uint64_t count,
              std::uint64_t page_count);
  std::uint64_t grow(const Parts& parts, const PageRange& range, std::uint64_t pages);
  void fill(const RecordSequence& array, std::uint64_t next, ByteView record);

  Hash index;
  Blob data;
};

namespace {

/// Makes what a new collection consists of.
WriteScope& prepared(WriteScope& scope, const RecordStoreOptions& options) {
  facades::prepare_records(scope, {options.layout, options.tag, 0});
  if (scope.created()) {
    scope.child<Hash>("index");
    scope.child<Blob>("data");
  }
  return scope;
}

}  // namespace

RecordArrayStore::RecordArrayStore(WriteScope& scope, const RecordStoreOptions& options)
    : RecordArrayStoreView(prepared(scope, options), options.layout),
      changes_(std::make_shared<Changes>(scope)) {}

void RecordArrayStore::create(ByteView key, std::uint64_t count) {
  if (contains(key)) {
    fail(parts_->scope, KeyExists("there is an array " + shown_key(key) +
                                  " already; erase it first to make another"));
  }
  const std::uint64_t pages = parts_->pages_of(count);
  const std::uint64_t first = parts_->find_room(pages);
  changes_->reach(first + pages);
  changes_->index.put(key, facades::format_bytes(RecordArrayEntry{first, count}));
}

MutableBytes RecordArrayStore::edit(ByteView key, std::uint64_t index) {
  const std::uint64_t offset = parts_->records_of(key).offset_of(index);
  parts_->require_data(offset, layout().stride());
  return changes_->data.edit(offset, layout().size);
}

void RecordArrayStore::write(ByteView key, std::uint64_t index, ByteView records) {
  const std::uint32_t stride = layout().stride();
  if (records.size() % stride != 0) {
    fail(parts_->scope,
         InvalidArgument(std::to_string(records.size()) + " bytes are no whole records of " +
                         std::to_string(stride) + " bytes"));
  }
  const RecordSequence array = parts_->records_of(key);
  const std::uint64_t count = records.size() / stride;
  if (index > array.size() || count > array.size() - index) {
    facades::fail_out_of_range(parts_->scope, "there are no " + std::to_string(count) +
                                                  " records from " + std::to_string(index) +
                                                  " on in array " + shown_key(key) + ": it has " +
                                                  std::to_string(array.size()));
  }
  if (count == 0) return;
  parts_->require_data(array.offset_of(index + count - 1), stride);
  for (ByteView rest = records; !rest.empty();) {
    const std::uint64_t in_page = layout().per_page() - index % layout().per_page();
    const ByteView part = rest.sub(0, in_page * stride);
    changes_->data.write(array.offset_of(index), part);
    rest = rest.sub(part.size());
    index += in_page;
  }
}

/// The records from `count` on go. What is behind the last one in its page is always zero, so that an
/// array that grows has zeros there.
void RecordArrayStore::Changes::shrink(const StoredRecords& stored, const PageRange& range,
                                       std::uint64_t count, std::uint64_t page_count) {
  const std::uint64_t kept = facades::record_pages(stored.layout, count);
  const std::uint64_t begin =
      range.first * kRecordPage + facades::record_offset(stored.layout, count);
  data.punch(begin, (range.first + kept) * kRecordPage - begin);
  give_back({range.first + kept, range.count - kept}, page_count);
}

/// Where the array begins that has `pages` now.
std::uint64_t RecordArrayStore::Changes::grow(const Parts& parts, const PageRange& range,
                                              std::uint64_t pages) {
  const std::uint64_t page_count = parts.page_count();
  const bool is_last = range.count > 0 && range.first + range.count == page_count;
  if (is_last && pages <= kMaxRecordPages - range.first) {
    reach(range.first + pages);
    return range.first;
  }
  const std::uint64_t first = parts.find_room(pages);
  reach(first + pages);
  const std::uint64_t new_page_count = std::max(page_count, first + pages);
  try {
    copy(range, first);
  } catch (...) {
    give_back({first, pages}, new_page_count);  // half a copy belongs to no array
    throw;
  }
  give_back(range, new_page_count);
  return first;
}

void RecordArrayStore::Changes::fill(const RecordSequence& array, std::uint64_t next,
                                     ByteView record) {
  const std::uint64_t per_page = kRecordPage / array.stride();
  std::string page;
  for (std::uint64_t i = 0; i < per_page; ++i) {
    page += record.text();
    page.resize((i + 1) * array.stride());
  }
  while (next < array.size()) {
    const std::uint64_t count = std::min(per_page - next % per_page, array.size() - next);
    data.write(array.offset_of(next), ByteView(page).sub(0, count * array.stride()));
    next += count;
  }
}

void RecordArrayStore::resize(ByteView key, std::uint64_t count, ByteView record) {
  if (!record.empty()) facades::require_record_size(parts_->scope, layout(), record);
  const std::string own_record = record.str();  // it may lie in what moves
  const RecordArrayEntry old = parts_->require(key);
  const PageRange range = parts_->range_of(old);
  const std::uint64_t pages = parts_->pages_of(count);
  parts_->require_data(range.first * kRecordPage, range.count * kRecordPage);
  RecordArrayEntry resized{pages == 0 ? 0 : range.first, count};
  if (count < old.count) {
    changes_->shrink(parts_->stored, range, count, parts_->page_count());
  } else if (pages > range.count) {
    resized.first_page = changes_->grow(*parts_, range, pages);
  }
  changes_->index.put(key, facades::format_bytes(resized));
  if (record.empty()) return;
  changes_->fill(parts_->records_of(key, resized), old.count, own_record);
}

bool RecordArrayStore::erase(ByteView key) {
  const auto entry = parts_->find(key);
  if (!entry) return false;
  const std::uint64_t page_count = parts_->page_count();
  changes_->index.erase(key);
  changes_->give_back(parts_->range_of(*entry), page_count);
  return true;
}

void RecordArrayStore::clear() {
  changes_->index.clear();
  changes_->data.resize(0);
}

// ---- the laws

void RecordArrayStore::check(const RecordArrayStoreView& arrays, CheckSink& sink) {
  const Parts& parts = *arrays.parts_;
  facades::check_disjoint(parts.ranges(), parts.page_count(), sink);
}

}  // namespace quire
