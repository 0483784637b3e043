#pragma once

// The log: where a commit is safe before a checkpoint carries its pages to the database file.
//
// BYTES
//
//     NAME-wal.000001            NAME-wal.000002
//     +---------+---------------------------+    +---------+----------------------------
//     | block 0 | group | group | ... | END |    | block 0 | group | group | zeros ...
//     +---------+---------------------------+    +---------+----------------------------
//     0         4096                             0         4096
//
//     group   = chunk chunk ... zeros up to a multiple of 4096     what one write puts there
//     chunk   = ChunkHeader body                                   8-aligned, body <= 256 KiB
//     body of PART    = page record ...
//     body of COMMIT  = page record ... CommitTrailer
//     body of MARK    = nothing
//     body of END     = EndBody
//     page record     = PageRecordHeader payload zeros up to a multiple of 8
//     payload of IMAGE        = 4064 bytes of a structure page (32..4095), or 4096 of a data page
//     payload of INIT, DELTA  = ByteRange x range_count, then the bytes of all ranges
//     payload of BULK         = nothing
//
// A segment has a fixed size and is written full of zeros, synced and named before it is used, so
// that a commit is one write and one sync that change no metadata. Its last two blocks are kept for
// one MARK and the END. A chunk never crosses a segment, a page record never crosses a chunk.
//
// VALIDITY
//
// Block 0 is valid if its sum holds, uuid and log id are those of the database header, and the
// number is that of the file's name. A segment without a valid block 0 is "prepared": it holds
// nothing, unless an END or the database header names it; then it is missing.
// A chunk is intact if its header's sum holds under (salt of the segment ^ its offset). It belongs
// to the log if also its body's sum holds and `prev_sum` is the header sum of the chunk before it;
// the first chunk of a segment continues from `prev_end_sum` of block 0.
//
// GRAMMAR
//
//     log        = generation ...      generation = segment ...      segment = chunk ... END
//     commit     = PART (chunks - 1 times) COMMIT                    all of one seq
//
// A COMMIT takes exactly the (chunks - 1) PARTs of its seq before it. MARKs may stand between them,
// also an END and the next segment of the same generation. Earlier PARTs are void: their commit
// was given up. Commits follow one another with seq T + 1, T + 2, ... where T is the database
// header's. A trailer that does not fit makes its COMMIT a broken chunk. In each generation the
// first record of a page is an IMAGE or an INIT; a DELTA needs one before it; BULK forgets it.
//
// READER
//
//     1. From the first segment needed, take chunks while they belong to the log. At an END go on
//        in the next segment; if that has no valid block 0 the log is corrupt.
//     2. At the first chunk that does not belong, look at every 8-byte position behind it, in this
//        and all later segments, for an intact chunk header. One whose durable end lies behind the
//        break proves that what is broken had been synced: the log is corrupt. Without one the
//        break is the torn end of a group that nobody was told about: the log ends there.
//     3. What lies behind the newest durable end that any chunk names may be in the cache only. It
//        is written again and synced before a page of the database file changes.
//
// REASONS
//
// The salt keeps what an older log left in the same blocks from being read as part of this one; the
// offset, a block that landed elsewhere; the chain, a splice of two histories. Groups end on a
// block because some disks damage the neighbours of what they were writing when power failed, and
// so a synced byte is never in the block of a write to come. The durable end is a position, not a
// seq, because MARK, END and void PARTs are synced too and also need proof.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"
#include "base/ids.h"

namespace quire::wal {

inline constexpr std::size_t kBlockSize = 4096;
inline constexpr std::size_t kChunkAlignment = 8;
inline constexpr std::size_t kMaxBodyBytes = std::size_t{256} << 10;
inline constexpr std::uint16_t kLogMajor = 1;
inline constexpr std::uint16_t kLogMinor = 0;
inline constexpr std::array<char, 8> kLogMagic{'Q', 'U', 'I', 'R', 'E', 'L', 'O', 'G'};

/// Bytes of a segment that only a MARK and the END may use.
inline constexpr std::size_t kSegmentReserve = 2 * kBlockSize;
/// Block 0, the reserve, and two blocks so that a chunk with a whole page fits.
inline constexpr std::uint64_t kMinSegmentBytes = 5 * kBlockSize;
inline constexpr std::uint64_t kMaxSegmentBytes = std::uint64_t{4} << 30;

/// Pages 0 and 1 are the header slots of the database; no record may name them.
inline constexpr Pid kFirstLoggedPid = 2;
/// The header slots, the first map page and the catalog's root are always there.
inline constexpr Pid kFewestPages = 4;
/// Where the payload of a structure page begins; the header before it is rebuilt at replay.
inline constexpr std::size_t kStructurePayloadOffset = 32;
/// The type of a data page in a page record.
inline constexpr std::uint8_t kDataPage = 0;

/// Block 0 of a segment.
struct SegmentHeader {
  std::array<char, 8> magic;  // a file that is no segment
  Le64 sum;                   // XXH3-64 of bytes 16..4095, seed = magic: a torn or rotten block
  Le16 major;                 // a log that this version cannot read
  Le16 minor;
  Le32 block_size;
  Uuid uuid;           // the log of another database
  Uuid log_id;         // the log of another life of this database (an old copy put back)
  Le64 segment_no;     // a file that was renamed
  Le64 generation;     // which checkpoint made the records here unnecessary
  Le64 salt;           // stale chunks in reused blocks
  Le64 segment_bytes;  // a file that has lost its end
  Le64 seq_before;     // last commit before the first chunk: a segment out of order
  Le64 prev_segment;   // 0: none
  Le64 zero;           // reserved
  Le64 prev_end_sum;   // header sum of the predecessor's END, 0: none. A spliced segment
  std::array<std::uint8_t, 3976> rest;  // zero
};

inline constexpr std::array kSegmentHeaderFields{
    QUIRE_FIELD(SegmentHeader, magic, 0),          QUIRE_FIELD(SegmentHeader, sum, 8),
    QUIRE_FIELD(SegmentHeader, major, 16),         QUIRE_FIELD(SegmentHeader, minor, 18),
    QUIRE_FIELD(SegmentHeader, block_size, 20),    QUIRE_FIELD(SegmentHeader, uuid, 24),
    QUIRE_FIELD(SegmentHeader, log_id, 40),        QUIRE_FIELD(SegmentHeader, segment_no, 56),
    QUIRE_FIELD(SegmentHeader, generation, 64),    QUIRE_FIELD(SegmentHeader, salt, 72),
    QUIRE_FIELD(SegmentHeader, segment_bytes, 80), QUIRE_FIELD(SegmentHeader, seq_before, 88),
    QUIRE_FIELD(SegmentHeader, prev_segment, 96),  QUIRE_FIELD(SegmentHeader, zero, 104),
    QUIRE_FIELD(SegmentHeader, prev_end_sum, 112), QUIRE_FIELD(SegmentHeader, rest, 120),
};
static_assert(fields_tile(kSegmentHeaderFields, kBlockSize));
static_assert(sizeof(SegmentHeader) == kBlockSize);

enum class ChunkKind : std::uint8_t { part = 1, commit = 2, mark = 3, end = 4 };

/// The commit did not wait for a sync.
inline constexpr std::uint8_t kRelaxedFlag = 1;
/// The next chunk begins at the next block; zeros lie between.
inline constexpr std::uint8_t kGroupEndsFlag = 2;

struct ChunkHeader {
  Le64 sum;              // XXH3-64 of bytes 8..47, seed = salt ^ offset: torn, stale or misplaced
  Le32 body_length;      // bytes behind this header
  std::uint8_t kind;     // ChunkKind
  std::uint8_t flags;    // kRelaxedFlag, kGroupEndsFlag
  Le16 zero;             // reserved
  Le64 seq;              // PART, COMMIT: of the commit; MARK, END: of the last commit before
  Le64 prev_sum;         // header sum of the chunk before: a lost or exchanged chunk
  Le64 body_sum;         // XXH3-64 of the body, same seed: a torn body
  Le32 durable_segment;  // end of the log that had been synced when this was written: tells
  Le32 durable_eighths;  // damage from a torn end. Offset in units of 8 bytes
};

inline constexpr std::array kChunkHeaderFields{
    QUIRE_FIELD(ChunkHeader, sum, 0),
    QUIRE_FIELD(ChunkHeader, body_length, 8),
    QUIRE_FIELD(ChunkHeader, kind, 12),
    QUIRE_FIELD(ChunkHeader, flags, 13),
    QUIRE_FIELD(ChunkHeader, zero, 14),
    QUIRE_FIELD(ChunkHeader, seq, 16),
    QUIRE_FIELD(ChunkHeader, prev_sum, 24),
    QUIRE_FIELD(ChunkHeader, body_sum, 32),
    QUIRE_FIELD(ChunkHeader, durable_segment, 40),
    QUIRE_FIELD(ChunkHeader, durable_eighths, 44),
};
inline constexpr std::size_t kChunkHeaderSize = 48;
static_assert(fields_tile(kChunkHeaderFields, kChunkHeaderSize));
static_assert(sizeof(ChunkHeader) == kChunkHeaderSize);

enum class PageRecordKind : std::uint8_t { image = 1, init = 2, delta = 3, bulk = 4 };

struct PageRecordHeader {
  Le32 pid;
  std::uint8_t kind;       // PageRecordKind
  std::uint8_t page_type;  // kDataPage, or the type in the structure page's header
  Le16 range_count;        // INIT, DELTA; else 0
  Le32 owner;              // collection, as in the structure page's header
  Le32 length;             // bytes of payload; BULK: pages of the run
};

inline constexpr std::array kPageRecordHeaderFields{
    QUIRE_FIELD(PageRecordHeader, pid, 0),       QUIRE_FIELD(PageRecordHeader, kind, 4),
    QUIRE_FIELD(PageRecordHeader, page_type, 5), QUIRE_FIELD(PageRecordHeader, range_count, 6),
    QUIRE_FIELD(PageRecordHeader, owner, 8),     QUIRE_FIELD(PageRecordHeader, length, 12),
};
inline constexpr std::size_t kPageRecordHeaderSize = 16;
static_assert(fields_tile(kPageRecordHeaderFields, kPageRecordHeaderSize));
static_assert(sizeof(PageRecordHeader) == kPageRecordHeaderSize);

/// A part of a page that INIT or DELTA carries. The ranges of a record are sorted, not empty, do
/// not overlap, and in a structure page begin at 32 or later.
struct ByteRange {
  Le16 offset;
  Le16 length;
};

inline constexpr std::array kByteRangeFields{
    QUIRE_FIELD(ByteRange, offset, 0),
    QUIRE_FIELD(ByteRange, length, 2),
};
static_assert(fields_tile(kByteRangeFields, sizeof(ByteRange)) && sizeof(ByteRange) == 4);

/// The last 32 bytes of a COMMIT's body.
struct CommitTrailer {
  Le32 chunks;        // PARTs and the COMMIT itself: a commit that is not whole
  Le32 page_records;  // in all of its chunks
  Le64 body_bytes;    // of all of its chunks, this trailer included
  Le32 page_count;    // of the database file after this commit
  Le32 flags;         // reserved
  Le64 part_sums;     // XXH3-64, seed 0, of the PARTs' body sums in order: PARTs of another commit
};

inline constexpr std::array kCommitTrailerFields{
    QUIRE_FIELD(CommitTrailer, chunks, 0),     QUIRE_FIELD(CommitTrailer, page_records, 4),
    QUIRE_FIELD(CommitTrailer, body_bytes, 8), QUIRE_FIELD(CommitTrailer, page_count, 16),
    QUIRE_FIELD(CommitTrailer, flags, 20),     QUIRE_FIELD(CommitTrailer, part_sums, 24),
};
inline constexpr std::size_t kCommitTrailerSize = 32;
static_assert(fields_tile(kCommitTrailerFields, kCommitTrailerSize));
static_assert(sizeof(CommitTrailer) == kCommitTrailerSize);

struct EndBody {
  Le64 next_segment;  // always this segment's number + 1
};

inline constexpr std::array kEndBodyFields{QUIRE_FIELD(EndBody, next_segment, 0)};
static_assert(fields_tile(kEndBodyFields, sizeof(EndBody)));

/// The largest record of a whole page: an IMAGE of a data page.
inline constexpr std::size_t kMaxImageRecordBytes = kPageRecordHeaderSize + kPageSize;

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) noexcept {
  return (value + unit - 1) / unit * unit;
}

/// The longest body that fits every segment of at least `segment_bytes` (>= kMinSegmentBytes).
constexpr std::size_t max_body_bytes(std::uint64_t segment_bytes) noexcept {
  const std::uint64_t room = segment_bytes - kBlockSize - kSegmentReserve - kChunkHeaderSize;
  return room < kMaxBodyBytes ? static_cast<std::size_t>(room) : kMaxBodyBytes;
}
static_assert(max_body_bytes(kMinSegmentBytes) >= kMaxImageRecordBytes + kCommitTrailerSize);

}  // namespace quire::wal
