#include "wal/segment_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <quire/error.h>

#include "base/sabotage.h"

namespace quire::wal {
namespace {

constexpr std::size_t kWindowBytes = 2 * kMaxBodyBytes;

bool is_chunk_kind(std::uint8_t kind) noexcept {
  return kind >= static_cast<std::uint8_t>(ChunkKind::part) &&
         kind <= static_cast<std::uint8_t>(ChunkKind::end);
}

}  // namespace

SegmentReader::SegmentReader(std::unique_ptr<File> file, std::unique_ptr<SegmentHeader> header)
    : file_(std::move(file)),
      header_(std::move(header)),
      limit_(std::min(file_->status().size, header_->segment_bytes.get())) {}

std::optional<SegmentReader> SegmentReader::open_any(const SegmentSet& segments, std::uint32_t no) {
  std::unique_ptr<File> file = segments.open(no, OpenMode::read_only);
  if (!file) return std::nullopt;
  const auto header = read_segment_header(*file);
  if (!header || header->segment_bytes > kMaxSegmentBytes) return std::nullopt;
  return SegmentReader(std::move(file), std::make_unique<SegmentHeader>(*header));
}

std::optional<SegmentReader> SegmentReader::open(const SegmentSet& segments,
                                                 const LogIdentity& identity, std::uint32_t no,
                                                 OpenMode how) {
  std::unique_ptr<File> file = segments.open(no, how);
  if (!file) return std::nullopt;
  const auto header = read_segment_header(*file);
  if (!header || header->segment_no != no) return std::nullopt;
  if (identity_of(*header) != identity && !is_sabotaged(Sabotage::log_identity))
    return std::nullopt;
  if (header->major != kLogMajor)
    throw FormatError(FormatError::Reason::newer,
                      file->path() + ": log version " + std::to_string(header->major) +
                          "; open it with the version of Quire that wrote it");
  if (header->block_size != kBlockSize || header->segment_bytes > kMaxSegmentBytes)
    return std::nullopt;
  return SegmentReader(std::move(file), std::make_unique<SegmentHeader>(*header));
}

ByteView SegmentReader::view(std::uint64_t offset, std::size_t size) {
  if (offset >= limit_) return {};
  size = std::min<std::uint64_t>(size, limit_ - offset);
  const bool inside = offset >= window_offset_ && offset - window_offset_ + size <= window_.size();
  if (!inside) {
    window_.resize(std::min<std::uint64_t>(std::max(size, kWindowBytes), limit_ - offset));
    window_.resize(file_->read_at(offset, window_));
    window_offset_ = offset;
  }
  return ByteView(window_).sub(offset - window_offset_, size);
}

std::optional<ChunkHeader> SegmentReader::intact_header(std::uint64_t offset) {
  const ByteView bytes = view(offset, kChunkHeaderSize);
  if (bytes.size() < kChunkHeaderSize) return std::nullopt;
  ChunkHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  // Most places of a segment hold zeros; the kind tells that without a sum.
  if (!is_chunk_kind(header.kind) || !is_intact(header, header_->salt, offset)) return std::nullopt;
  return header;
}

std::optional<Chunk> SegmentReader::chunk(std::uint64_t offset) {
  if (auto found = chunk_in_view(offset)) return found;
  // Here the log ends, and commits with it: not because of one bad read.
  window_.clear();
  return chunk_in_view(offset);
}

std::optional<Chunk> SegmentReader::chunk_in_view(std::uint64_t offset) {
  const std::optional<ChunkHeader> header = intact_header(offset);
  if (!header || header->body_length > kMaxBodyBytes) return std::nullopt;
  const ByteView all = view(offset, kChunkHeaderSize + header->body_length);
  const ByteView body = all.sub(kChunkHeaderSize);
  if (body.size() != header->body_length) return std::nullopt;
  if (header->body_sum != body_sum(body, header_->salt, offset) &&
      !is_sabotaged(Sabotage::chunk_body_sum)) {
    return std::nullopt;
  }
  return Chunk{*header, body};
}

std::optional<std::uint64_t> SegmentReader::find_header(std::uint64_t from, ChunkHeader& header) {
  for (std::uint64_t offset = from; offset + kChunkHeaderSize <= limit_;
       offset += kChunkAlignment) {
    if (const auto found = intact_header(offset)) {
      header = *found;
      return offset;
    }
    if (offset >= window_offset_ + window_.size()) break;  // the file has become shorter
  }
  return std::nullopt;
}

}  // namespace quire::wal
