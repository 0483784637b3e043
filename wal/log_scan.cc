#include "wal/log_scan.h"

#include <cstring>
#include <limits>
#include <utility>

#include <quire/error.h>

#include "base/checksum.h"
#include "base/sabotage.h"

namespace quire::wal {

LogScan::LogScan(const SegmentSet& segments, const LogStart& start, OnDamage on_damage)
    : segments_(segments),
      start_(start),
      newest_seq_(start.complete_seq),
      page_count_(start.page_count) {
  try {
    scan();
  } catch (const CorruptionError& error) {
    if (on_damage == OnDamage::refuse) throw;
    damage_ = error.finding();
  } catch (const IoError& error) {
    if (on_damage == OnDamage::refuse) throw;
    damage_ = error.what();
  }
}

void LogScan::scan() {
  open_first();
  while (const std::optional<Chunk> chunk = next_chunk()) {
    const bool is_end = chunk->header.kind == static_cast<std::uint8_t>(ChunkKind::end);
    advance(*chunk);
    if (is_end) enter_successor(*chunk);
  }
  refuse_if_durable();
}

std::string LogScan::place() const {
  return reader_->path() + " at offset " + std::to_string(at_.offset);
}

// ---- segments

void LogScan::check_block(const char* field, std::uint64_t expected, std::uint64_t found) const {
  if (expected != found)
    throw CorruptionError(reader_->path(), field, std::to_string(expected), std::to_string(found));
}

/// A segment has its length, synced, before it has a block 0: one that is shorter has lost its end
/// since, and with it commits of which nothing else tells.
void LogScan::require_whole_segment() const {
  if (is_sabotaged(Sabotage::whole_segment)) return;
  check_block("segment bytes", reader_->header().segment_bytes, reader_->bytes());
}

void LogScan::open_first() {
  const std::uint64_t no = start_.first_segment;
  if (no == 0 || no > std::numeric_limits<std::uint32_t>::max())
    throw CorruptionError("database header", "first segment needed", "1 to 4294967295",
                          std::to_string(no));
  at_ = {static_cast<std::uint32_t>(no), kBlockSize};
  reader_ = SegmentReader::open(segments_, start_.identity, at_.segment, OpenMode::read_only);
  if (!reader_)
    throw CorruptionError(segments_.path(at_.segment), "block 0",
                          "a segment of this database's log, which is needed",
                          "none, or that of another log");
  if (!is_sabotaged(Sabotage::log_generation))
    check_block("generation", start_.first_generation, reader_->header().generation);
  check_block("seq before", start_.complete_seq, reader_->header().seq_before);
  require_whole_segment();
  chain_ = reader_->header().prev_end_sum;
}

void LogScan::enter_successor(const Chunk& end) {
  const std::uint64_t generation = reader_->header().generation;
  const std::uint32_t no = at_.segment;
  // The END was written after its successor was synced, so the successor must be there (L7).
  auto next = no == std::numeric_limits<std::uint32_t>::max()
                  ? std::nullopt
                  : SegmentReader::open(segments_, start_.identity, no + 1, OpenMode::read_only);
  if (!next && is_sabotaged(Sabotage::successor_behind_an_end)) return;
  if (!next)
    throw CorruptionError(segments_.path(no + 1), "block 0",
                          "the segment that follows " + reader_->path(),
                          "none, or that of another log");
  reader_ = std::move(next);
  at_ = {no + 1, kBlockSize};
  const SegmentHeader& header = reader_->header();
  check_block("previous segment", no, header.prev_segment);
  check_block("sum of the predecessor's end", end.header.sum, header.prev_end_sum);
  check_block("seq before", newest_seq_, header.seq_before);
  require_whole_segment();
  if (header.generation != generation) {
    check_block("generation", generation + 1, header.generation);
    parts_.clear();  // no generation ends between the chunks of one commit
  }
}

// ---- chunks

/// Whether the chunk was written behind the last one.
bool LogScan::is_next(const ChunkHeader& header) const noexcept {
  return header.prev_sum == chain_ || is_sabotaged(Sabotage::chunk_chain);
}

std::optional<Chunk> LogScan::next_chunk() {
  std::optional<Chunk> chunk = reader_->chunk(at_.offset);
  if (!chunk || !is_next(chunk->header) || !accept(*chunk)) return std::nullopt;
  return chunk;
}

/// False if the chunk is broken: it is not what a writer puts here.
bool LogScan::accept(const Chunk& chunk) {
  const ChunkHeader& header = chunk.header;
  if (durable_end(header) > at_) return false;
  switch (static_cast<ChunkKind>(header.kind)) {
    case ChunkKind::part:
      parts_.push_back({header.seq, header.body_sum, chunk.body.size(), page_entries(chunk.body)});
      return true;
    case ChunkKind::commit:
      return accept_commit(chunk);
    case ChunkKind::mark:
      return chunk.body.empty();
    case ChunkKind::end: {
      EndBody body;
      if (chunk.body.size() != sizeof(body)) return false;
      std::memcpy(&body, chunk.body.data(), sizeof(body));
      return body.next_segment == std::uint64_t{at_.segment} + 1;
    }
  }
  return false;
}

bool LogScan::accept_commit(const Chunk& chunk) {
  const bool follows = chunk.header.seq == newest_seq_ + 1 || is_sabotaged(Sabotage::commit_number);
  if (!follows || chunk.body.size() < kCommitTrailerSize) return false;
  const ByteView records = chunk.body.sub(0, chunk.body.size() - kCommitTrailerSize);
  CommitTrailer trailer;
  std::memcpy(&trailer, chunk.body.data() + records.size(), sizeof(trailer));
  if (trailer.chunks == 0 || trailer.chunks - 1 > parts_.size()) return false;
  const std::size_t void_parts = parts_.size() - (trailer.chunks - 1);

  std::vector<Le64> part_sums;
  std::uint64_t body_bytes = chunk.body.size();
  std::size_t page_records = 0;
  for (std::size_t i = void_parts; i < parts_.size(); ++i) {
    if (parts_[i].seq != chunk.header.seq) return false;
    part_sums.push_back(parts_[i].body_sum);
    body_bytes += parts_[i].body_bytes;
    page_records += parts_[i].entries.size();
  }
  const ByteView sums(reinterpret_cast<const std::byte*>(part_sums.data()),
                      part_sums.size() * sizeof(Le64));
  const bool are_its_parts =
      trailer.part_sums == checksum64(sums, 0) || is_sabotaged(Sabotage::parts_of_a_commit);
  if (!are_its_parts || trailer.body_bytes != body_bytes) return false;
  const std::vector<PageEntry> own = page_entries(records);
  if (trailer.page_records != page_records + own.size() &&
      !is_sabotaged(Sabotage::page_records_of_a_commit)) {
    return false;
  }
  if (trailer.page_count < kFewestPages) {
    throw CorruptionError(place(), "page count", "at least " + std::to_string(kFewestPages),
                          std::to_string(trailer.page_count));
  }

  for (std::size_t i = void_parts; i < parts_.size(); ++i)
    apply(parts_[i].entries, chunk.header.seq, trailer.page_count);
  apply(own, chunk.header.seq, trailer.page_count);
  parts_.clear();
  newest_seq_ = chunk.header.seq;
  page_count_ = trailer.page_count;
  ++commits_;
  return true;
}

std::vector<PageEntry> LogScan::page_entries(ByteView body) const {
  std::vector<PageEntry> entries;
  std::uint64_t offset = at_.offset + kChunkHeaderSize;
  const std::string where = place();
  for (ByteView rest = body; !rest.empty();) {
    const PageRecord record = decode_page_record(rest, where);
    const std::uint64_t sum = checksum64(rest.sub(0, record.size), 0);
    entries.push_back({record.kind,
                       record.name,
                       record.pages,
                       {{at_.segment, offset}, static_cast<std::uint32_t>(record.size), sum}});
    offset += record.size;
    rest = rest.sub(record.size);
  }
  return entries;
}

void LogScan::apply(const std::vector<PageEntry>& entries, Seq seq, Pid page_count) {
  const std::string where = place();
  for (const PageEntry& entry : entries)
    index_.apply(entry, seq, reader_->header().generation, page_count, where);
}

void LogScan::advance(const Chunk& chunk) {
  unproven_.push_back({at_, reader_->header().salt, chunk.header});
  if (durable_end(chunk.header) > proven_) proven_ = durable_end(chunk.header);
  // No chunk calls itself durable, so this one stays.
  while (unproven_.front().at < proven_) unproven_.pop_front();
  chain_ = chunk.header.sum;
  at_.offset = round_up(at_.offset + kChunkHeaderSize + chunk.body.size(), kChunkAlignment);
  if (chunk.header.flags & kGroupEndsFlag) at_.offset = round_up(at_.offset, kBlockSize);
}

/// L6: the log breaks off at at_. Throws if an intact header behind it tells that more was synced.
void LogScan::refuse_if_durable() {
  if (is_sabotaged(Sabotage::damage_before_the_durable_end)) return;
  for (const std::uint32_t no : segments_.numbers()) {
    if (no < at_.segment) continue;
    auto reader = SegmentReader::open(segments_, start_.identity, no, OpenMode::read_only);
    if (!reader) continue;
    ChunkHeader later;
    std::uint64_t from = no == at_.segment ? at_.offset : kBlockSize;
    while (const auto found = reader->find_header(from, later)) {
      if (durable_end(later) > at_)
        throw CorruptionError(place(), "log record",
                              "an intact one: the record at offset " + std::to_string(*found) +
                                  " of " + reader->path() + " tells that it had been synced",
                              "a broken one");
      from = *found + kChunkAlignment;
    }
  }
}

}  // namespace quire::wal
