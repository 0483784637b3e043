#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include <quire/bytes.h>

#include "base/ids.h"
#include "wal/log_record.h"
#include "wal/page_record.h"

namespace quire::testing {

/// What the log has said so far, chunk by chunk as it was written: which commits there are, where
/// each ends, and what each page was after each of them. For bytes that the engine has written or
/// accepted; it checks no sums. A simple reader, so that it is wrong in other ways than the
/// engine's.
class LoggedHistory {
 public:
  struct Version {
    Seq seq = 0;
    std::uint8_t type = wal::kDataPage;
    /// The page; of a structure page the header is zeros. nullptr: a BULK record, the page was
    /// written to its place before.
    std::shared_ptr<const std::vector<std::byte>> content;
  };
  struct Commit {
    Seq seq = 0;
    wal::LogPosition end;
    Pid page_count = 0;
  };
  /// A chunk, and the durable end that it names.
  struct Chunk {
    wal::LogPosition at;
    wal::ChunkHeader header;
  };

  /// Another log begins: what pages were stays known, positions and chunks do not.
  void begin_log(const Uuid& log_id);
  const Uuid& log_id() const noexcept { return log_id_; }
  /// Where the first chunk of a segment will come.
  void enter_segment(std::uint32_t no) { end_ = {no, wal::kBlockSize}; }

  /// The next chunk. CorruptionError if a record cannot be read.
  void take(wal::LogPosition at, const wal::ChunkHeader& header, ByteView body);

  /// The records of a PART or a COMMIT; they point into `body`. None in other chunks.
  static std::vector<wal::PageRecord> records(const wal::ChunkHeader& header, ByteView body);

  /// Behind the last chunk, and behind its group if it ends one.
  wal::LogPosition end() const noexcept { return end_; }
  const std::deque<Chunk>& chunks() const noexcept { return chunks_; }
  const std::deque<Commit>& commits() const noexcept { return commits_; }
  const std::map<Pid, std::vector<Version>>& pages() const noexcept { return pages_; }
  /// The newest version up to `seq`; nullptr if there is none.
  const Version* version_at(Pid pid, Seq seq) const;

 private:
  void apply(const wal::ChunkHeader& header, ByteView body);

  Uuid log_id_{};
  wal::LogPosition end_;
  std::deque<Chunk> chunks_;
  std::deque<Commit> commits_;
  std::map<Pid, std::vector<Version>> pages_;                              // of each, by seq
  std::deque<std::pair<wal::ChunkHeader, std::vector<std::byte>>> parts_;  // since the last COMMIT
};

}  // namespace quire::testing
