#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <quire/file_system.h>

#include "base/ids.h"
#include "base/mutex.h"
#include "wal/commit_encoder.h"
#include "wal/log_record.h"
#include "wal/room_ledger.h"
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
/// Three kinds of calls run at the same time, each from any thread:
///
///   room      reserve() by one thread at a time; prepare_successor(), then close_generation(), by
///             one other. They never wait for what the leader writes or syncs; those of the two
///             that have to create a file wait for one another.
///   leader    append_parts(), append(), sync(), mark(), next_generation(), retire(): one call at a
///             time. Whoever hands these on from thread to thread synchronises them.
///   getters   by any number of threads, and they never wait for I/O either.
///
/// start() comes before and delete_all() behind all others.
///
/// The order of writes and syncs inside each call is the rule named there; between calls it is the
/// engine's. A write or sync that fails throws IoError and poisons the writer: every later call
/// that would write throws IoError too, on both sides, nothing is retried, files are left as they
/// are (F1). OutOfSpace never poisons, and comes from the room side and start() only.
class LogWriter {
 public:
  /// Touches no file. `identity.log_id` is new and random. Sizes that cannot be are
  /// InvalidArgument.
  LogWriter(SegmentSet segments, const LogIdentity& identity, const SegmentSizes& sizes);

  /// F2: makes segment 1 of generation 1 with a valid block 0, synced, named, the directory synced.
  /// `seq_before` is the last commit in the database file. The header slots must name this log,
  /// and be synced, before the first append(). May be called again after OutOfSpace.
  void start(Seq seq_before) QUIRE_EXCLUDES(creation_, mutex_);

  // ---- room

  /// The longest body that a commit for this log may have; for CommitEncoder.
  std::size_t max_body() const noexcept { return max_body_; }

  /// Makes sure that appending commit `seq`, of which chunks with bodies of these sizes (or fewer
  /// or shorter ones, see CommitEncoder::worst_case_bodies) are still to come, and every commit
  /// reserved before and not yet appended, needs no new room, however they are grouped and wherever
  /// between them the generation ends. Creates as many segments as that takes; linear in the number
  /// of commits that wait. OutOfSpace: the commit must not be appended; segments that were made
  /// stay for later. A reservation ends when a commit of the same or a later seq is appended, and
  /// is replaced when the same seq is reserved again, so one that is given up needs no call.
  void reserve(Seq seq, std::span<const std::size_t> body_bytes) QUIRE_EXCLUDES(creation_, mutex_);
  /// The same for a commit that has all its bodies.
  void reserve(const EncodedCommit& commit) QUIRE_EXCLUDES(creation_, mutex_);

  /// K1: makes sure that the generation can end behind any commit without new room; slow, hence
  /// before any lock. OutOfSpace: nothing has changed but the number of segments.
  void prepare_successor() QUIRE_EXCLUDES(creation_, mutex_);

  /// K1: the generation ends behind commit `last`, the newest that is published; commits up to it
  /// may still wait for their append(), and one behind it may have been reserved. Memory only. Once
  /// for each prepare_successor(), and not again before next_generation(), nor between the first
  /// append_parts() of a commit and its publishing.
  void close_generation(Seq last) QUIRE_EXCLUDES(mutex_);

  // ---- leader

  /// L3: writes the bodies of a commit that is not published yet as PARTs, without a sync, and
  /// keeps of them what `part_sums` says; none is left. All commits before it have been appended.
  /// Nothing but MARKs and more of its PARTs may come between this and the append() of the commit.
  /// If that never comes, these chunks are void, and a later commit may have the same seq.
  void append_parts(EncodedCommit& commit) QUIRE_EXCLUDES(mutex_);

  /// Writes a group of commits, with consecutive seqs, as one write for each segment touched (L1).
  /// Where the group runs over into another segment, what lies before is durable afterwards (L7);
  /// the rest is when sync() returns. Sets the trailers of the commits. While a closed generation
  /// waits for next_generation(), no commit behind its last one may come.
  void append(std::span<EncodedCommit> group) QUIRE_EXCLUDES(mutex_);

  /// One sync: all that was appended is durable. No call to the system if it is already.
  void sync() QUIRE_EXCLUDES(mutex_);

  /// L6: syncs what is not, then logs a MARK and syncs it, so that damage to what was synced can be
  /// told from a torn end. Nothing to do directly behind another MARK.
  void mark() QUIRE_EXCLUDES(mutex_);

  /// K1, L7: makes all that was appended durable and continues in a new segment with the next
  /// generation. The last commit that was appended is the one that close_generation() named.
  void next_generation() QUIRE_EXCLUDES(mutex_);

  /// Deletes the segments before number `segment`: the synced database header does not need them.
  void retire(std::uint32_t segment) QUIRE_EXCLUDES(mutex_);

  /// Deletes all segments; the log has ended and the writer is of no more use.
  void delete_all() QUIRE_EXCLUDES(mutex_);

  // ---- getters

  /// Raised by next_generation() when all before is durable.
  std::uint64_t generation() const noexcept QUIRE_EXCLUDES(mutex_);
  /// The first segment of generation(): the first one that its checkpoint's header needs.
  std::uint32_t generation_segment() const noexcept QUIRE_EXCLUDES(mutex_);
  /// The segment that is being written: after next_generation(), the first of that generation.
  std::uint32_t current_segment() const noexcept QUIRE_EXCLUDES(mutex_);
  /// The oldest one that has not been deleted; 0 before start().
  std::uint32_t first_segment() const noexcept QUIRE_EXCLUDES(mutex_);
  /// The last commit that append() has written whole.
  Seq appended_seq() const noexcept QUIRE_EXCLUDES(mutex_);
  Seq durable_seq() const noexcept QUIRE_EXCLUDES(mutex_);
  bool poisoned() const noexcept QUIRE_EXCLUDES(mutex_);

  /// What a recovery would read if nothing more is retired; counts what is just being written.
  std::uint64_t live_bytes() const noexcept QUIRE_EXCLUDES(mutex_);
  /// Files that exist, prepared ones included.
  std::size_t segment_count() const noexcept QUIRE_EXCLUDES(mutex_);
  /// Since construction; zeros of prepared segments not included in bytes, nor their syncs.
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  std::uint64_t syncs() const noexcept { return syncs_; }

 private:
  struct Segment {
    std::uint32_t no = 0;
    std::uint64_t bytes = 0;     // of the file
    std::unique_ptr<File> file;  // until the END is synced; only the leader touches it
    std::uint64_t used = 0;      // up to the END, once that has its place; under mutex_
  };
  struct Poison {
    std::string operation;
    std::string path;
    int error_number = 0;
  };
  /// Where the leader writes. `at` falls behind end_ while it does.
  struct Tail {
    Segment* segment = nullptr;
    LogPosition at;                // where the next chunk begins
    LogPosition durable_end;       // all before is synced
    std::uint64_t generation = 0;  // of the segment
    std::uint64_t salt = 0;        // of the segment
    std::uint64_t chain = 0;       // header sum of the last chunk
    Seq seq = 0;                   // last commit put down whole
    std::size_t parts = 0;         // PARTs since then, in this generation
    bool ends_in_mark = false;
  };
  struct Write;
  enum class RoomFor { commits, change_of_generation };

  template <class Step>
  void guarded(const Step& step) QUIRE_EXCLUDES(mutex_);
  void poison(const std::exception& reason) noexcept QUIRE_EXCLUDES(mutex_);
  void require_usable() const QUIRE_REQUIRES(mutex_);
  void require_usable_now() const QUIRE_EXCLUDES(mutex_);
  Segment& segment(std::uint32_t no) QUIRE_REQUIRES(mutex_);
  Segment& segment_to_write(std::uint32_t no) QUIRE_EXCLUDES(mutex_);

  void make_room(RoomFor purpose) QUIRE_EXCLUDES(creation_, mutex_);
  bool has_room(RoomFor purpose) const QUIRE_REQUIRES(mutex_);
  std::optional<Segment> missing_segment(RoomFor purpose) QUIRE_EXCLUDES(mutex_);
  std::uint64_t successor_bytes() const QUIRE_REQUIRES(mutex_);
  std::uint64_t bytes_since(std::uint32_t first) const QUIRE_REQUIRES(mutex_);
  void add_segment(Segment segment, ByteView head) QUIRE_REQUIRES(creation_) QUIRE_EXCLUDES(mutex_);
  std::uint64_t fresh_salt() const;
  SegmentHeader new_segment_header(std::uint32_t no, std::uint64_t bytes, std::uint64_t generation,
                                   std::uint64_t salt) const noexcept;

  void place(std::span<const EncodedCommit> commits) QUIRE_REQUIRES(mutex_);
  void place_end() QUIRE_REQUIRES(mutex_);
  void put_commit(Write& write, EncodedCommit& commit, bool ends_group);
  void put_chunk(Write& write, ChunkKind kind, const EncodedCommit& commit, ByteView body,
                 bool ends_group);
  void put(Write& write, ChunkKind kind, std::uint8_t flags, Seq seq, ByteView body);
  void send(Write& write);
  void move_on(Write& write, std::uint64_t generation) QUIRE_EXCLUDES(mutex_);
  void enter(Segment& segment, std::uint64_t generation, std::uint64_t salt) noexcept;
  void sync_file(File& file);
  void all_is_durable() QUIRE_EXCLUDES(mutex_);
  void remove_first() QUIRE_EXCLUDES(mutex_);

  SegmentSet segments_;
  LogIdentity identity_;
  SegmentSizes sizes_;
  std::size_t max_body_;
  Tail tail_;  // the leader's
  std::atomic<std::uint64_t> bytes_written_{0};
  std::atomic<std::uint64_t> syncs_{0};

  Mutex creation_;       // held while segments are made, and never by the leader
  mutable Mutex mutex_;  // guards what follows; never held across I/O
  std::deque<Segment> live_ QUIRE_GUARDED_BY(mutex_);  // consecutive numbers, prepared ones too
  RoomLedger ledger_ QUIRE_GUARDED_BY(mutex_);
  LogPosition end_ QUIRE_GUARDED_BY(mutex_);  // behind all that has its place
  std::uint64_t generation_ QUIRE_GUARDED_BY(mutex_) = 0;
  std::uint32_t generation_segment_ QUIRE_GUARDED_BY(mutex_) = 0;
  Seq appended_seq_ QUIRE_GUARDED_BY(mutex_) = 0;
  Seq durable_seq_ QUIRE_GUARDED_BY(mutex_) = 0;
  std::optional<Poison> poison_ QUIRE_GUARDED_BY(mutex_);
};

}  // namespace quire::wal
