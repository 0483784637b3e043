#include "wal/log_record.h"

#include <cstring>

#include "base/checksum.h"
#include "base/sabotage.h"

namespace quire::wal {
namespace {

std::uint64_t seed_of(std::uint64_t salt, std::uint64_t offset) noexcept {
  return is_sabotaged(Sabotage::chunk_salt) ? offset : salt ^ offset;
}

std::uint64_t header_sum(const ChunkHeader& header, std::uint64_t salt,
                         std::uint64_t offset) noexcept {
  return checksum64(bytes_of(header).sub(sizeof(header.sum)), seed_of(salt, offset));
}

std::uint64_t header_sum(const SegmentHeader& header) noexcept {
  std::uint64_t seed = 0;
  std::memcpy(&seed, kLogMagic.data(), sizeof(seed));
  return checksum64(bytes_of(header).sub(offsetof(SegmentHeader, major)), seed);
}

}  // namespace

std::uint64_t body_sum(ByteView body, std::uint64_t salt, std::uint64_t offset) noexcept {
  return checksum64(body, seed_of(salt, offset));
}

void seal(ChunkHeader& header, std::uint64_t salt, std::uint64_t offset) noexcept {
  header.sum = header_sum(header, salt, offset);
}

bool is_intact(const ChunkHeader& header, std::uint64_t salt, std::uint64_t offset) noexcept {
  return header.sum == header_sum(header, salt, offset) || is_sabotaged(Sabotage::chunk_header_sum);
}

LogPosition durable_end(const ChunkHeader& header) noexcept {
  return {header.durable_segment, header.durable_eighths.get() * std::uint64_t{kChunkAlignment}};
}

void set_durable_end(ChunkHeader& header, LogPosition end) noexcept {
  header.durable_segment = end.segment;
  header.durable_eighths = static_cast<std::uint32_t>(end.offset / kChunkAlignment);
}

void seal(SegmentHeader& header) noexcept {
  header.magic = kLogMagic;
  header.major = kLogMajor;
  header.minor = kLogMinor;
  header.block_size = kBlockSize;
  header.sum = header_sum(header);
}

std::optional<SegmentHeader> read_segment_header(File& file) {
  SegmentHeader header;
  auto* bytes = reinterpret_cast<std::byte*>(&header);
  if (file.read_at(0, {bytes, sizeof(header)}) != sizeof(header)) return std::nullopt;
  if (header.magic != kLogMagic || header.sum != header_sum(header)) return std::nullopt;
  return header;
}

}  // namespace quire::wal
