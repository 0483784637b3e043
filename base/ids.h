#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace quire {

/// Number of a page: its byte offset in the file divided by kPageSize. 32 bits reach 16 TiB.
using Pid = std::uint32_t;
/// Number of a commit; 0 is the empty database, each commit adds one.
using Seq = std::uint64_t;
/// Number of a collection; 0 is the engine itself.
using CollectionId = std::uint32_t;
/// Low half of the XXH3-64 of a data page, kept in the page-table entry that points at it.
using Sum32 = std::uint32_t;

/// Of a database, or of a log: random, so that one file is not taken for another.
using Uuid = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kPageSize = 4096;
inline constexpr CollectionId kEngineOwner = 0;

/// "No page": page 0 is a header slot, so nothing ever points at it.
inline constexpr Pid kNoPid = 0;

}  // namespace quire
