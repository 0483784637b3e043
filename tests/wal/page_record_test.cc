#include "wal/page_record.h"

#include <gtest/gtest.h>

#include <quire/error.h>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

Page round_trip(const PageName& name, const Page& page, PageRecordKind kind) {
  Bytes bytes;
  append_page(bytes, name, page);
  EXPECT_LE(bytes.size(), kMaxImageRecordBytes);
  const PageRecord record = decode_page_record(bytes, "here");
  EXPECT_EQ(record.kind, kind);
  EXPECT_EQ(record.name, name);
  EXPECT_EQ(record.size, bytes.size());
  Page result;
  result.fill(std::byte{0xee});
  apply_record(record, result);
  return result;
}

/// The field of the CorruptionError that decoding ends in, or "".
std::string corrupt_field(const Bytes& bytes) {
  try {
    decode_page_record(bytes, "segment 7 at offset 4096");
  } catch (const CorruptionError& error) {
    EXPECT_NE(std::string(error.what()).find("segment 7 at offset 4096"), std::string::npos);
    return error.field();
  }
  return "";
}

PageRecordHeader header_of(PageRecordKind kind, std::uint8_t type, std::uint16_t ranges,
                           std::uint32_t length) {
  PageRecordHeader header{};
  header.pid = 5;
  header.kind = static_cast<std::uint8_t>(kind);
  header.page_type = type;
  header.range_count = ranges;
  header.length = length;
  return header;
}

Bytes ranges_payload(std::initializer_list<std::pair<std::uint16_t, std::uint16_t>> ranges,
                     std::size_t content) {
  Bytes bytes;
  for (const auto& [offset, length] : ranges) {
    for (const std::uint16_t value : {offset, length}) {
      bytes.push_back(static_cast<std::byte>(value & 0xff));
      bytes.push_back(static_cast<std::byte>(value >> 8));
    }
  }
  bytes.resize(bytes.size() + content, std::byte{0xab});
  return bytes;
}

std::string field_with_ranges(std::initializer_list<std::pair<std::uint16_t, std::uint16_t>> ranges,
                              std::size_t content, std::uint8_t type = 4) {
  const Bytes payload = ranges_payload(ranges, content);
  return corrupt_field(
      raw_record(header_of(PageRecordKind::delta, type, static_cast<std::uint16_t>(ranges.size()),
                           static_cast<std::uint32_t>(payload.size())),
                 payload));
}

TEST(PageRecord, KeepsAFullStructurePageAsAnImageWithoutItsHeader) {
  const PageName name{7, 4, 9};
  EXPECT_EQ(round_trip(name, full_page(1), PageRecordKind::image), replayed(full_page(1), 4));
}

TEST(PageRecord, KeepsAFullDataPageAsAnImageOfAllBytes) {
  EXPECT_EQ(round_trip({7, kDataPage, 9}, full_page(1), PageRecordKind::image), full_page(1));
}

TEST(PageRecord, LeavesTheZerosOutWhereThatIsShorter) {
  for (const std::uint8_t type : {std::uint8_t{0}, std::uint8_t{4}}) {
    EXPECT_EQ(round_trip({7, type, 9}, sparse_page(3), PageRecordKind::init), sparse_page(3));
    Bytes bytes;
    append_page(bytes, {7, type, 9}, sparse_page(3));
    EXPECT_EQ(bytes.size(), kPageRecordHeaderSize + 2 * sizeof(ByteRange) + 2 * 8);
  }
}

TEST(PageRecord, OfAPageOfZerosHasNoRanges) {
  Bytes bytes;
  append_page(bytes, {7, 4, 9}, Page{});
  EXPECT_EQ(bytes.size(), kPageRecordHeaderSize);
  EXPECT_EQ(round_trip({7, 4, 9}, Page{}, PageRecordKind::init), Page{});
}

TEST(PageRecord, CarriesGapsThatAreTooShortAndCutsTheOthers) {
  for (std::size_t gap = 0; gap < 64; ++gap) {
    Page page = full_page(2);
    for (std::size_t at = 100; at + gap < kPageSize; at += gap + 9)
      std::fill_n(page.begin() + static_cast<std::ptrdiff_t>(at), gap, std::byte{0});
    std::fill_n(page.begin() + 1000, 200, std::byte{0});
    EXPECT_EQ(round_trip({7, kDataPage, 9}, page, PageRecordKind::init), page) << gap;
  }
}

TEST(PageRecord, TakesAsManyRangesAsAPageCanHave) {
  Page page{};
  for (std::size_t at = 0; at < kPageSize; at += 40) page[at] = std::byte{1};
  EXPECT_EQ(round_trip({7, kDataPage, 9}, page, PageRecordKind::init), page);
}

TEST(PageRecord, LooksLikeThis) {
  Page page{};
  page[64] = std::byte{0xaa};
  page[4095] = std::byte{0xbb};
  Bytes bytes;
  append_page(bytes, {0x01020304, 4, 0x0a0b0c0d}, page);
  const std::array<unsigned char, 40> expected{
      4,    3, 2, 1, 2,    4,   2, 0, 0xd, 0xc, 0xb, 0xa, 24, 0, 0, 0,      // header
      64,   0, 8, 0, 0xf8, 0xf, 8, 0,                                       // two ranges
      0xaa, 0, 0, 0, 0,    0,   0, 0, 0,   0,   0,   0,   0,  0, 0, 0xbb};  // their bytes
  EXPECT_EQ(ByteView(bytes), ByteView(expected));
}

TEST(PageRecord, OfADeltaChangesItsRangesOnly) {
  const Bytes bytes = delta({7, 4, 9}, {{32, 1}, {100, 3}, {4095, 1}}, full_page(5));
  EXPECT_EQ(bytes.size(), kPageRecordHeaderSize + round_up(12 + 5, 8));
  Page page = full_page(1);
  Page expected = page;
  for (const std::size_t at : {32u, 100u, 101u, 102u, 4095u}) expected[at] = full_page(5)[at];
  apply_record(decode_page_record(bytes, "here"), page);
  EXPECT_EQ(page, expected);
}

TEST(PageRecord, OfABulkNamesARun) {
  const PageRecord record = decode_page_record(bulk(5, 7), "here");
  EXPECT_EQ(record.kind, PageRecordKind::bulk);
  EXPECT_EQ(record.name.pid, 5u);
  EXPECT_EQ(record.pages, 7u);
  Page page;
  EXPECT_THROW(apply_record(record, page), InvalidArgument);
}

TEST(PageRecord, RefusesToEncodeRangesThatCannotBe) {
  using Ranges = std::vector<ByteRange>;
  for (const Ranges& ranges : {Ranges{{31, 1}}, Ranges{{40, 0}}, Ranges{{4095, 2}},
                               Ranges{{40, 4}, {43, 1}}, Ranges{{50, 1}, {40, 1}}})
    EXPECT_THROW(delta({7, 4, 9}, ranges, full_page(1)), InvalidArgument);
}

TEST(PageRecord, RefusesHostileRanges) {
  EXPECT_EQ(field_with_ranges({{40, 4}, {44, 4}}, 8), "");
  const std::string ranges = "page record of page 5, ranges";
  EXPECT_EQ(field_with_ranges({{31, 4}}, 4), ranges) << "the header of a structure page";
  EXPECT_EQ(field_with_ranges({{0, 4}}, 4, kDataPage), "");
  EXPECT_EQ(field_with_ranges({{40, 0}}, 0), ranges);
  EXPECT_EQ(field_with_ranges({{4092, 5}}, 5), ranges);
  EXPECT_EQ(field_with_ranges({{65535, 65535}}, 8), ranges);
  EXPECT_EQ(field_with_ranges({{40, 4}, {43, 4}}, 8), ranges);
  EXPECT_EQ(field_with_ranges({{60, 4}, {40, 4}}, 8), ranges);
  const std::string length = "page record of page 5, length";
  EXPECT_EQ(field_with_ranges({{40, 4}}, 3), length);
  EXPECT_EQ(field_with_ranges({{40, 4}}, 5), length);
}

TEST(PageRecord, RefusesHostileLengths) {
  const std::string length = "page record of page 5, length";
  const auto record = [](PageRecordKind kind, std::uint16_t ranges, std::uint32_t said,
                         std::size_t there, std::uint8_t type = 4) {
    return corrupt_field(raw_record(header_of(kind, type, ranges, said), Bytes(there)));
  };
  EXPECT_EQ(record(PageRecordKind::image, 0, 4064, 4064), "");
  EXPECT_EQ(record(PageRecordKind::image, 0, 4096, 4096), length);
  EXPECT_EQ(record(PageRecordKind::image, 0, 4064, 4064, kDataPage), length);
  EXPECT_EQ(record(PageRecordKind::image, 0, 0, 0), length);
  EXPECT_EQ(record(PageRecordKind::image, 0, 4064, 4056), length);
  EXPECT_EQ(record(PageRecordKind::init, 0, UINT32_MAX, 16), length);
  EXPECT_EQ(record(PageRecordKind::image, 1, 4064, 4064), "page record of page 5, range count");
  EXPECT_EQ(record(PageRecordKind::init, 65535, 16, 16), "page record of page 5, range count");
  EXPECT_EQ(record(PageRecordKind::bulk, 0, 0, 0), "page record of page 5, pages of the run");
  EXPECT_EQ(record(PageRecordKind::bulk, 1, 1, 0), "page record of page 5, range count");
  EXPECT_EQ(record(static_cast<PageRecordKind>(5), 0, 0, 0), "page record of page 5, kind");
  EXPECT_EQ(record(static_cast<PageRecordKind>(0), 0, 0, 0), "page record of page 5, kind");
}

TEST(PageRecord, RefusesARecordThatIsCutAnywhere) {
  const Bytes whole = delta({7, 4, 9}, {{32, 1}, {100, 3}}, full_page(5));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(decode_page_record(ByteView(whole).sub(0, size), "here"), CorruptionError);
}

}  // namespace
}  // namespace quire::wal
