#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <span>
#include <utility>
#include <vector>

#include <quire/bytes.h>

#include "formats/foreign_file.h"

namespace quire::formats {

/// A file in the seekable format of zstd (version 0.1.0), read anywhere: whole zstd frames one after
/// the other, then a table of their sizes in a skippable frame. A file of no bytes is empty too.
///
/// Nothing in it is believed: a table or a frame that lies is a CorruptionError that names file and
/// offset. Takes 16 bytes of memory for each frame (20 with the table's checksums), at most
/// kMostFrames, and what zstd needs to unpack one, whose window is at most 128 MiB. One thread at a
/// time.
class SeekableZstdFile {
 public:
  /// Of more frames a table is refused.
  static constexpr std::uint64_t kMostFrames = std::uint64_t{1} << 22;

  struct LeftOver {
    std::uint64_t bytes = 0;
    bool is_zeros = false;  // else the beginning of a frame
  };

  /// By its table. One that has none was not closed by whoever wrote it: CorruptionError.
  explicit SeekableZstdFile(ForeignFile file);
  /// By its frames, all of which are unpacked to find out where they end; the table is not used. Ends
  /// before a frame that is not complete, and before zeros up to the end, which are room that was
  /// never written; other bytes behind a frame are a CorruptionError. `step` is called between two
  /// pieces of work; what it throws comes out.
  static SeekableZstdFile by_scanning(ForeignFile file, const std::function<void()>& step);
  SeekableZstdFile(SeekableZstdFile&&) noexcept;
  ~SeekableZstdFile();

  const std::string& path() const noexcept { return file_->path(); }
  /// Uncompressed bytes.
  std::uint64_t size() const noexcept { return ends_.back().raw; }
  std::uint64_t frame_count() const noexcept { return ends_.size() - 1; }
  /// What a scan has found behind the last whole frame.
  const LeftOver& left_over() const noexcept { return left_over_; }

  /// Fills `out` with the uncompressed bytes from `offset` on. CorruptionError if the file ends
  /// before. Going on where the last read ended costs what is read; else the frame is unpacked from
  /// its beginning.
  void read(std::uint64_t offset, std::span<std::byte> out);

 private:
  class Unpacker;
  struct End {
    std::uint64_t stored = 0;
    std::uint64_t raw = 0;
  };

  struct Table {
    std::uint64_t begin;
    std::uint64_t entries;
    std::uint64_t footer;
    std::uint64_t entry_size;
  };

  SeekableZstdFile(ForeignFile file, std::nullptr_t);  // knows no frame yet
  Table find_table();
  void read_table();
  void require_empty_frames();
  void scan(const std::function<void()>& step);
  bool is_zeros_from(std::uint64_t offset, const std::function<void()>& step);
  void go_to(std::uint64_t offset);
  void end_frame();
  std::size_t unpack(std::span<std::byte> out);

  std::unique_ptr<ForeignFile> file_;
  std::vector<End> ends_;                 // of nothing, then of each frame
  std::vector<std::uint32_t> checksums_;  // of each frame, if the table has them
  LeftOver left_over_;
  std::unique_ptr<Unpacker> unpacker_;
  std::size_t frame_ = 0;       // that is being unpacked, unless it is frame_count()
  std::uint64_t position_ = 0;  // uncompressed, of the byte that comes next
};

/// Writes frames and then the table of such a file. One thread at a time.
class SeekableZstdWriter {
 public:
  /// `out` must outlive it; what it cannot take is for the caller to notice.
  explicit SeekableZstdWriter(std::ostream& out) : out_(out) {}

  /// A whole zstd frame that unpacks to `size` bytes. InvalidArgument beyond 2^27 frames, or if
  /// either size has more than 32 bits.
  void add_frame(ByteView frame, std::uint64_t size);
  /// Packs bytes as one more frame, with size and checksum.
  void pack(ByteView bytes);
  /// The table; to be called once, at the end.
  void finish();

 private:
  std::ostream& out_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sizes_;  // stored, uncompressed
};

}  // namespace quire::formats
