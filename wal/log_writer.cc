#include "wal/log_writer.h"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include <quire/error.h>

#include "base/checksum.h"
#include "base/invariant.h"
#include "base/sabotage.h"

namespace quire::wal {
namespace {

constexpr std::array<std::byte, kBlockSize> kZeroBlock{};

bool is_possible(std::uint64_t segment_bytes) noexcept {
  return segment_bytes >= kMinSegmentBytes && segment_bytes < kMaxSegmentBytes &&
         segment_bytes % kBlockSize == 0;
}

}  // namespace

/// Chunks for one segment, sealed and not yet written. The parts point into `headers`, `end_body`
/// and the commits.
struct LogWriter::Write {
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
  } catch (const std::exception& error) {
    poison(error);
    throw;
  }
}

void LogWriter::poison(const std::exception& reason) noexcept {
  MutexLock lock(mutex_);
  if (poison_) return;
  poison_ = Poison();
  try {
    const auto* io = dynamic_cast<const IoError*>(&reason);
    *poison_ = io != nullptr ? Poison{io->operation(), io->path(), io->error_number()}
                             : Poison{"write", segments_.path(1), 0};
  } catch (const std::bad_alloc&) {
    // It is poisoned, and has no words for it.
  }
}

void LogWriter::require_usable() const {
  if (poison_)
    throw IoError(poison_->operation, poison_->path, poison_->error_number,
                  "the log has failed before and takes nothing more; reopen the database");
}

void LogWriter::require_usable_now() const {
  MutexLock lock(mutex_);
  require_usable();
}

LogWriter::Segment& LogWriter::segment(std::uint32_t no) {
  invariant(!live_.empty() && no >= live_.front().no && no <= live_.back().no,
            "the log writes only to segments that it has prepared");
  return live_[no - live_.front().no];
}

/// For the leader, which alone takes segments away: a deque leaves the others in place.
LogWriter::Segment& LogWriter::segment_to_write(std::uint32_t no) {
  MutexLock lock(mutex_);
  return segment(no);
}

// ---- room

void LogWriter::start(Seq seq_before) {
  require_usable_now();
  invariant(first_segment() == 0, "a log is started once");
  const std::uint64_t salt = fresh_salt();
  tail_.seq = seq_before;
  // No header names this log yet: after a crash it is foreign, or a left-over, and goes away.
  const SegmentHeader header = new_segment_header(1, sizes_.first, 1, salt);
  {
    MutexLock creating(creation_);
    add_segment({1, sizes_.first, nullptr, 0}, bytes_of(header));
  }
  enter(segment_to_write(1), 1, salt);
  tail_.durable_end = tail_.at;
  MutexLock lock(mutex_);
  appended_seq_ = durable_seq_ = seq_before;
  generation_ = generation_segment_ = 1;
  end_ = tail_.at;
}

void LogWriter::reserve(const EncodedCommit& commit) {
  std::vector<std::size_t> body_bytes;
  for (const auto& body : commit.bodies) body_bytes.push_back(body.size());
  reserve(commit.seq, body_bytes);
}

void LogWriter::reserve(Seq seq, std::span<const std::size_t> body_bytes) {
  for (const std::size_t bytes : body_bytes)
    if (bytes > max_body_) throw InvalidArgument("a chunk is too long for this log");
  {
    MutexLock lock(mutex_);
    require_usable();
    ledger_.promise(seq, {body_bytes.begin(), body_bytes.end()});
    // Without a word to those who are making files, who may take long.
    if (has_room(RoomFor::commits)) return;
  }
  try {
    make_room(RoomFor::commits);
  } catch (...) {
    MutexLock lock(mutex_);
    ledger_.withdraw(seq);
    throw;
  }
}

void LogWriter::prepare_successor() { make_room(RoomFor::change_of_generation); }

void LogWriter::close_generation(Seq last) {
  MutexLock lock(mutex_);
  require_usable();
  invariant(last >= appended_seq_, "a generation ends behind what was appended");
  ledger_.close_generation(last);
}

void LogWriter::make_room(RoomFor purpose) {
  MutexLock creating(creation_);
  while (std::optional<Segment> segment = missing_segment(purpose))
    add_segment(std::move(*segment), {});
}

bool LogWriter::has_room(RoomFor purpose) const {
  invariant(!live_.empty(), "a log is started before it is used");
  std::vector<std::uint64_t> segment_bytes;
  for (const Segment& segment : live_)
    if (segment.no >= end_.segment) segment_bytes.push_back(segment.bytes);
  return purpose == RoomFor::commits ? ledger_.has_room(end_, segment_bytes)
                                     : ledger_.has_room_for_change(end_, segment_bytes);
}

/// The next segment to be made. Nothing if there is room; a change of generation counts from then.
std::optional<LogWriter::Segment> LogWriter::missing_segment(RoomFor purpose) {
  MutexLock lock(mutex_);
  require_usable();
  if (has_room(purpose)) {
    if (purpose == RoomFor::change_of_generation) ledger_.expect_change();
    return std::nullopt;
  }
  const Segment& last = live_.back();
  const bool is_successor = purpose == RoomFor::change_of_generation && last.no == end_.segment;
  const std::uint64_t bytes =
      is_successor ? successor_bytes() : std::min(2 * last.bytes, sizes_.max);
  return Segment{last.no + 1, bytes, nullptr, 0};
}

/// As long as the generation that ends, so that a busy log does not grow anew in each.
std::uint64_t LogWriter::successor_bytes() const {
  const std::uint64_t written = bytes_since(generation_segment_);
  std::uint64_t bytes = sizes_.first;
  while (bytes < written && bytes < sizes_.max) bytes *= 2;
  return std::min(bytes, sizes_.max);
}

void LogWriter::add_segment(Segment segment, ByteView head) {
  // Without a file descriptor for it there is no harm done, so this is not guarded.
  std::unique_ptr<File> temporary = segments_.create_temporary();
  guarded([&] {
    segment.file = segments_.publish(std::move(temporary), segment.no, head, segment.bytes);
    MutexLock lock(mutex_);
    live_.push_back(std::move(segment));
  });
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
  header.seq_before = tail_.seq;
  header.prev_segment = no - 1;
  header.prev_end_sum = tail_.chain;
  seal(header);
  return header;
}

// ---- places: what the leader decides before it writes, so that the room side never waits for it

/// Gives the chunks of a group their places.
void LogWriter::place(std::span<const EncodedCommit> commits) {
  invariant(end_ == tail_.at, "what was placed has been written");
  for (const EncodedCommit& commit : commits) {
    invariant(!ledger_.closed_at() || commit.seq <= *ledger_.closed_at(),
              "no commit comes between the end of its generation and the next one");
    for (const auto& body : commit.bodies) {
      if (!chunk_fits(end_.offset, body.size(), segment(end_.segment).bytes)) place_end();
      end_.offset += kChunkHeaderSize + body.size();
    }
  }
  end_.offset = round_up(end_.offset, kBlockSize);
}

/// Gives the END its place; what follows begins the next segment.
void LogWriter::place_end() {
  segment(end_.segment).used =
      round_up(end_.offset + kChunkHeaderSize + sizeof(EndBody), kBlockSize);
  end_ = {end_.segment + 1, kBlockSize};
}

// ---- chunks

void LogWriter::append_parts(EncodedCommit& commit) {
  require_usable_now();
  invariant(commit.seq == tail_.seq + 1, "commits are appended in order");
  if (commit.bodies.empty()) return;
  guarded([&] {
    {
      MutexLock lock(mutex_);
      place({&commit, 1});
      ledger_.placed_parts(commit.seq, commit.bodies.size());
    }
    Write write;
    for (const auto& body : commit.bodies) {
      put_chunk(write, ChunkKind::part, commit, body, &body == &commit.bodies.back());
      commit.part_sums.push_back(write.headers.back().body_sum);
    }
    send(write);
  });
  commit.bodies.clear();
}

void LogWriter::append(std::span<EncodedCommit> group) {
  require_usable_now();
  if (group.empty()) return;
  guarded([&] {
    {
      MutexLock lock(mutex_);
      place(group);
      ledger_.placed(group.back().seq);
    }
    Write write;
    for (EncodedCommit& commit : group) put_commit(write, commit, &commit == &group.back());
    send(write);
    MutexLock lock(mutex_);
    appended_seq_ = tail_.seq;
  });
}

void LogWriter::put_commit(Write& write, EncodedCommit& commit, bool ends_group) {
  invariant(commit.seq == tail_.seq + 1, "commits are appended in order");
  invariant(!commit.bodies.empty(), "a commit has a chunk");
  invariant(
      commit.part_sums.size() <= tail_.parts || is_sabotaged(Sabotage::chunks_of_one_generation),
      "nothing comes between the chunks of a commit");
  for (std::vector<std::byte>& body : std::span(commit.bodies).first(commit.bodies.size() - 1)) {
    put_chunk(write, ChunkKind::part, commit, body, false);
    commit.part_sums.push_back(write.headers.back().body_sum);
  }
  std::vector<std::byte>& body = commit.bodies.back();
  auto* trailer =
      reinterpret_cast<CommitTrailer*>(body.data() + body.size() - sizeof(CommitTrailer));
  invariant(trailer->chunks == commit.part_sums.size() + 1, "a commit has all its chunks");
  trailer->part_sums = checksum64({reinterpret_cast<const std::byte*>(commit.part_sums.data()),
                                   commit.part_sums.size() * sizeof(Le64)},
                                  0);
  put_chunk(write, ChunkKind::commit, commit, body, ends_group);
  tail_.seq = commit.seq;
  tail_.parts = 0;
}

void LogWriter::put_chunk(Write& write, ChunkKind kind, const EncodedCommit& commit, ByteView body,
                          bool ends_group) {
  if (!chunk_fits(tail_.at.offset, body.size(), tail_.segment->bytes))
    move_on(write, tail_.generation);
  const auto flags = static_cast<std::uint8_t>((commit.relaxed ? kRelaxedFlag : 0) |
                                               (ends_group ? kGroupEndsFlag : 0));
  put(write, kind, flags, commit.seq, body);
}

void LogWriter::put(Write& write, ChunkKind kind, std::uint8_t flags, Seq seq, ByteView body) {
  ChunkHeader& header = write.headers.emplace_back();
  header.body_length = static_cast<std::uint32_t>(body.size());
  header.kind = static_cast<std::uint8_t>(kind);
  header.flags = flags;
  header.seq = seq;
  header.prev_sum = tail_.chain;
  header.body_sum = body_sum(body, tail_.salt, tail_.at.offset);
  const bool lies = is_sabotaged(Sabotage::durable_end_that_is_durable);
  set_durable_end(header, lies ? tail_.at : tail_.durable_end);
  seal(header, tail_.salt, tail_.at.offset);
  write.parts.push_back(bytes_of(header));
  if (!body.empty()) write.parts.push_back(body);
  tail_.chain = header.sum;
  tail_.at.offset += kChunkHeaderSize + body.size();
  tail_.ends_in_mark = kind == ChunkKind::mark;
  if (kind == ChunkKind::part) ++tail_.parts;
}

/// Fills the last block with zeros and writes all to the segment.
void LogWriter::send(Write& write) {
  const std::uint64_t end = round_up(tail_.at.offset, kBlockSize);
  if (end > tail_.at.offset)
    write.parts.push_back(ByteView(kZeroBlock).sub(0, end - tail_.at.offset));
  std::uint64_t bytes = 0;
  for (const ByteView& part : write.parts) bytes += part.size();
  heeding_errors(Sabotage::failing_log_write,
                 [&] { tail_.segment->file->write_at(end - bytes, write.parts); });
  bytes_written_ += bytes;
  tail_.at.offset = end;
}

/// Ends the segment behind what `write` holds and begins the next one.
void LogWriter::move_on(Write& write, std::uint64_t generation) {
  Segment& from = *tail_.segment;
  Segment& to = segment_to_write(from.no + 1);
  write.end_body.next_segment = to.no;
  put(write, ChunkKind::end, kGroupEndsFlag, tail_.seq, bytes_of(write.end_body));
  const bool is_fresh = !is_sabotaged(Sabotage::salt_of_each_segment);
  const std::uint64_t salt = is_fresh ? fresh_salt() : tail_.salt;
  const SegmentHeader header = new_segment_header(to.no, to.bytes, generation, salt);
  // A crash behind this sync leaves a segment that nothing leads to: it is ignored. An END that
  // reached the disk before block 0 would lead to nothing: the log could not be read (L7).
  to.file->write_at(0, bytes_of(header));
  bytes_written_ += sizeof(header);
  if (!is_sabotaged(Sabotage::successor_sync)) sync_file(*to.file);
  send(write);
  // Only then records there: their durable end says that all of this is on the disk.
  if (!is_sabotaged(Sabotage::end_of_segment_sync)) sync_file(*from.file);
  from.file.reset();
  enter(to, generation, salt);
  all_is_durable();
  write = Write{};
}

void LogWriter::enter(Segment& segment, std::uint64_t generation, std::uint64_t salt) noexcept {
  tail_.segment = &segment;
  tail_.at = {segment.no, kBlockSize};
  tail_.generation = generation;
  tail_.salt = salt;
}

void LogWriter::sync_file(File& file) {
  file.sync_data();
  ++syncs_;
}

void LogWriter::all_is_durable() {
  tail_.durable_end = tail_.at;
  MutexLock lock(mutex_);
  appended_seq_ = durable_seq_ = tail_.seq;
}

void LogWriter::sync() {
  require_usable_now();
  if (tail_.durable_end == tail_.at) return;
  if (is_sabotaged(Sabotage::log_sync)) return all_is_durable();
  guarded([&] {
    heeding_errors(Sabotage::failing_log_sync, [&] { sync_file(*tail_.segment->file); });
    all_is_durable();
  });
}

void LogWriter::mark() {
  // The durable end that a MARK names must lie behind what it is to prove, hence the sync before.
  sync();
  if (tail_.ends_in_mark) return;
  guarded([&] {
    {
      MutexLock lock(mutex_);
      end_.offset += kBlockSize;
    }
    Write write;
    put(write, ChunkKind::mark, kGroupEndsFlag, tail_.seq, {});
    send(write);
  });
  sync();
}

void LogWriter::next_generation() {
  require_usable_now();
  guarded([&] {
    {
      MutexLock lock(mutex_);
      invariant(ledger_.closed_at() == tail_.seq, "a generation ends where it was closed");
      place_end();
      ledger_.change_generation();
    }
    Write write;
    move_on(write, tail_.generation + 1);
    tail_.parts = 0;
    MutexLock lock(mutex_);
    generation_ = tail_.generation;
    generation_segment_ = tail_.at.segment;
  });
}

// ---- the end of segments

void LogWriter::retire(std::uint32_t segment) {
  require_usable_now();
  invariant(segment <= tail_.at.segment, "the segment that is being written is not retired");
  // A crash may bring the name back; below the first segment needed nobody reads it.
  while (first_segment() < segment) remove_first();
}

void LogWriter::delete_all() {
  require_usable_now();
  while (segment_count() > 0) remove_first();
}

void LogWriter::remove_first() {
  segments_.remove(first_segment());
  std::unique_ptr<File> file;  // closed when the mutex is free again
  MutexLock lock(mutex_);
  file = std::move(live_.front().file);
  live_.pop_front();
}

// ---- getters

std::uint64_t LogWriter::generation() const noexcept {
  MutexLock lock(mutex_);
  return generation_;
}

std::uint32_t LogWriter::generation_segment() const noexcept {
  MutexLock lock(mutex_);
  return generation_segment_;
}

std::uint32_t LogWriter::current_segment() const noexcept {
  MutexLock lock(mutex_);
  return end_.segment;
}

std::uint32_t LogWriter::first_segment() const noexcept {
  MutexLock lock(mutex_);
  return live_.empty() ? 0 : live_.front().no;
}

Seq LogWriter::appended_seq() const noexcept {
  MutexLock lock(mutex_);
  return appended_seq_;
}

Seq LogWriter::durable_seq() const noexcept {
  MutexLock lock(mutex_);
  return durable_seq_;
}

bool LogWriter::poisoned() const noexcept {
  MutexLock lock(mutex_);
  return poison_.has_value();
}

std::uint64_t LogWriter::live_bytes() const noexcept {
  MutexLock lock(mutex_);
  return bytes_since(1);
}

std::uint64_t LogWriter::bytes_since(std::uint32_t first) const {
  std::uint64_t bytes = 0;
  for (const Segment& segment : live_) {
    if (segment.no < first) continue;
    if (segment.no < end_.segment) bytes += segment.used;
    if (segment.no == end_.segment) bytes += end_.offset;
  }
  return bytes;
}

std::size_t LogWriter::segment_count() const noexcept {
  MutexLock lock(mutex_);
  return live_.size();
}

}  // namespace quire::wal
