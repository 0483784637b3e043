#include "wal/log_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include <quire/error.h>

#include "base/checksum.h"
#include "base/invariant.h"

namespace quire::wal {
namespace {

constexpr std::array<std::byte, kBlockSize> kZeroBlock{};

bool is_possible(std::uint64_t segment_bytes) noexcept {
  return segment_bytes >= kMinSegmentBytes && segment_bytes < kMaxSegmentBytes &&
         segment_bytes % kBlockSize == 0;
}

bool fits(std::uint64_t offset, std::size_t body_bytes, std::uint64_t segment_bytes) noexcept {
  return offset + kChunkHeaderSize + body_bytes <= segment_bytes - kSegmentReserve;
}

}  // namespace

/// Chunks for one segment, sealed and not yet written. The parts point into `headers`, `end_body`
/// and the commits.
struct LogWriter::Write {
  std::uint64_t begin = 0;
  std::deque<ChunkHeader> headers;  // a deque: its elements stay in place
  std::vector<ByteView> parts;
  EndBody end_body;
};

LogWriter::LogWriter(SegmentSet segments, const LogIdentity& identity, const SegmentSizes& sizes)
    : segments_(std::move(segments)),
      identity_(identity),
      sizes_{std::min(sizes.first, sizes.max), sizes.max},
      max_body_(0) {
  if (!is_possible(sizes_.first) || !is_possible(sizes_.max))
    throw InvalidArgument("a log segment must have a multiple of 4096 bytes, at least " +
                          std::to_string(kMinSegmentBytes) + " and less than 4 GiB");
  max_body_ = max_body_bytes(sizes_.first);
}

template <class Step>
void LogWriter::guarded(const Step& step) {
  try {
    step();
  } catch (const OutOfSpace&) {
    throw;  // thrown before anything of the log has changed
  } catch (const IoError& error) {
    poison_ = Poison{error.operation(), error.path(), error.error_number()};
    throw;
  } catch (...) {
    poison_ = Poison{"write", segments_.path(std::max(end_.segment, 1u)), 0};
    throw;
  }
}

void LogWriter::require_usable() const {
  if (poison_)
    throw IoError(poison_->operation, poison_->path, poison_->error_number,
                  "the log has failed before and takes nothing more; reopen the database");
}

LogWriter::Segment& LogWriter::segment(std::uint32_t no) {
  invariant(!live_.empty() && no >= live_.front().no && no <= live_.back().no,
            "the log writes only to segments that it has prepared");
  return live_[no - live_.front().no];
}

std::uint32_t LogWriter::first_segment() const noexcept {
  return live_.empty() ? 0 : live_.front().no;
}

std::uint64_t LogWriter::live_bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const Segment& segment : live_) {
    if (segment.no < end_.segment) bytes += segment.used;
    if (segment.no == end_.segment) bytes += end_.offset;
  }
  return bytes;
}

// ---- room

void LogWriter::start(Seq seq_before) {
  require_usable();
  invariant(live_.empty(), "a log is started once");
  appended_seq_ = durable_seq_ = seq_before;
  const std::uint64_t salt = fresh_salt();
  // No header names this log yet: after a crash it is foreign, or a left-over, and goes away.
  const SegmentHeader header = new_segment_header(1, sizes_.first, 1, salt);
  add_segment(1, sizes_.first, bytes_of(header));
  salt_ = salt;
  generation_ = 1;
  end_ = durable_end_ = {1, kBlockSize};
}

void LogWriter::reserve(const EncodedCommit& commit) {
  require_usable();
  while (!reservations_.empty() && reservations_.back().seq >= commit.seq) reservations_.pop_back();
  Reservation& reservation = reservations_.emplace_back();
  reservation.seq = commit.seq;
  try {
    for (const auto& body : commit.bodies) {
      if (body.size() > max_body_) throw InvalidArgument("a chunk is too long for this log");
      reservation.body_bytes.push_back(body.size());
    }
    reserve_from(end_);
    if (generation_may_change_) reserve_from({end_.segment + 1, kBlockSize});
  } catch (...) {
    reservations_.pop_back();
    throw;
  }
}

/// Places what is reserved as append() will at worst: each commit a group of its own behind a MARK.
/// Whatever goes less far ends no later, because a chunk that is placed earlier never ends later.
void LogWriter::reserve_from(LogPosition at) {
  for (const Reservation& reservation : reservations_) {
    at.offset += kBlockSize;
    for (const std::size_t body_bytes : reservation.body_bytes) at = place(at, body_bytes);
    at.offset = round_up(at.offset, kBlockSize);
  }
}

LogPosition LogWriter::place(LogPosition at, std::size_t body_bytes) {
  if (!fits(at.offset, body_bytes, segment(at.segment).bytes)) {
    at = {at.segment + 1, kBlockSize};
    if (at.segment > live_.back().no)
      add_segment(at.segment, std::min(2 * live_.back().bytes, sizes_.max), {});
  }
  at.offset += kChunkHeaderSize + body_bytes;
  return at;
}

void LogWriter::add_segment(std::uint32_t no, std::uint64_t bytes, ByteView head) {
  // Without a file descriptor for it there is no harm done, so this is not guarded.
  std::unique_ptr<File> temporary = segments_.create_temporary();
  guarded([&] {
    live_.push_back({no, bytes, 0, segments_.publish(std::move(temporary), no, head, bytes)});
  });
}

/// As long as the generation that ends, so that a busy log does not grow anew in each.
std::uint64_t LogWriter::successor_bytes() const noexcept {
  std::uint64_t bytes = sizes_.first;
  while (bytes < generation_bytes_ && bytes < sizes_.max) bytes *= 2;
  return std::min(bytes, sizes_.max);
}

void LogWriter::prepare_successor() {
  require_usable();
  if (live_.back().no == end_.segment) add_segment(end_.segment + 1, successor_bytes(), {});
  reserve_from({end_.segment + 1, kBlockSize});
  generation_may_change_ = true;
}

std::uint64_t LogWriter::fresh_salt() const {
  Le64 salt;
  segments_.file_system().fill_random({reinterpret_cast<std::byte*>(&salt), sizeof(salt)});
  return salt;
}

SegmentHeader LogWriter::new_segment_header(std::uint32_t no, std::uint64_t bytes,
                                            std::uint64_t generation,
                                            std::uint64_t salt) const noexcept {
  SegmentHeader header{};
  header.uuid = identity_.uuid;
  header.log_id = identity_.log_id;
  header.segment_no = no;
  header.generation = generation;
  header.salt = salt;
  header.segment_bytes = bytes;
  header.seq_before = appended_seq_;
  header.prev_segment = no - 1;
  header.prev_end_sum = chain_;
  seal(header);
  return header;
}

// ---- chunks

void LogWriter::append(std::span<EncodedCommit> group) {
  require_usable();
  if (group.empty()) return;
  guarded([&] {
    Write write{end_.offset, {}, {}, {}};
    for (EncodedCommit& commit : group) put_commit(write, commit, &commit == &group.back());
    send(write);
  });
  while (!reservations_.empty() && reservations_.front().seq <= appended_seq_)
    reservations_.pop_front();
}

void LogWriter::put_commit(Write& write, EncodedCommit& commit, bool ends_group) {
  invariant(commit.seq == appended_seq_ + 1, "commits are appended in order");
  invariant(!commit.bodies.empty(), "a commit has a chunk");
  std::vector<Le64> part_sums;
  for (std::vector<std::byte>& body : commit.bodies) {
    if (!fits(end_.offset, body.size(), segment(end_.segment).bytes)) move_on(write, generation_);
    const bool last = &body == &commit.bodies.back();
    std::uint8_t flags = commit.relaxed ? kRelaxedFlag : 0;
    if (last) {
      if (ends_group) flags |= kGroupEndsFlag;
      auto* trailer =
          reinterpret_cast<CommitTrailer*>(body.data() + body.size() - sizeof(CommitTrailer));
      trailer->part_sums = checksum64(
          {reinterpret_cast<const std::byte*>(part_sums.data()), part_sums.size() * sizeof(Le64)},
          0);
    }
    put(write, last ? ChunkKind::commit : ChunkKind::part, flags, commit.seq, body);
    part_sums.push_back(write.headers.back().body_sum);
  }
  appended_seq_ = commit.seq;
}

void LogWriter::put(Write& write, ChunkKind kind, std::uint8_t flags, Seq seq, ByteView body) {
  ChunkHeader& header = write.headers.emplace_back();
  header.body_length = static_cast<std::uint32_t>(body.size());
  header.kind = static_cast<std::uint8_t>(kind);
  header.flags = flags;
  header.seq = seq;
  header.prev_sum = chain_;
  header.body_sum = body_sum(body, salt_, end_.offset);
  set_durable_end(header, durable_end_);
  seal(header, salt_, end_.offset);
  write.parts.push_back(bytes_of(header));
  if (!body.empty()) write.parts.push_back(body);
  chain_ = header.sum;
  end_.offset += kChunkHeaderSize + body.size();
  ends_in_mark_ = kind == ChunkKind::mark;
}

/// Fills the last block with zeros and writes all to the segment.
void LogWriter::send(Write& write) {
  const std::uint64_t end = round_up(end_.offset, kBlockSize);
  if (end > end_.offset) write.parts.push_back(ByteView(kZeroBlock).sub(0, end - end_.offset));
  segment(end_.segment).file->write_at(write.begin, write.parts);
  bytes_written_ += end - write.begin;
  generation_bytes_ += end - write.begin;
  end_.offset = end;
}

/// Ends the segment behind what `write` holds and begins the next one.
void LogWriter::move_on(Write& write, std::uint64_t generation) {
  Segment& from = segment(end_.segment);
  Segment& to = segment(end_.segment + 1);
  write.end_body.next_segment = to.no;
  put(write, ChunkKind::end, kGroupEndsFlag, appended_seq_, bytes_of(write.end_body));
  const std::uint64_t salt = fresh_salt();
  const SegmentHeader header = new_segment_header(to.no, to.bytes, generation, salt);
  // A crash behind this sync leaves a segment that nothing leads to: it is ignored. An END that
  // reached the disk before block 0 would lead to nothing: the log could not be read (L7).
  to.file->write_at(0, bytes_of(header));
  bytes_written_ += sizeof(header);
  sync_file(*to.file);
  send(write);
  // Only then records there: their durable end says that all of this is on the disk.
  sync_file(*from.file);
  from.used = end_.offset;
  from.file.reset();
  salt_ = salt;
  end_ = {to.no, kBlockSize};
  generation_ = generation;
  all_is_durable();
  write = Write{end_.offset, {}, {}, {}};
}

void LogWriter::sync_file(File& file) {
  file.sync_data();
  ++syncs_;
}

void LogWriter::all_is_durable() noexcept {
  durable_end_ = end_;
  durable_seq_ = appended_seq_;
}

void LogWriter::sync() {
  require_usable();
  if (durable_end_ == end_) return;
  guarded([&] { sync_file(*segment(end_.segment).file); });
  all_is_durable();
}

void LogWriter::mark() {
  // The durable end that a MARK names must lie behind what it is to prove, hence the sync before.
  sync();
  if (ends_in_mark_) return;
  guarded([&] {
    Write write{end_.offset, {}, {}, {}};
    put(write, ChunkKind::mark, kGroupEndsFlag, appended_seq_, {});
    send(write);
  });
  sync();
}

void LogWriter::next_generation() {
  prepare_successor();
  guarded([&] {
    Write write{end_.offset, {}, {}, {}};
    move_on(write, generation_ + 1);
  });
  generation_bytes_ = 0;
  generation_may_change_ = false;
}

// ---- the end of segments

void LogWriter::retire(std::uint32_t segment) {
  require_usable();
  invariant(segment <= end_.segment, "the segment that is being written is not retired");
  while (live_.front().no < segment) {
    // A crash may bring the name back; below the first segment needed nobody reads it.
    segments_.remove(live_.front().no);
    live_.pop_front();
  }
}

void LogWriter::delete_all() {
  require_usable();
  while (!live_.empty()) {
    segments_.remove(live_.front().no);
    live_.pop_front();
  }
}

}  // namespace quire::wal
