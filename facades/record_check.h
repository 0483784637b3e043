#pragma once

#include <cstdint>
#include <vector>

#include <quire/check_report.h>

#include "facades/record_slots.h"

namespace quire::facades {

/// Reports every law that does not hold between the slots that keys have, in any order, and the
/// headers: each has one key and is in use; every other slot is in the list of free ones, once.
/// Takes memory for each slot that is in use or free, whatever the headers claim.
void check_slots(const RecordSlotsView& slots, std::vector<std::uint64_t> used, CheckSink& sink);

/// Of the pages of a child; neighbours must not overlap.
struct PageRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// Whether the ranges, sorted here, are disjoint and end within `pages`; reports each that does not.
void check_disjoint(std::vector<PageRange> ranges, std::uint64_t pages, CheckSink& sink);

}  // namespace quire::facades
