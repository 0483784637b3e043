#include "fuzz/tables.h"

#include <algorithm>
#include <cstring>

#include "base/varint.h"
#include "engine/catalog_format.h"
#include "facades/record_format.h"
#include "pager/header_format.h"
#include "pager/page_format.h"
#include "pager/space_map_format.h"
#include "structures/blob_format.h"
#include "structures/hash_format.h"
#include "structures/list_format.h"
#include "wal/log_format.h"

namespace quire::fuzz {
namespace {

using namespace structures;

// What has no field table of its own, because it is an array of numbers or of bytes.
constexpr std::array kNumber16{Field{"number", 0, 2}};
constexpr std::array kNumber32{Field{"number", 0, 4}};
constexpr std::array kNumber64{Field{"number", 0, 8}};
constexpr std::array kBytesOfRecord{Field{"forms", 0, 1}, Field{"length", 1, 1},
                                    Field{"length", 2, 1}, Field{"bytes", 3, 8}};

/// Structs of facades whose fields are 8 bytes each (flat file, pipe, records) are found by place
/// alone: so many of them at the beginning of a value.
constexpr std::size_t kNumbersOfValue = 9;

template <class Format>
const Format& as(std::span<const std::byte> page) noexcept {
  static_assert(alignof(Format) == 1 && sizeof(Format) <= kPageSize);
  return *reinterpret_cast<const Format*>(page.data());
}

/// What a record of `size` bytes at most may be: a varint or two, then perhaps an extent list, a
/// catalog entry, or numbers of a facade.
void add_record(std::span<const std::byte> page, std::size_t at, unsigned varints,
                std::vector<Table>& tables) {
  constexpr std::size_t kRoom = 64;
  if (at + kRoom > page.size()) return;
  tables.push_back({at, 0, 1, kBytesOfRecord});
  ByteView rest = ByteView(page).sub(at + 1);
  std::uint64_t key_size = 0;
  for (unsigned i = 0; i < varints; ++i) {
    const auto length = decode_varint(rest);
    if (!length) return;
    if (i + 1 < varints) key_size = length->value;
    rest = rest.sub(length->size);
  }
  rest = rest.sub(key_size);
  const std::size_t value_at = page.size() - rest.size();
  tables.push_back({value_at, sizeof(std::uint64_t),
                    std::min(rest.size() / sizeof(std::uint64_t), kNumbersOfValue), kNumber64});
  const bool is_catalog = as<StructurePageHeader>(page).owner == kEngineOwner;
  if (is_catalog && rest.size() > sizeof(CatalogEntryHeader)) {
    tables.push_back({value_at, 0, 1, kCatalogEntryFields});
    tables.push_back({value_at, 0, 1, kCatalogStateFields});
  }
  if (rest.size() > 1 + 2 * sizeof(ExtentEntry)) {
    tables.push_back({value_at + 1, sizeof(ExtentEntry), 2, kExtentEntryFields});
  }
}

/// Records whose offsets stand in `count` numbers from `offsets_at` on.
void add_records(std::span<const std::byte> page, std::size_t offsets_at, std::size_t count,
                 unsigned varints, std::vector<Table>& tables) {
  count = std::min(count, (page.size() - std::min(offsets_at, page.size())) / sizeof(Le16));
  if (count == 0) return;
  tables.push_back({offsets_at, sizeof(Le16), count, kNumber16});
  for (std::size_t i = 0; i < count; ++i) {
    Le16 offset;
    std::memcpy(&offset, &page[offsets_at + i * sizeof offset], sizeof offset);
    add_record(page, offset, varints, tables);
  }
}

void add_bucket(std::span<const std::byte> page, std::vector<Table>& tables) {
  const auto& bucket = as<BucketHeader>(page);
  tables.push_back({0, 0, 1, kBucketHeaderFields});
  constexpr unsigned kVarintsOfEntry = 2;
  add_records(page, kBucketHeaderSize + bucket.capacity, bucket.count, kVarintsOfEntry, tables);
}

void add_list_node(std::span<const std::byte> page, std::vector<Table>& tables) {
  const auto& node = as<ListNodeHeader>(page);
  tables.push_back({0, 0, 1, kListNodeHeaderFields});
  if (node.height == 0) {
    add_records(page, kListHeaderSize, node.count, 1, tables);
  } else {
    const std::size_t count = std::min<std::size_t>(node.count + 1u, kListInnerEntries);
    tables.push_back({kListHeaderSize, sizeof(ListEntry), count, kListEntryFields});
  }
}

void add_hash_root(std::vector<Table>& tables) {
  constexpr std::size_t kUsual = 8;  // tables of so few pages that a fuzzer has use no more
  tables.push_back({0, 0, 1, kHashRootPageFields});
  tables.push_back({offsetof(HashRootPage, segments), sizeof(Le32), kUsual, kNumber32});
  tables.push_back({offsetof(HashRootPage, directories), sizeof(Le32), kUsual, kNumber32});
}

void add_blob_root(std::span<const std::byte> page, std::vector<Table>& tables) {
  constexpr std::size_t kUsual = 16;
  tables.push_back({0, 0, 1, kBlobRootPageFields});
  const std::size_t at = offsetof(BlobRootPage, entries);
  tables.push_back({at, sizeof(BlobEntry), kUsual, kBlobEntryFields});
  if (as<BlobRootPage>(page).height == 0) {
    tables.push_back({at, sizeof(std::uint64_t), kNumbersOfValue, kNumber64});
    tables.push_back({at, 0, 1, facades::kFreeSlotsFields});
  }
}

}  // namespace

std::vector<Table> tables_of_page(std::span<const std::byte> page) {
  constexpr std::size_t kUsual = 16;
  std::vector<Table> tables{{0, 0, 1, kStructurePageHeaderFields}};
  switch (static_cast<PageType>(as<StructurePageHeader>(page).type)) {
    case PageType::map:
      tables.push_back({0, 0, 1, kMapPageFields});
      break;
    case PageType::blob_root:
      add_blob_root(page, tables);
      break;
    case PageType::blob_table:
      tables.push_back({kPageHeaderSize, sizeof(BlobEntry), kUsual, kBlobEntryFields});
      break;
    case PageType::list_node:
      add_list_node(page, tables);
      break;
    case PageType::hash_root:
      add_hash_root(tables);
      break;
    case PageType::hash_directory:
      tables.push_back({kPageHeaderSize, sizeof(Le32), kUsual, kNumber32});
      break;
    case PageType::hash_bucket:
    case PageType::hash_overflow:
      add_bucket(page, tables);
      break;
    case PageType::value:
      tables.push_back({0, 0, 1, kValuePageFields});
      break;
    case PageType::data:
    default:
      tables.push_back({0, sizeof(std::uint64_t), 4 * kNumbersOfValue, kNumber64});
  }
  return tables;
}

Table header_slot_table() { return {0, 0, 1, kHeaderSlotFields}; }

Table segment_header_table() { return {0, 0, 1, wal::kSegmentHeaderFields}; }

std::vector<Table> tables_of_chunk(const Bytes& segment, std::size_t offset) {
  std::vector<Table> tables{{offset, 0, 1, wal::kChunkHeaderFields}};
  wal::ChunkHeader chunk;
  std::memcpy(&chunk, &segment[offset], sizeof chunk);
  std::size_t at = offset + sizeof chunk;
  std::size_t end = at + std::min<std::size_t>(chunk.body_length, segment.size() - at);
  const auto kind = static_cast<wal::ChunkKind>(chunk.kind);
  if (kind == wal::ChunkKind::end && end - at >= sizeof(wal::EndBody)) {
    tables.push_back({at, 0, 1, wal::kEndBodyFields});
  }
  if (kind == wal::ChunkKind::commit && end - at >= sizeof(wal::CommitTrailer)) {
    end -= sizeof(wal::CommitTrailer);
    tables.push_back({end, 0, 1, wal::kCommitTrailerFields});
  }
  while (end - at >= sizeof(wal::PageRecordHeader)) {
    wal::PageRecordHeader record;
    std::memcpy(&record, &segment[at], sizeof record);
    tables.push_back({at, 0, 1, wal::kPageRecordHeaderFields});
    at += sizeof record;
    const std::size_t ranges =
        std::min<std::size_t>(record.range_count, (end - at) / sizeof(wal::ByteRange));
    if (ranges > 0) tables.push_back({at, sizeof(wal::ByteRange), ranges, wal::kByteRangeFields});
    const bool is_bulk = record.kind == static_cast<std::uint8_t>(wal::PageRecordKind::bulk);
    const std::uint64_t length = is_bulk ? 0 : wal::round_up(record.length, wal::kChunkAlignment);
    at += static_cast<std::size_t>(std::min<std::uint64_t>(length, end - at));
  }
  return tables;
}

}  // namespace quire::fuzz
