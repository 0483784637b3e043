#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/field_table.h"
#include "fuzz/image.h"

namespace quire::fuzz {

/// Equal structs that lie one after the other.
struct Table {
  std::size_t offset = 0;  // of the first
  std::size_t stride = 0;
  std::size_t count = 1;
  std::span<const Field> fields;
};

/// The tables of a page: those of its type's format header, and of the records in its heap, whose
/// places follow from its content. All lie within the page, whatever that holds.
std::vector<Table> tables_of_page(std::span<const std::byte> page);

/// The table of a header slot.
Table header_slot_table();

/// The tables of a chunk of the log that begins at `offset` of its segment: header, page records,
/// ranges, trailer. All lie within the segment.
std::vector<Table> tables_of_chunk(const Bytes& segment, std::size_t offset);
Table segment_header_table();

}  // namespace quire::fuzz
