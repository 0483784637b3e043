#include "wal/page_record.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <quire/error.h>

#include "base/sabotage.h"

namespace quire::wal {
namespace {

using Word = std::uint64_t;
constexpr std::size_t kWords = kPageSize / sizeof(Word);

/// Fewer zeros between two ranges are carried along: four bytes of ByteRange would save little and
/// cost the reader a copy more.
constexpr std::size_t kMinGapWords = 4;
constexpr std::size_t kMaxInitRanges = kWords / (kMinGapWords + 1) + 1;

std::size_t first_byte(std::uint8_t type) noexcept {
  return type == kDataPage ? 0 : kStructurePayloadOffset;
}

ByteRange range_at(ByteView ranges, std::size_t index) noexcept {
  ByteRange range;
  std::memcpy(&range, ranges.data() + index * sizeof(ByteRange), sizeof(range));
  return range;
}

/// The parts of a page that are not zero, whole words each.
struct NonZeroParts {
  std::array<ByteRange, kMaxInitRanges> ranges;
  std::size_t count = 0;
  std::size_t bytes = 0;

  std::span<const ByteRange> view() const noexcept { return {ranges.data(), count}; }
  void add(std::size_t begin_word, std::size_t end_word) noexcept {
    const std::size_t length = (end_word - begin_word) * sizeof(Word);
    ranges[count].offset = static_cast<std::uint16_t>(begin_word * sizeof(Word));
    ranges[count].length = static_cast<std::uint16_t>(length);
    ++count;
    bytes += length;
  }
};

NonZeroParts find_non_zero(PageBytes page, std::size_t first) noexcept {
  std::array<Word, kWords> words;
  std::memcpy(words.data(), page.data(), kPageSize);
  NonZeroParts parts;
  std::size_t at = first / sizeof(Word);
  const auto skip_zeros = [&] {
    while (at < kWords && words[at] == 0) ++at;
  };
  skip_zeros();
  while (at < kWords) {
    const std::size_t begin = at;
    std::size_t end = at;
    do {
      while (at < kWords && words[at] != 0) ++at;
      end = at;
      skip_zeros();
    } while (at < kWords && at - end < kMinGapWords);
    parts.add(begin, end);
  }
  return parts;
}

void append(std::vector<std::byte>& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_header(std::vector<std::byte>& out, PageRecordKind kind, const PageName& name,
                   std::size_t range_count, std::size_t length) {
  PageRecordHeader header{};
  header.pid = name.pid;
  header.kind = static_cast<std::uint8_t>(kind);
  header.page_type = name.type;
  header.range_count = static_cast<std::uint16_t>(range_count);
  header.owner = name.owner;
  header.length = static_cast<std::uint32_t>(length);
  append(out, {reinterpret_cast<const std::byte*>(&header), sizeof(header)});
}

void append_ranges(std::vector<std::byte>& out, PageRecordKind kind, const PageName& name,
                   std::span<const ByteRange> ranges, PageBytes page) {
  std::size_t length = ranges.size_bytes();
  for (const ByteRange& range : ranges) length += range.length;
  append_header(out, kind, name, ranges.size(), length);
  append(out, {reinterpret_cast<const std::byte*>(ranges.data()), ranges.size_bytes()});
  for (const ByteRange& range : ranges) append(out, {page.data() + range.offset, range.length});
  out.resize(round_up(out.size(), kChunkAlignment));
}

/// The name of the first rule that the ranges break, or nullptr.
const char* broken_rule(ByteView ranges, std::size_t first) noexcept {
  std::size_t end = first;
  for (std::size_t i = 0; i < ranges.size() / sizeof(ByteRange); ++i) {
    const ByteRange range = range_at(ranges, i);
    if (range.length == 0) return "not empty";
    if (range.offset < end) return "sorted, apart, behind the page header";
    end = std::size_t{range.offset} + range.length;
    if (end > kPageSize && !is_sabotaged(Sabotage::range_within_a_page)) return "within the page";
  }
  return nullptr;
}

[[noreturn]] void corrupt(const std::string& where, const PageRecordHeader& header,
                          const char* field, std::string expected, std::string found) {
  throw CorruptionError(where, "page record of page " + std::to_string(header.pid) + ", " + field,
                        std::move(expected), std::move(found));
}

void decode_image(PageRecord& record, const PageRecordHeader& header, ByteView payload,
                  const std::string& where) {
  const std::size_t whole = kPageSize - first_byte(header.page_type);
  if (header.length != whole)
    corrupt(where, header, "length", std::to_string(whole), std::to_string(header.length));
  if (header.range_count != 0)
    corrupt(where, header, "range count", "0", std::to_string(header.range_count));
  record.content = payload;
}

void decode_ranges(PageRecord& record, const PageRecordHeader& header, ByteView payload,
                   const std::string& where) {
  const std::size_t table = header.range_count * sizeof(ByteRange);
  if (table > payload.size())
    corrupt(where, header, "range count",
            "ranges within " + std::to_string(payload.size()) + " bytes",
            std::to_string(header.range_count));
  record.ranges = payload.sub(0, table);
  record.content = payload.sub(table);
  if (const char* rule = broken_rule(record.ranges, first_byte(header.page_type)))
    corrupt(where, header, "ranges", rule, "others");
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < header.range_count; ++i) bytes += range_at(record.ranges, i).length;
  if (bytes != record.content.size())
    corrupt(where, header, "length", std::to_string(table + bytes), std::to_string(header.length));
}

void decode_bulk(PageRecord& record, const PageRecordHeader& header, const std::string& where) {
  if (header.length == 0) corrupt(where, header, "pages of the run", "at least 1", "0");
  if (header.range_count != 0)
    corrupt(where, header, "range count", "0", std::to_string(header.range_count));
  record.pages = header.length;
}

}  // namespace

void append_page(std::vector<std::byte>& out, const PageName& name, PageBytes page) {
  const std::size_t first = first_byte(name.type);
  const NonZeroParts parts = find_non_zero(page, first);
  if (parts.bytes + parts.count * sizeof(ByteRange) < kPageSize - first)
    return append_ranges(out, PageRecordKind::init, name, parts.view(), page);
  append_header(out, PageRecordKind::image, name, 0, kPageSize - first);
  append(out, page.subspan(first));
}

void append_delta(std::vector<std::byte>& out, const PageName& name,
                  std::span<const ByteRange> ranges, PageBytes page) {
  const ByteView table(reinterpret_cast<const std::byte*>(ranges.data()), ranges.size_bytes());
  if (const char* rule = broken_rule(table, first_byte(name.type)))
    throw InvalidArgument(std::string("ranges of a delta must be ") + rule);
  append_ranges(out, PageRecordKind::delta, name, ranges, page);
}

void append_bulk(std::vector<std::byte>& out, Pid first, std::uint32_t pages, CollectionId owner) {
  append_header(out, PageRecordKind::bulk, {first, kDataPage, owner}, 0, pages);
}

PageRecord decode_page_record(ByteView bytes, const std::string& where) {
  PageRecordHeader header;
  if (bytes.size() < sizeof(header))
    throw CorruptionError(where, "page record", std::to_string(sizeof(header)) + " bytes or more",
                          std::to_string(bytes.size()));
  std::memcpy(&header, bytes.data(), sizeof(header));
  PageRecord record;
  record.kind = static_cast<PageRecordKind>(header.kind);
  record.name = {header.pid, header.page_type, header.owner};
  const std::size_t length = record.kind == PageRecordKind::bulk ? 0 : header.length.get();
  if (length > bytes.size() - sizeof(header))
    corrupt(where, header, "length",
            "at most the " + std::to_string(bytes.size() - sizeof(header)) + " bytes that follow",
            std::to_string(length));
  record.size = round_up(sizeof(header) + length, kChunkAlignment);
  if (record.size > bytes.size())
    corrupt(where, header, "padding", "up to a multiple of 8", "the end of the body");
  const ByteView payload = bytes.sub(sizeof(header), length);
  switch (record.kind) {
    case PageRecordKind::image:
      decode_image(record, header, payload, where);
      return record;
    case PageRecordKind::init:
    case PageRecordKind::delta:
      decode_ranges(record, header, payload, where);
      return record;
    case PageRecordKind::bulk:
      decode_bulk(record, header, where);
      return record;
  }
  corrupt(where, header, "kind", "1 to 4", std::to_string(header.kind));
}

void apply_record(const PageRecord& record, MutablePageBytes page) {
  if (record.kind == PageRecordKind::bulk) throw InvalidArgument("a bulk record has no content");
  const std::size_t first = first_byte(record.name.type);
  if (record.kind == PageRecordKind::image) {
    std::memset(page.data(), 0, first);
    std::memcpy(page.data() + first, record.content.data(), kPageSize - first);
    return;
  }
  if (record.kind == PageRecordKind::init) std::memset(page.data(), 0, kPageSize);
  ByteView rest = record.content;
  for (std::size_t i = 0; i < record.ranges.size() / sizeof(ByteRange); ++i) {
    const ByteRange range = range_at(record.ranges, i);
    std::memcpy(page.data() + range.offset, rest.data(), range.length);
    rest = rest.sub(range.length);
  }
}

}  // namespace quire::wal
