#include "formats/zstd_seekable.h"

#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <utility>

// The table, at the end of the file; all numbers are little-endian:
//
//     skippable frame   u32 0x184D2A5E, u32 bytes that follow
//     for each frame    u32 stored size, u32 uncompressed size, and u32 checksum if there are any
//     footer            u32 number of frames, u8 descriptor, u32 0x8F92EAB1
//
// The descriptor's bit 7 says that there are checksums: the low half of XXH64 of a frame's
// uncompressed bytes. Bits 6 to 2 must be 0, bits 1 and 0 mean nothing.

namespace quire::formats {

namespace {

constexpr std::uint32_t kSkippableMagic = 0x184D2A5E;
constexpr std::uint32_t kFooterMagic = 0x8F92EAB1;
constexpr std::uint64_t kSkippableHeader = 8;
constexpr std::uint64_t kFooter = 9;
constexpr std::uint64_t kMostWrittenFrames = std::uint64_t{1} << 27;
constexpr std::uint8_t kHasChecksums = 0x80;
constexpr std::uint8_t kReservedBits = 0x7C;
// No zstd frame is shorter: magic number, header, and the header of an empty block.
constexpr std::uint32_t kShortestFrame = 9;
constexpr std::size_t kPiece = std::size_t{128} << 10;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

struct FreeChecksum {
  void operator()(XXH64_state_t* state) const noexcept { XXH64_freeState(state); }
};

// For a scan that finds no sound frame at `offset`.
std::string cut_advice(std::uint64_t offset) {
  const std::string size = std::to_string(offset);
  return "nothing was imported; take a sound copy of the file, or keep only the frames before that "
         "place: `truncate -s " +
         size + "` on a copy of it";
}

void put_u32(std::string& bytes, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift);
}

}  // namespace

/// Unpacks one frame after the other, piece by piece.
class SeekableZstdFile::Unpacker {
 public:
  explicit Unpacker(ForeignFile& file)
      : file_(file), context_(ZSTD_createDCtx()), checksum_(XXH64_createState()) {
    if (!context_ || !checksum_) throw std::bad_alloc();
  }

  /// A frame begins at `begin` and ends at `end` at the latest. `advice` says what to do if not.
  void start(std::uint64_t begin, std::uint64_t end, std::string advice = kForeignAdvice) {
    ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
    advice_ = std::move(advice);
    begin_ = begin;
    next_ = begin;
    end_ = end;
    input_ = {packed_.data(), 0, 0};
    is_complete_ = false;
    has_run_out_ = false;
    XXH64_reset(checksum_.get(), 0);
  }

  /// Fills `out` as far as the frame goes: returns fewer bytes than there is room for only if it
  /// is_complete() or has_run_out(). CorruptionError if it is damaged.
  std::size_t unpack(std::span<std::byte> out) {
    ZSTD_outBuffer output{out.data(), out.size(), 0};
    while (!is_complete_ && !has_run_out_ && output.pos < output.size) {
      const bool has_input = refill();
      const std::size_t before = output.pos;
      const std::size_t left = ZSTD_decompressStream(context_.get(), &output, &input_);
      if (ZSTD_isError(left) != 0) {
        throw file_.error(begin_, "zstd frame", "a sound one", ZSTD_getErrorName(left), advice_);
      }
      is_complete_ = left == 0;
      has_run_out_ = !is_complete_ && !has_input && output.pos == before;
    }
    XXH64_update(checksum_.get(), out.data(), output.pos);
    return output.pos;
  }

  bool is_complete() const noexcept { return is_complete_; }
  /// It needs bytes behind its end.
  bool has_run_out() const noexcept { return has_run_out_; }
  std::uint64_t begin() const noexcept { return begin_; }
  /// In the file, of the first byte that was not needed.
  std::uint64_t position() const noexcept { return next_ - (input_.size - input_.pos); }
  /// Of what was unpacked of this frame.
  std::uint32_t checksum() const noexcept {
    return static_cast<std::uint32_t>(XXH64_digest(checksum_.get()));
  }

 private:
  // False if there is nothing left to read; what zstd still holds may come out nevertheless.
  bool refill() {
    if (input_.pos < input_.size) return true;
    const std::size_t count = std::min<std::uint64_t>(packed_.size(), end_ - next_);
    file_.read(next_, std::span(packed_).first(count));
    next_ += count;
    input_ = {packed_.data(), count, 0};
    return count > 0;
  }

  ForeignFile& file_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::unique_ptr<XXH64_state_t, FreeChecksum> checksum_;
  std::string advice_;
  std::uint64_t begin_ = 0;
  std::uint64_t next_ = 0;  // in the file, behind the input
  std::uint64_t end_ = 0;
  ZSTD_inBuffer input_{};
  bool is_complete_ = false;
  bool has_run_out_ = false;
  std::array<std::byte, kPiece> packed_;
};

SeekableZstdFile::SeekableZstdFile(ForeignFile file, std::nullptr_t)
    : file_(std::make_unique<ForeignFile>(std::move(file))),
      ends_(1),
      unpacker_(std::make_unique<Unpacker>(*file_)) {}

SeekableZstdFile::SeekableZstdFile(ForeignFile file) : SeekableZstdFile(std::move(file), nullptr) {
  if (file_->size() > 0) read_table();
  frame_ = frame_count();
}

SeekableZstdFile SeekableZstdFile::by_scanning(ForeignFile file,
                                               const std::function<void()>& step) {
  SeekableZstdFile scanned(std::move(file), nullptr);
  scanned.scan(step);
  scanned.frame_ = scanned.frame_count();
  return scanned;
}

SeekableZstdFile::SeekableZstdFile(SeekableZstdFile&&) noexcept = default;
SeekableZstdFile::~SeekableZstdFile() = default;

SeekableZstdFile::Table SeekableZstdFile::find_table() {
  const std::uint64_t size = file_->size();
  if (size < kSkippableHeader + kFooter || file_->read_u32(size - 4) != kFooterMagic) {
    throw file_->error(size, "seek table", "one at the end",
                       "none: it was not closed, or a program without seek tables made it; "
                       "--scan-frames reads it all the same");
  }
  const std::uint64_t footer = size - kFooter;
  const std::uint64_t count = file_->read_u32(footer);
  const auto descriptor = static_cast<std::uint8_t>(file_->read(footer + 4, 1)[0]);
  if ((descriptor & kReservedBits) != 0) {
    throw file_->error(footer + 4, "descriptor", "0 in bits 2 to 6", std::to_string(descriptor));
  }
  const bool has_checksums = (descriptor & kHasChecksums) != 0;
  const std::uint64_t entry_size = has_checksums ? 12 : 8;
  const std::uint64_t table = kSkippableHeader + count * entry_size + kFooter;
  if (count > kMostFrames || table > size) {
    throw file_->error(footer, "number of frames", "what the file has room for, at most 2^22",
                       std::to_string(count));
  }
  const std::uint64_t begin = size - table;
  if (const std::uint32_t magic = file_->read_u32(begin); magic != kSkippableMagic) {
    throw file_->error(begin, "seek table", "its magic number", std::to_string(magic));
  }
  if (const std::uint32_t rest = file_->read_u32(begin + 4); rest != table - kSkippableHeader) {
    throw file_->error(begin + 4, "size of the seek table",
                       std::to_string(table - kSkippableHeader), std::to_string(rest));
  }
  return {begin, begin + kSkippableHeader, footer, entry_size};
}

void SeekableZstdFile::read_table() {
  const Table table = find_table();
  for (std::uint64_t at = table.entries; at < table.footer; at += table.entry_size) {
    const std::uint32_t stored = file_->read_u32(at);
    const End end{ends_.back().stored + stored, ends_.back().raw + file_->read_u32(at + 4)};
    if (stored < kShortestFrame || end.stored > table.begin) {
      throw file_->error(at, "stored size", "that of a frame before the seek table",
                         std::to_string(stored));
    }
    ends_.push_back(end);
    if (table.entry_size == 12) checksums_.push_back(file_->read_u32(at + 8));
  }
  if (ends_.back().stored != table.begin) {
    throw file_->error(ends_.back().stored, "frames", "some that end where the seek table begins",
                       "other bytes");
  }
  require_empty_frames();
}

// Reading passes by frames of which the table says that they are empty: are they?
void SeekableZstdFile::require_empty_frames() {
  std::array<std::byte, 1> byte;
  for (std::size_t i = 0; i < frame_count(); ++i) {
    if (ends_[i].raw != ends_[i + 1].raw) continue;
    unpacker_->start(ends_[i].stored, ends_[i + 1].stored);
    if (unpacker_->unpack(byte) == 0) continue;
    throw file_->error(ends_[i].stored, "uncompressed size of the frame", "0", "more");
  }
}

// A table is a frame of no bytes to zstd; it is not believed here, so frames behind it count too.
void SeekableZstdFile::scan(const std::function<void()>& step) {
  std::array<std::byte, kPiece> piece;
  while (ends_.back().stored < file_->size()) {
    const std::uint64_t begin = ends_.back().stored;
    left_over_ = {file_->size() - begin, is_zeros_from(begin, step)};
    if (left_over_.is_zeros) return;
    std::uint64_t size = 0;
    unpacker_->start(begin, file_->size(), cut_advice(begin));
    while (!unpacker_->is_complete()) {
      step();
      size += unpacker_->unpack(piece);
      if (unpacker_->has_run_out()) return;
    }
    if (frame_count() == kMostFrames) {
      throw file_->error(begin, "number of frames", "at most 2^22", "more");
    }
    ends_.push_back({unpacker_->position(), ends_.back().raw + size});
    left_over_ = {};
  }
}

bool SeekableZstdFile::is_zeros_from(std::uint64_t offset, const std::function<void()>& step) {
  std::array<std::byte, kPiece> piece;
  // A frame shows in its first bytes: the magic number.
  for (std::uint64_t most = 4; offset < file_->size(); most = kPiece) {
    step();
    const auto part = std::span(piece).first(std::min(most, file_->size() - offset));
    file_->read(offset, part);
    if (std::ranges::any_of(part, [](std::byte byte) { return byte != std::byte{}; })) return false;
    offset += part.size();
  }
  return true;
}

void SeekableZstdFile::read(std::uint64_t offset, std::span<std::byte> out) {
  if (offset > size() || out.size() > size() - offset) {
    throw file_->error(
        file_->size(), "uncompressed size",
        "at least " + std::to_string(out.size()) + " bytes from " + std::to_string(offset) + " on",
        std::to_string(size()));
  }
  while (!out.empty()) {
    go_to(offset);
    const std::uint64_t in_frame = ends_[frame_ + 1].raw - offset;
    const std::size_t count = unpack(out.first(std::min<std::uint64_t>(out.size(), in_frame)));
    offset += count;
    out = out.subspan(count);
  }
}

// Makes `offset`, which is before the end, the position.
void SeekableZstdFile::go_to(std::uint64_t offset) {
  const bool goes_on =
      frame_ < frame_count() && offset >= position_ && offset < ends_[frame_ + 1].raw;
  if (!goes_on) {
    const auto behind =
        std::upper_bound(ends_.begin(), ends_.end(), offset,
                         [](std::uint64_t wanted, const End& end) { return wanted < end.raw; });
    frame_ = static_cast<std::size_t>(behind - ends_.begin()) - 1;
    position_ = ends_[frame_].raw;
    unpacker_->start(ends_[frame_].stored, ends_[frame_ + 1].stored);
  }
  std::array<std::byte, kPiece> skipped;
  while (position_ < offset) {
    unpack(std::span(skipped).first(std::min<std::uint64_t>(kPiece, offset - position_)));
  }
}

// Fills `out` from the current frame, which has as many bytes by the table.
std::size_t SeekableZstdFile::unpack(std::span<std::byte> out) {
  const std::size_t count = unpacker_->unpack(out);
  position_ += count;
  if (count < out.size()) {
    throw file_->error(unpacker_->begin(), "uncompressed size of the frame",
                       std::to_string(ends_[frame_ + 1].raw - ends_[frame_].raw),
                       std::to_string(position_ - ends_[frame_].raw));
  }
  if (position_ == ends_[frame_ + 1].raw) end_frame();
  return count;
}

// All bytes of the frame were unpacked: nothing else may be in it.
void SeekableZstdFile::end_frame() {
  std::array<std::byte, 1> more;
  if (unpacker_->unpack(more) > 0) {
    throw file_->error(unpacker_->begin(), "uncompressed size of the frame",
                       std::to_string(ends_[frame_ + 1].raw - ends_[frame_].raw), "more");
  }
  if (!unpacker_->is_complete() || unpacker_->position() != ends_[frame_ + 1].stored) {
    throw file_->error(unpacker_->begin(), "stored size of the frame",
                       std::to_string(ends_[frame_ + 1].stored - ends_[frame_].stored),
                       "another one");
  }
  if (!checksums_.empty() && unpacker_->checksum() != checksums_[frame_]) {
    throw file_->error(unpacker_->begin(), "checksum of the frame",
                       std::to_string(checksums_[frame_]), std::to_string(unpacker_->checksum()));
  }
  frame_ = frame_count();
}

// ---- SeekableZstdWriter

void SeekableZstdWriter::add_frame(ByteView frame, std::uint64_t size) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  if (sizes_.size() == kMostWrittenFrames || frame.size() > kMost || size > kMost) {
    throw InvalidArgument("the seekable zstd format has room for 2^27 frames below 4 GiB");
  }
  sizes_.emplace_back(static_cast<std::uint32_t>(frame.size()), static_cast<std::uint32_t>(size));
  out_ << frame.text();
}

void SeekableZstdWriter::pack(ByteView bytes) {
  const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string frame(ZSTD_compressBound(bytes.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), frame.data(), frame.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();  // all else it can complain of is excluded
  add_frame(ByteView(frame).sub(0, size), bytes.size());
}

void SeekableZstdWriter::finish() {
  const auto count = static_cast<std::uint32_t>(sizes_.size());
  std::string bytes;
  put_u32(bytes, kSkippableMagic);
  put_u32(bytes, count * 8 + static_cast<std::uint32_t>(kFooter));
  for (const auto& [stored, size] : sizes_) {
    put_u32(bytes, stored);
    put_u32(bytes, size);
  }
  put_u32(bytes, count);
  bytes += '\0';
  put_u32(bytes, kFooterMagic);
  out_ << bytes;
}

}  // namespace quire::formats
