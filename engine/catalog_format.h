#pragma once

// An entry of the catalog: a Hash at page 3 whose keys are collection names (UTF-8, 1..255 bytes)
// and whose values begin with CatalogEntryHeader, followed by the kind's name (composites), the
// options and the children:
//
//     header (32) | kind name | options | children: {Le32 id, u8 kind, u8 name length, name} ...
//
// Only composites have a kind's name and children. Hidden keys: {0x00, parent id (Le32), child name}
// for a child's own entry, which says the same id and kind as the list of its parent, and the empty
// key for CatalogState.

#include <array>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"
#include "base/ids.h"

namespace quire {

enum class CollectionKind : std::uint8_t { blob = 1, list = 2, hash = 3, composite = 4 };

inline constexpr std::uint8_t kCatalogEntryVersion = 1;
inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxKindNameBytes = 63;
inline constexpr std::size_t kMaxOptionsBytes = 1024;
inline constexpr std::size_t kMaxChildren = 65535;
inline constexpr unsigned kMaxChildDepth = 8;  // a collection with a name of its own is at 0

struct CatalogEntryHeader {
  std::uint8_t kind;     // CollectionKind
  std::uint8_t version;  // of this layout; a reader refuses another
  Le16 flags;
  Le32 root;    // pid; 0 for composites
  Le32 id;      // owner in the headers of the collection's pages
  Le32 parent;  // id of the composite that it is a child of, or 0
  Le64 created_seq;
  Le16 options_size;
  Le16 child_count;
  std::uint8_t kind_name_size;
  std::array<std::uint8_t, 3> zero;
};

inline constexpr std::array kCatalogEntryFields{
    QUIRE_FIELD(CatalogEntryHeader, kind, 0),
    QUIRE_FIELD(CatalogEntryHeader, version, 1),
    QUIRE_FIELD(CatalogEntryHeader, flags, 2),
    QUIRE_FIELD(CatalogEntryHeader, root, 4),
    QUIRE_FIELD(CatalogEntryHeader, id, 8),
    QUIRE_FIELD(CatalogEntryHeader, parent, 12),
    QUIRE_FIELD(CatalogEntryHeader, created_seq, 16),
    QUIRE_FIELD(CatalogEntryHeader, options_size, 24),
    QUIRE_FIELD(CatalogEntryHeader, child_count, 26),
    QUIRE_FIELD(CatalogEntryHeader, kind_name_size, 28),
    QUIRE_FIELD(CatalogEntryHeader, zero, 29),
};
static_assert(fields_tile(kCatalogEntryFields, sizeof(CatalogEntryHeader)));
static_assert(sizeof(CatalogEntryHeader) == 32);

/// The value of the empty key.
struct CatalogState {
  Le32 next_id;      // never used before: ids are not recycled
  Le32 reaper_root;  // List of dropped collections that are still being freed; 0: none
  Le64 zero;
};

inline constexpr std::array kCatalogStateFields{
    QUIRE_FIELD(CatalogState, next_id, 0),
    QUIRE_FIELD(CatalogState, reaper_root, 4),
    QUIRE_FIELD(CatalogState, zero, 8),
};
static_assert(fields_tile(kCatalogStateFields, sizeof(CatalogState)));

}  // namespace quire
