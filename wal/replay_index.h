#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "wal/log_record.h"
#include "wal/page_record.h"

namespace quire::wal {

/// Where a page record lies, and the sum of its bytes: what was checked once is recognised when it
/// is read again.
struct RecordPlace {
  LogPosition at;
  std::uint32_t bytes = 0;
  std::uint64_t sum = 0;
};

/// A page record of a commit that is not yet known to be whole.
struct PageEntry {
  PageRecordKind kind = PageRecordKind::image;
  PageName name;
  std::uint32_t pages = 1;  // of a BULK's run
  RecordPlace place;
};

/// What the log says last of one page: an IMAGE or INIT, then DELTAs, all of one generation.
struct PageHistory {
  Seq seq = 0;  // of the last record
  std::uint64_t generation = 0;
  std::uint8_t type = kDataPage;
  CollectionId owner = kEngineOwner;
  std::vector<RecordPlace> records;
};

/// L5: by page, what replay must make of it. A page that is not listed keeps what the database file
/// holds. Memory is proportional to the number of records applied.
class ReplayIndex {
 public:
  /// Applies one record of commit `seq`. CorruptionError with `where` if it cannot be: a delta
  /// without an image of the same page, type, owner and generation before it; a page named twice in
  /// one commit, by runs or not; a pid outside [kFirstLoggedPid, page_count).
  void apply(const PageEntry& entry, Seq seq, std::uint64_t generation, Pid page_count,
             const std::string& where);

  const std::map<Pid, PageHistory>& pages() const noexcept { return pages_; }

 private:
  void apply_bulk(Pid first, std::uint64_t end, Seq seq, const std::string& where);
  bool is_in_run(Pid pid, Seq seq) const;

  std::map<Pid, PageHistory> pages_;
  std::map<Pid, std::uint64_t> runs_;  // first page -> end, of the BULKs of commit runs_seq_
  Seq runs_seq_ = 0;
};

}  // namespace quire::wal
