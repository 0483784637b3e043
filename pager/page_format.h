#pragma once

// The header that begins every structure page. A data page has none: its 4096 bytes are the user's,
// and its sum lies in the page-table entry that points at it.

#include <array>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"
#include "base/ids.h"

namespace quire {

/// What a structure page is. Data pages have no type on disk; kData stands for them in page
/// records.
enum class PageType : std::uint8_t {
  data = 0,
  map = 1,
  blob_root = 2,
  blob_table = 3,
  list_node = 4,
  hash_root = 5,
  hash_directory = 6,
  hash_bucket = 7,
  hash_overflow = 8,
  value = 9,
};
inline constexpr std::uint8_t kMaxPageType = 9;

/// The two bits that the space map keeps of each page. `owned`: only the collection that owns the
/// page knows whether it holds anything yet (segments of a hash, extents of a value).
enum class PageState : std::uint8_t { free = 0, structure = 1, data = 2, owned = 3 };

struct StructurePageHeader {
  Le64 sum;    // XXH3-64 of bytes 8..4095, seeded by uuid and pid: flipped bits, torn and misplaced
               // pages
  Le64 seq;    // commit that wrote this content: a page from the future of its reader is corrupt
  Le32 pid;    // its own number: a misdirected write names itself in the message
  Le32 owner;  // collection it belongs to: a stale pointer into another collection
  std::uint8_t type;  // PageType: a pointer to the wrong kind of page
  std::array<std::uint8_t, 7> zero;
};

inline constexpr std::size_t kPageHeaderSize = 32;
inline constexpr std::size_t kPagePayload = kPageSize - kPageHeaderSize;

inline constexpr std::array kStructurePageHeaderFields{
    QUIRE_FIELD(StructurePageHeader, sum, 0),   QUIRE_FIELD(StructurePageHeader, seq, 8),
    QUIRE_FIELD(StructurePageHeader, pid, 16),  QUIRE_FIELD(StructurePageHeader, owner, 20),
    QUIRE_FIELD(StructurePageHeader, type, 24), QUIRE_FIELD(StructurePageHeader, zero, 25),
};
static_assert(fields_tile(kStructurePageHeaderFields, kPageHeaderSize));
static_assert(sizeof(StructurePageHeader) == kPageHeaderSize);

}  // namespace quire
