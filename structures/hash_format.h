#pragma once

// The pages of a hash table. The root, fixed for the table's life, names the segments: contiguous
// runs of bucket pages of 1, 1, 2, 4 .. cap, cap .. pages. When it has no more room, directory
// pages name the rest. A bucket is one page and a chain of overflow pages of the same form:
//
//     48            +capacity           +3 capacity        heap start               4096
//     | fingerprints | offsets of records | hole (all zero) | records and dead bytes |
//
// A record is {form, varint key length, varint value length, key, value}. A key or value is there
// itself, or as a description of the run of value pages, or of the blob, that holds it:
//
//     extents   [u64 hash of the key] u8 n, n x {u32 first page, u8 log2 of the pages}
//     blob      [u64 hash of the key] u32 root of the blob

#include <array>
#include <bit>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"
#include "base/ids.h"
#include "pager/page_access.h"
#include "pager/page_format.h"

namespace quire::structures {

/// A page of the transaction's own as one of the structs below.
template <class Format>
Format& page_as(pager::MutablePageBytes bytes) noexcept {
  static_assert(sizeof(Format) <= kPageSize && alignof(Format) == 1);
  return *reinterpret_cast<Format*>(bytes.data());
}

inline constexpr std::size_t kRootSegments = 488;
inline constexpr std::size_t kRootDirectories = 512;
inline constexpr std::size_t kDirectorySegments = 1016;

/// The largest segment that a run of pages can hold.
inline constexpr unsigned kMaxSegmentCapLog2 = std::bit_width(pager::PageWriter::kMaxRun) - 1;

struct HashRootPage {
  StructurePageHeader header;
  Le64 seed;              // of XXH3-64 over the keys: nobody can choose keys that collide
  Le64 entries;           // an entry lost or found twice
  Le64 record_bytes;      // of all records in buckets: the load, which says when to split
  Le32 bucket_count;      // with it, every key has exactly one bucket
  Le32 overflow_pages;    // bounds every walk along a chain
  std::uint8_t cap_log2;  // pages of the largest segments, as a power of two
  std::uint8_t flags;     // zero
  Le16 zero;
  Le32 directory_pages;  // a directory that is not reachable, or one too many
  Le64 pages_owned;      // overflow, directory, value and blob pages: a leak, or two owners
  std::array<std::uint8_t, 16> zero_too;
  std::array<Le32, kRootSegments> segments;        // first pages of the first segments
  std::array<Le32, kRootDirectories> directories;  // pages that name the other segments
};

inline constexpr std::array kHashRootPageFields{
    QUIRE_FIELD(HashRootPage, header, 0),        QUIRE_FIELD(HashRootPage, seed, 32),
    QUIRE_FIELD(HashRootPage, entries, 40),      QUIRE_FIELD(HashRootPage, record_bytes, 48),
    QUIRE_FIELD(HashRootPage, bucket_count, 56), QUIRE_FIELD(HashRootPage, overflow_pages, 60),
    QUIRE_FIELD(HashRootPage, cap_log2, 64),     QUIRE_FIELD(HashRootPage, flags, 65),
    QUIRE_FIELD(HashRootPage, zero, 66),         QUIRE_FIELD(HashRootPage, directory_pages, 68),
    QUIRE_FIELD(HashRootPage, pages_owned, 72),  QUIRE_FIELD(HashRootPage, zero_too, 80),
    QUIRE_FIELD(HashRootPage, segments, 96),     QUIRE_FIELD(HashRootPage, directories, 2048),
};
static_assert(fields_tile(kHashRootPageFields, kPageSize));
static_assert(sizeof(HashRootPage) == kPageSize && alignof(HashRootPage) == 1);

struct HashDirectoryPage {
  StructurePageHeader header;
  std::array<Le32, kDirectorySegments> segments;  // first pages of segments, zero: none yet
};

inline constexpr std::array kHashDirectoryPageFields{
    QUIRE_FIELD(HashDirectoryPage, header, 0),
    QUIRE_FIELD(HashDirectoryPage, segments, 32),
};
static_assert(fields_tile(kHashDirectoryPageFields, kPageSize));
static_assert(sizeof(HashDirectoryPage) == kPageSize && alignof(HashDirectoryPage) == 1);

struct BucketHeader {
  StructurePageHeader header;
  Le16 count;       // records
  Le16 capacity;    // fingerprints and offsets there is room for, a multiple of 16
  Le16 heap_start;  // where the hole ends
  Le16 dead_bytes;  // in the heap, of records erased: with the records they fill the heap
  Le32 overflow;    // next page of the chain
  Le32 bucket;      // its own number: a page of another bucket, or of another table's
};

inline constexpr std::array kBucketHeaderFields{
    QUIRE_FIELD(BucketHeader, header, 0),      QUIRE_FIELD(BucketHeader, count, 32),
    QUIRE_FIELD(BucketHeader, capacity, 34),   QUIRE_FIELD(BucketHeader, heap_start, 36),
    QUIRE_FIELD(BucketHeader, dead_bytes, 38), QUIRE_FIELD(BucketHeader, overflow, 40),
    QUIRE_FIELD(BucketHeader, bucket, 44),
};
inline constexpr std::size_t kBucketHeaderSize = 48;
static_assert(fields_tile(kBucketHeaderFields, kBucketHeaderSize));
static_assert(sizeof(BucketHeader) == kBucketHeaderSize && alignof(BucketHeader) == 1);

/// Bytes that records, fingerprints and offsets of a bucket page share.
inline constexpr std::size_t kBucketUsable = kPageSize - kBucketHeaderSize;
/// Entries that capacity grows by, as many as fingerprints are compared at once.
inline constexpr std::size_t kCapacityStep = 16;
/// A fingerprint and an offset.
inline constexpr std::size_t kSlotSize = sizeof(std::uint8_t) + sizeof(Le16);

/// Bytes of records to a bucket below which writers merge buckets.
inline constexpr std::size_t kLowLoad = kBucketUsable / 4;

/// How a record holds a key (bits 0 and 1 of its first byte) or a value (bits 2 and 3).
enum class PartForm : std::uint8_t { bytes = 0, extents = 1, blob = 2 };

/// Writers keep longer keys and values out of buckets; readers take what fits.
inline constexpr std::size_t kMaxInlinePart = 1000;
/// Above it a key or value is a blob.
inline constexpr std::size_t kMaxRunBytes = 64 * 1024;

struct ExtentEntry {
  Le32 first;
  std::uint8_t log2_pages;  // 0 to 4
};

inline constexpr std::array kExtentEntryFields{
    QUIRE_FIELD(ExtentEntry, first, 0),
    QUIRE_FIELD(ExtentEntry, log2_pages, 4),
};
static_assert(fields_tile(kExtentEntryFields, sizeof(ExtentEntry)));

inline constexpr unsigned kMaxExtentLog2 = 4;
inline constexpr std::size_t kMaxExtents = 16;

inline constexpr std::size_t kValuePageBytes = 4056;

struct ValuePage {
  StructurePageHeader header;
  Le32 used;   // bytes: a page that was not written when its value grew
  Le32 index;  // of the page within the value: a page of another place in it
  std::array<std::byte, kValuePageBytes> bytes;
};

inline constexpr std::array kValuePageFields{
    QUIRE_FIELD(ValuePage, header, 0),
    QUIRE_FIELD(ValuePage, used, 32),
    QUIRE_FIELD(ValuePage, index, 36),
    QUIRE_FIELD(ValuePage, bytes, 40),
};
static_assert(fields_tile(kValuePageFields, kPageSize));
static_assert(sizeof(ValuePage) == kPageSize && alignof(ValuePage) == 1);

/// Pages that the longest run takes.
inline constexpr std::size_t kMaxRunPages = (kMaxRunBytes + kValuePageBytes - 1) / kValuePageBytes;

}  // namespace quire::structures
