#pragma once

// The pages of a list: a tree whose leaves hold the items in order, and whose inner nodes say how
// many items lie below each child. All nodes have one header; the root, fixed for the list's life,
// is a leaf at first. Nodes of height 0 are leaves:
//
//     56                  +2 count      heap start               4096
//     | offsets of records | hole (all zero) | records and dead bytes |
//
// and those above hold entries. A record is {form, varint length, item}. An item is there itself,
// or as a description of the run of value pages, or of the blob, that holds it (hash_format.h):
//
//     extents   u8 n, n x {u32 first page, u8 log2 of the pages}
//     blob      u32 root of the blob

#include <array>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"
#include "base/ids.h"
#include "pager/page_format.h"

namespace quire::structures {

struct ListNodeHeader {
  StructurePageHeader header;
  std::uint8_t height;  // 0 in leaves, one less in each level down: a pointer to another level
  std::uint8_t flags;   // zero
  Le16 count;           // records or entries
  Le16 heap_start;      // leaves: where the hole ends
  Le16 dead_bytes;   // leaves: in the heap, of records erased: with the others they fill the heap
  Le64 items;        // below this node: a child of another place, or one that missed a change
  Le64 pages_owned;  // root: all other nodes, value and blob pages: a leak, or two owners
};

inline constexpr std::array kListNodeHeaderFields{
    QUIRE_FIELD(ListNodeHeader, header, 0),      QUIRE_FIELD(ListNodeHeader, height, 32),
    QUIRE_FIELD(ListNodeHeader, flags, 33),      QUIRE_FIELD(ListNodeHeader, count, 34),
    QUIRE_FIELD(ListNodeHeader, heap_start, 36), QUIRE_FIELD(ListNodeHeader, dead_bytes, 38),
    QUIRE_FIELD(ListNodeHeader, items, 40),      QUIRE_FIELD(ListNodeHeader, pages_owned, 48),
};
inline constexpr std::size_t kListHeaderSize = 56;
static_assert(fields_tile(kListNodeHeaderFields, kListHeaderSize));
static_assert(sizeof(ListNodeHeader) == kListHeaderSize && alignof(ListNodeHeader) == 1);

struct ListEntry {
  Le64 items;  // below the child
  Le32 pid;
  Le32 zero;
};

inline constexpr std::array kListEntryFields{
    QUIRE_FIELD(ListEntry, items, 0),
    QUIRE_FIELD(ListEntry, pid, 8),
    QUIRE_FIELD(ListEntry, zero, 12),
};
static_assert(fields_tile(kListEntryFields, sizeof(ListEntry)));
static_assert(alignof(ListEntry) == 1);

inline constexpr std::size_t kListInnerEntries = 252;

struct ListInnerPage {
  ListNodeHeader node;
  std::array<ListEntry, kListInnerEntries> entries;  // `count` of them, then zeros
  Le64 zero;
};

inline constexpr std::array kListInnerPageFields{
    QUIRE_FIELD(ListInnerPage, node, 0),
    QUIRE_FIELD(ListInnerPage, entries, 56),
    QUIRE_FIELD(ListInnerPage, zero, 4088),
};
static_assert(fields_tile(kListInnerPageFields, kPageSize));
static_assert(sizeof(ListInnerPage) == kPageSize && alignof(ListInnerPage) == 1);

/// Bytes that records and offsets of a leaf share.
inline constexpr std::size_t kLeafUsable = kPageSize - kListHeaderSize;
/// Items in a leaf if all are empty: a form, a length and an offset each.
inline constexpr std::size_t kLeafMaxItems = kLeafUsable / (2 + sizeof(Le16));

/// More levels than a file of 2^32 pages can fill with nodes that are a quarter full.
inline constexpr unsigned kListMaxHeight = 8;

}  // namespace quire::structures
