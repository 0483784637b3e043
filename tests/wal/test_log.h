#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "os/memory_file_system.h"
#include "tests/support/faulty_file_system.h"
#include "wal/log_reader.h"
#include "wal/log_writer.h"

namespace quire::testing {

using Page = std::array<std::byte, kPageSize>;
using Bytes = std::vector<std::byte>;
using Lines = std::vector<std::string>;

/// A page that is different for each number; without zeros, so that it is logged as an IMAGE.
Page full_page(std::uint32_t number);
/// A page with a few bytes that differ for each number; the rest is zero.
Page sparse_page(std::uint32_t number);
/// What replay makes of a page: the first 32 bytes of a structure page are zeros.
Page replayed(const Page& page, std::uint8_t type);

/// A database's place in memory, with the segments of its log.
struct TestLog {
  os::MemoryFileSystem memory;
  FaultyFileSystem files{memory};
  wal::SegmentSet segments{files, "/db/shop", 0640};
  wal::LogStart start;  // as the header of a fresh database would say, T = 0, 1000 pages

  TestLog();

  /// A new writer with segments of `blocks` blocks each, started. Lives as long as this.
  wal::LogWriter& writer(std::uint64_t blocks = 16);

  Bytes content(std::uint32_t no);
  void set_content(std::uint32_t no, const Bytes& bytes);
  /// XORs a byte of a segment.
  void damage(std::uint32_t no, std::uint64_t offset, std::uint8_t mask = 0xff);

 private:
  std::deque<wal::LogWriter> writers_;
};

/// What was done to files since the last time.
Lines take_journal(TestLog& log);

/// A commit with one full structure page (type 4, owner 9) per pid; the content is that of
/// full_page(1000 * seq + pid).
wal::EncodedCommit commit_of(Seq seq, const std::vector<Pid>& pids,
                             std::size_t max_body = wal::kMaxBodyBytes);
/// The first `count` bodies of a commit, for append_parts(); the others stay in `commit`.
wal::EncodedCommit take_parts(wal::EncodedCommit& commit, std::size_t count);
/// Reserves, appends and syncs.
void commit(wal::LogWriter& writer, wal::EncodedCommit commit);
/// Prepares, closes and changes the generation behind all that was appended.
void next_generation(wal::LogWriter& writer);

/// All pages that replay would write.
std::map<Pid, Page> pages_of(wal::LogReader& reader);
std::map<Pid, Page> pages_of(TestLog& log);
/// What commits 1..seq of commit_of(s, pids(s)) make.
std::map<Pid, Page> pages_after(Seq seq, const std::function<std::vector<Pid>(Seq)>& pids);

/// Writes a log by hand: any field can be wrong while all sums are right.
class HandLog {
 public:
  explicit HandLog(TestLog& log) : log_(log) { begin_segment(1, 1); }

  /// Continues in a new segment. `edit` changes block 0 before it is sealed.
  HandLog& begin_segment(
      std::uint32_t no, std::uint64_t generation,
      const std::function<void(wal::SegmentHeader&)>& edit = [](wal::SegmentHeader&) {});

  /// Puts a chunk behind the last one; a PART holds one page record. `edit` changes the header
  /// before it is sealed.
  HandLog& chunk(
      wal::ChunkKind kind, Seq seq, const Bytes& body,
      const std::function<void(wal::ChunkHeader&)>& edit = [](wal::ChunkHeader&) {});

  /// A COMMIT of one or no record that takes all PARTs put since the last one. `edit` changes the
  /// trailer.
  HandLog& commit(
      Seq seq, const Bytes& record,
      const std::function<void(wal::CommitTrailer&)>& edit = [](wal::CommitTrailer&) {});
  HandLog& end(std::uint64_t next);

  /// The PARTs put so far belong to a commit that was given up.
  HandLog& forget_parts();

  wal::LogPosition at{1, wal::kBlockSize};
  std::uint64_t chain = 0;
  wal::LogPosition durable;  // the durable end that chunks name

 private:
  std::uint64_t salt() const { return 0x5a17'0000'0000 + at.segment; }

  TestLog& log_;
  Seq last_seq_ = 0;
  std::vector<Le64> part_sums_;
  std::uint64_t part_bytes_ = 0;
  std::uint32_t part_records_ = 0;
};

/// Single page records, as bodies are made of.
Bytes image(const wal::PageName& name, const Page& page);
Bytes delta(const wal::PageName& name, std::vector<wal::ByteRange> ranges, const Page& page);
Bytes bulk(Pid first, std::uint32_t pages);
/// A record with a header as given, followed by `payload`, padded to 8.
Bytes raw_record(const wal::PageRecordHeader& header, const Bytes& payload);
Bytes joined(Bytes a, const Bytes& b);

}  // namespace quire::testing
