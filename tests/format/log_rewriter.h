#pragma once

#include <quire/file_system.h>

#include <map>
#include <set>
#include <vector>

#include "wal/log_writer.h"
#include "wal/page_record.h"

namespace quire::testing {

/// A page as a commit left it; of a structure page without its header.
struct LoggedPage {
  wal::PageName name;
  std::array<std::byte, kPageSize> content{};
};

struct LoggedCommit {
  Seq seq = 0;
  Pid page_count = 0;
  std::vector<LoggedPage> pages;
};

/// The commits of a log whose records are whole pages, as the engine writes them, in order.
std::vector<LoggedCommit> read_commits(const wal::SegmentSet& segments);

/// Writes commits to another log with every form of record that the format has: a page that
/// changed a little becomes a DELTA, fresh data pages go to the database file and become a BULK.
class LogRewriter {
 public:
  /// `first_fresh` is the page count of the file at T. `log` has been started.
  LogRewriter(wal::LogWriter& log, File& base, Pid first_fresh)
      : log_(log), base_(base), first_fresh_(first_fresh) {}

  /// Appends without a sync.
  void append(const LoggedCommit& commit);
  void next_generation();

 private:
  std::size_t bulk_length(const std::vector<LoggedPage>& pages, std::size_t from) const;
  void add(wal::CommitEncoder& encoder, const LoggedPage& page);

  wal::LogWriter& log_;
  File& base_;
  Pid first_fresh_;
  std::map<Pid, LoggedPage> in_generation_;  // pages that a DELTA may refer to
  std::set<Pid> ever_;                       // pages that any record has named
};

}  // namespace quire::testing
