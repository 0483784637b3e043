#pragma once

// Sums, places and identities of the log: what writer and reader must compute alike.

#include <compare>
#include <cstdint>
#include <optional>

#include <quire/bytes.h>
#include <quire/file_system.h>

#include "wal/log_format.h"

namespace quire::wal {

/// Which log a segment belongs to.
struct LogIdentity {
  Uuid uuid{};    // of the database
  Uuid log_id{};  // random, new with each log
  friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

/// A byte of the log; later bytes are greater. {0, 0} comes before every log.
struct LogPosition {
  std::uint32_t segment = 0;
  std::uint64_t offset = 0;
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

/// The bytes of a struct of log_format.h.
template <class Format>
ByteView bytes_of(const Format& format) noexcept {
  static_assert(alignof(Format) == 1);
  return {reinterpret_cast<const std::byte*>(&format), sizeof(Format)};
}

std::uint64_t body_sum(ByteView body, std::uint64_t salt, std::uint64_t offset) noexcept;

/// Sets the sum of a header whose other fields are complete, for the place where it will lie.
void seal(ChunkHeader& header, std::uint64_t salt, std::uint64_t offset) noexcept;
bool is_intact(const ChunkHeader& header, std::uint64_t salt, std::uint64_t offset) noexcept;

LogPosition durable_end(const ChunkHeader& header) noexcept;
void set_durable_end(ChunkHeader& header, LogPosition end) noexcept;

/// Sets magic, version, block size and sum of a block 0 whose other fields are complete.
void seal(SegmentHeader& header) noexcept;

/// Block 0 of a file that may be anything; nothing unless its magic and sum hold. Throws what
/// reading throws. Whose log it is, the caller compares.
std::optional<SegmentHeader> read_segment_header(File& file);

inline LogIdentity identity_of(const SegmentHeader& header) noexcept {
  return {header.uuid, header.log_id};
}

}  // namespace quire::wal
