#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "formats/foreign_file.h"

struct z_stream_s;

namespace quire::formats {

/// Bytes that come one behind the other.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills the beginning of `out`, which is not empty, and returns with how much: 0 at the end only.
  virtual std::size_t read(std::span<std::byte> out) = 0;
};

/// The bytes [begin, end) of a file, which must outlive this.
class FileBytes final : public ByteSource {
 public:
  FileBytes(ForeignFile& file, std::uint64_t begin, std::uint64_t end)
      : file_(file), offset_(begin), end_(end) {}

  std::size_t read(std::span<std::byte> out) override;
  /// Of the next byte, in the file.
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  ForeignFile& file_;
  std::uint64_t offset_;
  std::uint64_t end_;
};

/// What the bytes [begin, end) of a file unpack to: one zlib stream, or nothing where there are
/// none. CorruptionError, with file and offset, if they are anything else. Takes 64 KiB and zlib's
/// 40, whatever the stream says.
class InflatedBytes final : public ByteSource {
 public:
  InflatedBytes(ForeignFile& file, std::uint64_t begin, std::uint64_t end);
  ~InflatedBytes() override;

  std::size_t read(std::span<std::byte> out) override;
  /// Of the next byte that is not read yet, in the file.
  std::uint64_t offset() const noexcept { return packed_.offset(); }

 private:
  struct End {
    void operator()(z_stream_s* stream) const noexcept;
  };
  static constexpr std::size_t kStepBytes = std::size_t{64} << 10;

  void refill();
  [[noreturn]] void throw_damage(const char* expected, const char* found) const;

  ForeignFile& file_;
  std::uint64_t begin_;
  FileBytes packed_;
  std::unique_ptr<std::byte[]> buffer_;
  std::unique_ptr<z_stream_s, End> stream_;
  bool has_ended_;
};

/// The next bytes of a source in one piece, however it delivers them. Takes 64 KiB of memory, or as
/// much as is asked for at once, as far as it really comes.
class ByteWindow {
 public:
  explicit ByteWindow(ByteSource& source) : source_(&source) {}

  /// Whether the source has `count` more bytes; front() points at them then, until the next call.
  bool has(std::uint64_t count);
  const std::byte* front() const noexcept { return bytes_.get() + begin_; }
  /// Goes on behind `count` bytes that has() has found.
  void skip(std::size_t count) noexcept;
  /// Bytes that are there without asking the source: all that are left, where has() found too few.
  std::size_t buffered() const noexcept { return end_ - begin_; }
  /// Bytes skipped.
  std::uint64_t position() const noexcept { return position_; }

 private:
  void make_room(std::uint64_t wanted);

  ByteSource* source_;
  std::unique_ptr<std::byte[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace quire::formats
