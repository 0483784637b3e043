#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <quire/file_system.h>

#include "base/ids.h"
#include "wal/commit_encoder.h"
#include "wal/log_record.h"
#include "wal/segment_set.h"

namespace quire::wal {

/// Sizes of segments: the first, and the largest that they grow to by doubling. Multiples of
/// kBlockSize from kMinSegmentBytes to below kMaxSegmentBytes.
struct SegmentSizes {
  std::uint64_t first = std::uint64_t{1} << 20;
  std::uint64_t max = std::uint64_t{64} << 20;
};

/// Writes one log, from its first segment until it is deleted at close.
///
/// Used by one thread at a time. The order of writes and syncs inside each call is the rule named
/// there; between calls it is the engine's. A write or sync that fails throws IoError and poisons
/// the writer: every later call that would write throws IoError too, nothing is retried, files are
/// left as they are (F1). OutOfSpace never poisons.
class LogWriter {
 public:
  /// Touches no file. `identity.log_id` is new and random. Sizes that cannot be are
  /// InvalidArgument.
  LogWriter(SegmentSet segments, const LogIdentity& identity, const SegmentSizes& sizes);

  /// F2: makes segment 1 of generation 1 with a valid block 0, synced, named, the directory synced.
  /// `seq_before` is the last commit in the database file. The header slots must name this log,
  /// and be synced, before the first append(). May be called again after OutOfSpace.
  void start(Seq seq_before);

  /// The longest body that a commit for this log may have; for CommitEncoder.
  std::size_t max_body() const noexcept { return max_body_; }

  /// Makes sure that appending `commit`, and every commit reserved before and not yet appended,
  /// needs no new room, also if the log moves to another generation in between. Creates as many
  /// segments as that takes. OutOfSpace: the commit must not be appended; segments that were made
  /// stay for later. A reservation ends when a commit of the same or a later seq is appended, and
  /// is replaced when the same seq is reserved again, so one that is given up needs no call.
  void reserve(const EncodedCommit& commit);

  /// K1: makes sure that next_generation() needs no new room; slow, hence before any lock.
  void prepare_successor();

  /// Writes a group of commits, with consecutive seqs, as one write for each segment touched (L1).
  /// Where the group runs over into another segment, what lies before is durable afterwards (L7);
  /// the rest is when sync() returns. Sets the trailers of the commits.
  void append(std::span<EncodedCommit> group);

  /// One sync: all that was appended is durable. No call to the system if it is already.
  void sync();

  /// L6: syncs what is not, then logs a MARK and syncs it, so that damage to what was synced can be
  /// told from a torn end. Nothing to do directly behind another MARK.
  void mark();

  /// K1, L7: makes all that was appended durable and continues in a new segment with the next
  /// generation. The caller has called prepare_successor(), else this may throw OutOfSpace, with
  /// nothing changed.
  void next_generation();

  /// Deletes the segments before number `segment`: the synced database header does not need them.
  void retire(std::uint32_t segment);

  /// Deletes all segments; the log has ended and the writer is of no more use.
  void delete_all();

  std::uint64_t generation() const noexcept { return generation_; }
  /// The segment that is being written: after next_generation(), the first of that generation.
  std::uint32_t current_segment() const noexcept { return end_.segment; }
  /// The oldest one that has not been deleted; 0 before start().
  std::uint32_t first_segment() const noexcept;
  Seq appended_seq() const noexcept { return appended_seq_; }
  Seq durable_seq() const noexcept { return durable_seq_; }
  bool poisoned() const noexcept { return poison_.has_value(); }

  /// What a recovery would read if nothing more is retired.
  std::uint64_t live_bytes() const noexcept;
  /// Files that exist, prepared ones included.
  std::size_t segment_count() const noexcept { return live_.size(); }
  /// Since construction; zeros of prepared segments not included in bytes, nor their syncs.
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  std::uint64_t syncs() const noexcept { return syncs_; }

 private:
  struct Segment {
    std::uint32_t no = 0;
    std::uint64_t bytes = 0;  // of the file
    std::uint64_t used = 0;   // up to the END, once there is one
    std::unique_ptr<File> file;
  };
  struct Reservation {
    Seq seq = 0;
    std::vector<std::size_t> body_bytes;
  };
  struct Poison {
    std::string operation;
    std::string path;
    int error_number = 0;
  };
  struct Write;

  template <class Step>
  void guarded(const Step& step);
  void require_usable() const;
  Segment& segment(std::uint32_t no);

  void reserve_from(LogPosition at);
  LogPosition place(LogPosition at, std::size_t body_bytes);
  void add_segment(std::uint32_t no, std::uint64_t bytes, ByteView head);
  std::uint64_t successor_bytes() const noexcept;
  std::uint64_t fresh_salt() const;
  SegmentHeader new_segment_header(std::uint32_t no, std::uint64_t bytes, std::uint64_t generation,
                                   std::uint64_t salt) const noexcept;

  void put_commit(Write& write, EncodedCommit& commit, bool ends_group);
  void put(Write& write, ChunkKind kind, std::uint8_t flags, Seq seq, ByteView body);
  void send(Write& write);
  void move_on(Write& write, std::uint64_t generation);
  void sync_file(File& file);
  void all_is_durable() noexcept;

  SegmentSet segments_;
  LogIdentity identity_;
  SegmentSizes sizes_;
  std::size_t max_body_;

  std::deque<Segment> live_;              // consecutive numbers; those behind end_ are prepared
  std::deque<Reservation> reservations_;  // seqs ascending, all above appended_seq_
  bool generation_may_change_ = false;    // from prepare_successor() to next_generation()
  LogPosition end_;                       // where the next chunk begins
  LogPosition durable_end_;
  std::uint64_t salt_ = 0;   // of the segment that holds end_
  std::uint64_t chain_ = 0;  // header sum of the last chunk
  std::uint64_t generation_ = 0;
  std::uint64_t generation_bytes_ = 0;  // written in this generation
  Seq appended_seq_ = 0;
  Seq durable_seq_ = 0;
  bool ends_in_mark_ = false;
  std::uint64_t bytes_written_ = 0;
  std::uint64_t syncs_ = 0;
  std::optional<Poison> poison_;
};

}  // namespace quire::wal
