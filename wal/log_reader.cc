#include "wal/log_reader.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <quire/error.h>

#include "base/checksum.h"

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
  if (scan_.unproven().empty()) return;
  // A process that died may have left chunks in the cache that a failed sync will never bring to
  // the disk. If pages were written from them and power failed, no log would tell of those pages.
  std::unique_ptr<File> file;
  std::uint32_t no = 0;
  bool only_marks = true;
  for (const UnprovenChunk& chunk : scan_.unproven()) {
    if (chunk.at.segment != no) {
      if (file) file->sync_data();
      no = chunk.at.segment;
      file = open(no, OpenMode::read_write);
    }
    rewrite(*file, chunk);
    only_marks = only_marks && chunk.header.kind == static_cast<std::uint8_t>(ChunkKind::mark);
  }
  file->sync_data();
  // Without the mark, damage to these chunks while pages are being written would look like a torn
  // end, and pages of commits that no longer exist would stay.
  if (!only_marks) append_mark();
}

void LogReader::rewrite(File& file, const UnprovenChunk& chunk) const {
  const std::uint64_t offset = chunk.at.offset;
  std::vector<std::byte> bytes(kChunkHeaderSize + chunk.header.body_length);
  read_again(file, offset, bytes);
  const ByteView header = bytes_of(chunk.header);
  if (ByteView(bytes).sub(0, header.size()) != header ||
      body_sum(ByteView(bytes).sub(header.size()), chunk.salt, offset) != chunk.header.body_sum)
    throw CorruptionError(place(file, offset), "log record", "what was read a moment ago",
                          "other bytes");
  file.write_at(offset, ByteView(bytes));
}

void LogReader::append_mark() const {
  const LogPosition end = scan_.end();
  const SegmentHeader& segment = scan_.end_segment();
  ChunkHeader mark{};
  mark.kind = static_cast<std::uint8_t>(ChunkKind::mark);
  mark.flags = kGroupEndsFlag;
  mark.seq = scan_.newest_seq();
  mark.prev_sum = scan_.chain();
  mark.body_sum = body_sum({}, segment.salt, end.offset);
  set_durable_end(mark, end);
  seal(mark, segment.salt, end.offset);

  const std::unique_ptr<File> file = open(end.segment, OpenMode::read_write);
  // Whole blocks, from the start of the one that the log ends in: its first bytes stay the same.
  const std::uint64_t begin = end.offset / kBlockSize * kBlockSize;
  const std::size_t kept = end.offset - begin;
  std::vector<std::byte> blocks(round_up(kept + sizeof(mark), kBlockSize));
  if (begin + blocks.size() > segment.segment_bytes)
    throw CorruptionError(place(*file, end.offset), "segment bytes", "room for a mark",
                          std::to_string(segment.segment_bytes));
  read_again(*file, begin, std::span(blocks).first(kept));
  std::memcpy(blocks.data() + kept, &mark, sizeof(mark));
  file->write_at(begin, ByteView(blocks));
  file->sync_data();
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
