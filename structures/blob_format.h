#pragma once

// The pages of a blob: a root, which holds short content itself; below it tables of 8-byte entries,
// a radix tree over page indexes; below those the data pages, raw content with no header.
//
//     height 0   root: up to 4032 bytes
//     height 1   root: 504 entries --> data pages                                     2 MB
//     height 2   root: 504 entries --> tables of 508 entries --> data pages           0.98 GiB
//     height 3, 4    one and two more levels of tables                     496 GiB, 246 TiB
//
// The height is the smallest that reaches the size. Bytes past the size are zero on disk, in the
// root as in the last data page, and no entry past it points anywhere: so growing writes nothing.

#include <array>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"
#include "base/ids.h"
#include "pager/page_format.h"

namespace quire::structures {

inline constexpr std::size_t kBlobInlineBytes = 4032;
inline constexpr std::size_t kBlobRootEntries = 504;
inline constexpr std::size_t kBlobTableEntries = 508;
inline constexpr unsigned kBlobMaxHeight = 4;

struct BlobEntry {
  Le32 pid;  // kNoPid, with sum 0: a hole, which reads as zeros
  Le32 sum;  // of a data page: torn, lost and misplaced writes of it; zero for a table
};

inline constexpr std::array kBlobEntryFields{
    QUIRE_FIELD(BlobEntry, pid, 0),
    QUIRE_FIELD(BlobEntry, sum, 4),
};
static_assert(fields_tile(kBlobEntryFields, sizeof(BlobEntry)) && alignof(BlobEntry) == 1);

struct BlobRootPage {
  StructurePageHeader header;
  Le64 size;            // bytes of content, holes included
  Le64 pages_owned;     // tables and data pages: a leak, or a page that two blobs claim
  std::uint8_t height;  // levels of entries; bounds every descent
  std::uint8_t flags;   // zero
  std::array<std::uint8_t, 14> zero;
  std::array<BlobEntry, kBlobRootEntries> entries;  // height 0: the content instead
};

inline constexpr std::array kBlobRootPageFields{
    QUIRE_FIELD(BlobRootPage, header, 0),       QUIRE_FIELD(BlobRootPage, size, 32),
    QUIRE_FIELD(BlobRootPage, pages_owned, 40), QUIRE_FIELD(BlobRootPage, height, 48),
    QUIRE_FIELD(BlobRootPage, flags, 49),       QUIRE_FIELD(BlobRootPage, zero, 50),
    QUIRE_FIELD(BlobRootPage, entries, 64),
};
static_assert(fields_tile(kBlobRootPageFields, kPageSize));
static_assert(sizeof(BlobRootPage) == kPageSize && alignof(BlobRootPage) == 1);
static_assert(sizeof(BlobRootPage::entries) == kBlobInlineBytes);

struct BlobTablePage {
  StructurePageHeader header;
  std::array<BlobEntry, kBlobTableEntries> entries;
};

inline constexpr std::array kBlobTablePageFields{
    QUIRE_FIELD(BlobTablePage, header, 0),
    QUIRE_FIELD(BlobTablePage, entries, 32),
};
static_assert(fields_tile(kBlobTablePageFields, kPageSize));
static_assert(sizeof(BlobTablePage) == kPageSize && alignof(BlobTablePage) == 1);

/// Data pages below one entry of a node whose level is `level`; level 1 points at data pages.
constexpr std::uint64_t blob_pages_per_entry(unsigned level) noexcept {
  std::uint64_t pages = 1;
  for (; level > 1; --level) pages *= kBlobTableEntries;
  return pages;
}

/// Data pages below a root of that height, which is at least 1.
constexpr std::uint64_t blob_reach(unsigned height) noexcept {
  return kBlobRootEntries * blob_pages_per_entry(height);
}

inline constexpr std::uint64_t kBlobMaxSize = blob_reach(kBlobMaxHeight) * kPageSize;

/// Data pages that `size` bytes cover.
constexpr std::uint64_t blob_page_count(std::uint64_t size) noexcept {
  return size / kPageSize + (size % kPageSize != 0);
}

/// The height of a blob of `size` bytes, which is at most kBlobMaxSize.
constexpr unsigned blob_height(std::uint64_t size) noexcept {
  if (size <= kBlobInlineBytes) return 0;
  unsigned height = 1;
  while (blob_reach(height) < blob_page_count(size)) ++height;
  return height;
}

static_assert(blob_height(kBlobInlineBytes + 1) == 1 && blob_height(504 * kPageSize + 1) == 2);
static_assert(blob_height(kBlobMaxSize) == kBlobMaxHeight);

}  // namespace quire::structures
