#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <quire/options.h>

#include "base/ids.h"
#include "wal/log_format.h"
#include "wal/page_record.h"

namespace quire::wal {

/// A commit as bodies of chunks: PARTs and, last, the COMMIT. What depends on the place in the log
/// (headers, and `part_sums` of the trailer) is set by LogWriter::append. Owns its bytes.
struct EncodedCommit {
  Seq seq = 0;
  bool relaxed = false;
  std::vector<std::vector<std::byte>> bodies;  // what LogWriter::append_parts has not taken yet
  std::vector<Le64> part_sums;                 // body sums of what it has taken

  /// Bytes of `bodies`.
  std::size_t size() const noexcept;
};

/// Collects the pages of one commit at a time. Holds what has not been taken in memory. Not
/// thread-safe.
class CommitEncoder {
 public:
  /// No body is longer than `max_body`: LogWriter::max_body(). InvalidArgument if a whole page does
  /// not fit.
  explicit CommitEncoder(std::size_t max_body = kMaxBodyBytes);

  /// The most that a commit can need that begins with `runs` runs of bulk pages and goes on with
  /// `records` pages and deltas, for LogWriter::reserve before its bodies exist: whatever they will
  /// be, they fit where bodies of these sizes do, also if some of both have been placed.
  std::vector<std::size_t> worst_case_bodies(std::size_t records, std::size_t runs = 0) const;

  /// The whole new content of a page. The bytes are copied. A page is added at most once a commit.
  void add_page(const PageName& name, PageBytes page);

  /// The parts of a page that changed. The caller knows that this generation has an IMAGE or INIT
  /// of the page. InvalidArgument if the ranges are not those of a ByteRange table, or if the record
  /// would be longer than that of a whole page, kMaxImageRecordBytes.
  void add_delta(const PageName& name, std::span<const ByteRange> ranges, PageBytes page);

  /// Pages that were written to their place, and synced there, before this commit.
  void add_bulk(Pid first, std::uint32_t pages, CollectionId owner);

  /// The bodies that nothing will be added to, for LogWriter::append_parts: all but the newest. They
  /// go on to count in the trailer. No copy.
  std::vector<std::vector<std::byte>> take_full_bodies();

  /// The commit with all that was added and not taken; the encoder begins anew. If bodies were
  /// taken, the caller hands on the part_sums that append_parts() has made of them.
  EncodedCommit finish(Seq seq, Pid page_count_after, Durability durability);

 private:
  /// Of each body, because any of them may turn out to be the last.
  std::size_t room_for_records() const noexcept { return max_body_ - kCommitTrailerSize; }
  /// The body that the next record of at most `bytes` goes to; counts the record.
  std::vector<std::byte>& body_for_record(std::size_t bytes);

  std::size_t max_body_;
  std::vector<std::vector<std::byte>> bodies_;
  std::uint32_t page_records_ = 0;  // taken ones included
  std::size_t taken_bodies_ = 0;
  std::uint64_t taken_bytes_ = 0;
};

}  // namespace quire::wal
