#pragma once

// The space map: two bits a page (PageState), in one map page for each group of 16,128 pages (63
// MiB). The map page of group g lies at pid 16128 g, that of group 0 at pid 2, so the map needs no
// pointers and never allocates itself.

#include <array>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"
#include "pager/page_format.h"

namespace quire {

inline constexpr Pid kGroupSize = 16128;
inline constexpr Pid kFirstMapPage = 2;
inline constexpr Pid kCatalogRoot = 3;
/// Pages of an empty database before the catalog's first bucket: two header slots, the map page,
/// the catalog's root.
inline constexpr Pid kFixedPages = 4;

struct MapPage {
  StructurePageHeader header;
  std::array<std::uint8_t, 4032> states;  // page i of the group: bits 2(i mod 4).. of byte i / 4
  Le32 free_count;        // pages in state free below page_count; exact at every commit
  Le32 longest_free_run;  // likewise; lets an opener skip full groups
  std::array<std::uint8_t, 24> zero;
};

inline constexpr std::array kMapPageFields{
    QUIRE_FIELD(MapPage, header, 0),        QUIRE_FIELD(MapPage, states, 32),
    QUIRE_FIELD(MapPage, free_count, 4064), QUIRE_FIELD(MapPage, longest_free_run, 4068),
    QUIRE_FIELD(MapPage, zero, 4072),
};
static_assert(sizeof(MapPage) == kPageSize);
static_assert(fields_tile(kMapPageFields, kPageSize));
static_assert(kGroupSize == 4 * sizeof(MapPage::states));

/// First page of the group that holds `pid`.
constexpr Pid group_begin(Pid pid) noexcept { return pid / kGroupSize * kGroupSize; }
/// The map page that holds the state of `pid`.
constexpr Pid map_page_of(Pid pid) noexcept {
  return pid < kGroupSize ? kFirstMapPage : group_begin(pid);
}
constexpr bool is_map_page(Pid pid) noexcept { return map_page_of(pid) == pid; }

constexpr PageState get_state(const MapPage& map, Pid pid) noexcept {
  const Pid index = pid % kGroupSize;
  return static_cast<PageState>(map.states[index / 4] >> (2 * (index % 4)) & 3);
}
constexpr void set_state(MapPage& map, Pid pid, PageState state) noexcept {
  const Pid index = pid % kGroupSize;
  const unsigned shift = 2 * (index % 4);
  std::uint8_t& byte = map.states[index / 4];
  byte = static_cast<std::uint8_t>((byte & ~(3u << shift)) | static_cast<unsigned>(state) << shift);
}

}  // namespace quire
