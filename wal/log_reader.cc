#include "wal/log_reader.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <quire/error.h>

#include "base/checksum.h"
#include "base/sabotage.h"

namespace quire::wal {
namespace {

constexpr std::size_t kMaxOpenSegments = 64;

std::string place(const File& file, std::uint64_t offset) {
  return file.path() + " at offset " + std::to_string(offset);
}

/// Exactly the bytes that a scan has found there before.
void read_again(File& file, std::uint64_t offset, std::span<std::byte> bytes) {
  const std::size_t count = file.read_at(offset, bytes);
  if (count != bytes.size())
    throw CorruptionError(place(file, offset), "length", std::to_string(bytes.size()),
                          std::to_string(count));
}

/// Writes what is added in whole blocks, as some disks damage what shares a block with what they
/// were writing when power failed. It reads nothing: each byte is verified, or padding.
class BlockWriter {
 public:
  explicit BlockWriter(File& file) noexcept : file_(&file) {}

  void add(std::uint64_t offset, ByteView bytes) {
    if (offset != begin_ + bytes_.size()) {
      finish();
      begin_ = offset;
      bytes_.clear();
    }
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    is_written_ = false;
    if (bytes_.size() >= kMostBytes) write_whole_blocks();
  }

  /// All is written. A block that is full in part only is padded with zeros, and written again if
  /// more of it is added.
  void finish() {
    if (std::exchange(is_written_, true)) return;
    const std::size_t size = bytes_.size();
    bytes_.resize(round_up(begin_ + size, kBlockSize) - begin_);
    file_->write_at(begin_, ByteView(bytes_));
    bytes_.resize(size);
    forget_whole_blocks();
  }

  File& file() noexcept { return *file_; }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{64} << 10;

  /// Bytes of blocks that nothing more is added to.
  std::size_t whole_blocks() const noexcept {
    const std::uint64_t end = (begin_ + bytes_.size()) / kBlockSize * kBlockSize;
    return end <= begin_ ? 0 : end - begin_;
  }

  /// Padding would destroy what has yet to be read of the last block, and added.
  void write_whole_blocks() {
    file_->write_at(begin_, ByteView(bytes_).sub(0, whole_blocks()));
    forget_whole_blocks();
    is_written_ = bytes_.empty();
  }

  void forget_whole_blocks() {
    const std::size_t size = whole_blocks();
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
    begin_ += size;
  }

  File* file_;
  std::uint64_t begin_ = 0;
  std::vector<std::byte> bytes_;  // since the last block that was written as a whole
  bool is_written_ = true;
};

std::vector<std::byte> read_chunk(File& file, const UnprovenChunk& chunk) {
  const std::uint64_t offset = chunk.at.offset;
  std::vector<std::byte> bytes(kChunkHeaderSize + chunk.header.body_length);
  read_again(file, offset, bytes);
  const ByteView header = bytes_of(chunk.header);
  if (ByteView(bytes).sub(0, header.size()) != header ||
      body_sum(ByteView(bytes).sub(header.size()), chunk.salt, offset) != chunk.header.body_sum)
    throw CorruptionError(place(file, offset), "log record", "what was read a moment ago",
                          "other bytes");
  return bytes;
}

/// Behind the end of the scanned log; synced.
void append_mark(BlockWriter& writer, const LogScan& scan) {
  const LogPosition end = scan.end();
  const SegmentHeader& segment = scan.end_segment();
  ChunkHeader mark{};
  mark.kind = static_cast<std::uint8_t>(ChunkKind::mark);
  mark.flags = kGroupEndsFlag;
  mark.seq = scan.newest_seq();
  mark.prev_sum = scan.chain();
  mark.body_sum = body_sum({}, segment.salt, end.offset);
  set_durable_end(mark, end);
  seal(mark, segment.salt, end.offset);
  if (round_up(end.offset + sizeof(mark), kBlockSize) > segment.segment_bytes)
    throw CorruptionError(place(writer.file(), end.offset), "segment bytes", "room for a mark",
                          std::to_string(segment.segment_bytes));
  writer.add(end.offset, bytes_of(mark));
  writer.finish();
  writer.file().sync_data();
}

}  // namespace

LogReader::LogReader(const SegmentSet& segments, const LogStart& start, OnDamage on_damage)
    : segments_(segments), scan_(segments, start, on_damage) {}

std::unique_ptr<File> LogReader::open(std::uint32_t no, OpenMode how) const {
  std::unique_ptr<File> file = segments_.open(no, how);
  if (!file)
    throw CorruptionError(segments_.path(no), "segment", "the file that was scanned", "no file");
  return file;
}

// ---- the tail

void LogReader::rewrite_tail() {
  if (scan_.unproven().empty() || is_sabotaged(Sabotage::tail_rewriting)) return;
  // A process that died may have left chunks in the cache that a failed sync will never bring to
  // the disk. If pages were written from them and power failed, no log would tell of those pages.
  std::unique_ptr<File> file;
  std::optional<BlockWriter> writer;
  std::uint32_t no = 0;
  const auto go_to = [&](std::uint32_t segment) {
    no = segment;
    file = open(no, OpenMode::read_write);
    writer.emplace(*file);
  };
  const auto sync = [&] {
    writer->finish();
    if (!is_sabotaged(Sabotage::rewritten_tail_sync)) file->sync_data();
  };
  bool only_marks = true;
  for (const UnprovenChunk& chunk : scan_.unproven()) {
    if (chunk.at.segment != no) {
      if (writer) sync();
      go_to(chunk.at.segment);
    }
    writer->add(chunk.at.offset, read_chunk(*file, chunk));
    only_marks = only_marks && chunk.header.kind == static_cast<std::uint8_t>(ChunkKind::mark);
  }
  sync();
  // Without the mark, damage to these chunks while pages are being written would look like a torn
  // end, and pages of commits that no longer exist would stay.
  if (only_marks) return;
  if (scan_.end().segment != no) go_to(scan_.end().segment);
  append_mark(*writer, scan_);
}

// ---- pages

File& LogReader::segment(std::uint32_t no) {
  const auto found = open_.find(no);
  if (found != open_.end()) return *found->second;
  if (open_.size() >= kMaxOpenSegments) open_.clear();
  return *(open_[no] = open(no, OpenMode::read_only));
}

ReplayedPage LogReader::read_page(Pid pid, MutablePageBytes page) {
  const auto found = scan_.index().pages().find(pid);
  if (found == scan_.index().pages().end())
    throw InvalidArgument("the log has no content of page " + std::to_string(pid));
  const PageHistory& history = found->second;
  for (const RecordPlace& record : history.records) {
    File& file = segment(record.at.segment);
    record_.resize(record.bytes);
    read_again(file, record.at.offset, record_);
    if (checksum64(record_, 0) != record.sum)
      throw CorruptionError(place(file, record.at.offset),
                            "page record of page " + std::to_string(pid),
                            "what was read a moment ago", "other bytes");
    apply_record(decode_page_record(record_, place(file, record.at.offset)), page);
  }
  return {history.seq, history.type, history.owner};
}

}  // namespace quire::wal
