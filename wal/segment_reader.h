#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <quire/bytes.h>
#include <quire/file_system.h>

#include "wal/log_record.h"
#include "wal/segment_set.h"

namespace quire::wal {

/// A chunk whose sums hold. `body` lives until the reader's next call.
struct Chunk {
  ChunkHeader header;
  ByteView body;
};

/// Reads chunks of one segment through a window of some 512 KiB. Believes no number: all reads end
/// at the end of the file or of the segment, whichever comes first. Errors are those of File.
/// Not thread-safe.
class SegmentReader {
 public:
  /// Nothing if there is no such file or it has no valid block 0 of log `identity` (the segment is
  /// "prepared"). FormatError if it is of that log and a newer version wrote it.
  static std::optional<SegmentReader> open(const SegmentSet& segments, const LogIdentity& identity,
                                           std::uint32_t no, OpenMode how);

  /// Any file with an intact block 0, whosever it is.
  static std::optional<SegmentReader> open_any(const SegmentSet& segments, std::uint32_t no);

  const SegmentHeader& header() const noexcept { return *header_; }
  const std::string& path() const noexcept { return file_->path(); }
  File& file() noexcept { return *file_; }
  /// What there is of the segment: less than its header says if the file was cut.
  std::uint64_t bytes() const noexcept { return limit_; }

  /// The chunk at `offset`, or nothing if no chunk there is intact with its body, also when the
  /// segment is read once more.
  std::optional<Chunk> chunk(std::uint64_t offset);

  /// The first place at or behind `from` (a multiple of 8) where an intact chunk header lies, which
  /// is given to `header`; its body may be torn. Nothing if there is none. Reads the rest of the
  /// segment at worst.
  std::optional<std::uint64_t> find_header(std::uint64_t from, ChunkHeader& header);

 private:
  SegmentReader(std::unique_ptr<File> file, std::unique_ptr<SegmentHeader> header);

  /// The bytes of [offset, offset + size) that exist; lives until the next call.
  ByteView view(std::uint64_t offset, std::size_t size);
  std::optional<Chunk> chunk_in_view(std::uint64_t offset);
  std::optional<ChunkHeader> intact_header(std::uint64_t offset);

  std::unique_ptr<File> file_;
  std::unique_ptr<SegmentHeader> header_;  // 4 KiB, kept off the stack
  std::uint64_t limit_ = 0;                // end of what may be read
  std::vector<std::byte> window_;
  std::uint64_t window_offset_ = 0;
};

}  // namespace quire::wal
