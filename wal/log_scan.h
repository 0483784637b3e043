#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "wal/replay_index.h"
#include "wal/segment_reader.h"

namespace quire::wal {

/// What the database header says of its log.
struct LogStart {
  LogIdentity identity;
  std::uint64_t first_segment = 1;
  std::uint64_t first_generation = 1;
  Seq complete_seq = 0;  // T: the database file holds all commits up to it
  Pid page_count = 0;
};

/// What becomes of a log that is damaged.
enum class OnDamage : std::uint8_t {
  refuse,  // an error
  stop,    // what stands before the damage counts, for whoever saves what can be saved
};

/// A chunk that nothing proves to be on the disk.
struct UnprovenChunk {
  LogPosition at;
  std::uint64_t salt = 0;  // of its segment
  ChunkHeader header;
};

/// Pass 1 of recovery: reads the whole live log as log_format.h says, and writes nothing.
///
/// The constructor does all the work; then this is a plain result. Its cost is one reading of the
/// live segments; memory is proportional to the number of records. Throws CorruptionError, naming
/// segment and field, if a needed segment is missing, if the log says what no writer says, or if
/// something is broken that had been synced (L6); FormatError for the log of a newer version.
class LogScan {
 public:
  LogScan(const SegmentSet& segments, const LogStart& start, OnDamage on_damage = OnDamage::refuse);

  /// Why the scan has stopped (OnDamage::stop): the log ends with newest_seq() then, and what
  /// index() says of later commits is not whole. Empty if the log is sound.
  const std::string& damage() const noexcept { return damage_; }

  /// The last commit that is whole, and the pages of the database file after it.
  Seq newest_seq() const noexcept { return newest_seq_; }
  Pid page_count() const noexcept { return page_count_; }
  std::uint64_t commits() const noexcept { return commits_; }
  const ReplayIndex& index() const noexcept { return index_; }

  /// In the order of the log.
  const std::deque<UnprovenChunk>& unproven() const noexcept { return unproven_; }

  /// Where the next chunk would begin, the segment that it would lie in, and the header sum of the
  /// chunk before it.
  LogPosition end() const noexcept { return at_; }
  const SegmentHeader& end_segment() const noexcept { return reader_->header(); }
  std::uint64_t chain() const noexcept { return chain_; }

 private:
  struct Part {
    Seq seq = 0;
    std::uint64_t body_sum = 0;
    std::uint64_t body_bytes = 0;
    std::vector<PageEntry> entries;
  };

  void scan();
  bool is_next(const ChunkHeader& header) const noexcept;
  std::optional<Chunk> next_chunk();
  bool accept(const Chunk& chunk);
  bool accept_commit(const Chunk& chunk);
  std::vector<PageEntry> page_entries(ByteView body) const;
  void apply(const std::vector<PageEntry>& entries, Seq seq, Pid page_count);
  void advance(const Chunk& chunk);
  void require_whole_segment() const;
  void open_first();
  void enter_successor(const Chunk& end);
  void refuse_if_durable();
  void check_block(const char* field, std::uint64_t expected, std::uint64_t found) const;
  std::string place() const;

  SegmentSet segments_;
  LogStart start_;
  std::optional<SegmentReader> reader_;  // of the segment that holds at_
  LogPosition at_;
  std::uint64_t chain_ = 0;
  std::vector<Part> parts_;  // since the last COMMIT, of this generation
  LogPosition proven_;       // newest durable end that a chunk names
  std::deque<UnprovenChunk> unproven_;
  ReplayIndex index_;
  Seq newest_seq_ = 0;
  Pid page_count_ = 0;
  std::uint64_t commits_ = 0;
  std::string damage_;
};

}  // namespace quire::wal
