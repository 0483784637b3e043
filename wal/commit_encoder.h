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
  std::vector<std::vector<std::byte>> bodies;  // never empty
};

/// Collects the pages of one commit at a time. Holds the whole commit in memory. Not thread-safe.
class CommitEncoder {
 public:
  /// No body is longer than `max_body`: LogWriter::max_body().
  explicit CommitEncoder(std::size_t max_body = kMaxBodyBytes) noexcept : max_body_(max_body) {}

  /// The whole new content of a page. The bytes are copied. A page is added at most once a commit.
  void add_page(const PageName& name, PageBytes page);

  /// The parts of a page that changed. The caller knows that this generation has an IMAGE or INIT
  /// of the page. InvalidArgument if the ranges are not those of a ByteRange table, or too many.
  void add_delta(const PageName& name, std::span<const ByteRange> ranges, PageBytes page);

  /// Pages that were written to their place, and synced there, before this commit.
  void add_bulk(Pid first, std::uint32_t pages, CollectionId owner);

  /// The commit with all that was added; the encoder begins anew.
  EncodedCommit finish(Seq seq, Pid page_count_after, Durability durability);

 private:
  /// The body that the next record of at most `bytes` goes to; counts the record.
  std::vector<std::byte>& body_for_record(std::size_t bytes);

  std::size_t max_body_;
  std::vector<std::vector<std::byte>> bodies_;
  std::uint32_t page_records_ = 0;
};

}  // namespace quire::wal
