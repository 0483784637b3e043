#pragma once

#include <optional>
#include <string>

#include <quire/file_system.h>

#include "base/ids.h"
#include "pager/page_access.h"
#include "wal/log_scan.h"
#include "wal/segment_set.h"

namespace quire::engine {

/// What can be learnt of a database before its pages are read.
struct SalvageHeader {
  bool is_lost = false;              // neither slot is intact and of this database
  bool is_foreign = false;           // a slot is intact, and no page, no segment has its uuid
  std::optional<Uuid> uuid;          // nothing: no page's sum can be compared
  std::optional<wal::LogStart> log;  // nothing: there is none
  Seq seq = 0;                       // T; if the slots are lost and there is no log, UINT64_MAX
  Pid page_count = 0;
  /// Nobody can say which commit the file holds: the slots are lost, and the log, if there is one,
  /// may have had a beginning that is lost too.
  bool is_uncertain = false;
  bool hint_is_wrong = false;  // a uuid was given, and it is not that of the slots or the pages
};

/// Reads the header slots. If both are lost: the uuid is what is left of them, or what block 0 of a
/// log segment or the caller (`hint`, 32 hexadecimal digits or empty) says, if the sums of pages
/// agree with it; and the log is that of the segments beside the file. The same if pages agree with
/// such a uuid and none with the slots'. Reads a good part of the file then. FormatError if nothing
/// in it looks like a page of a database, or if it is of a newer format; InvalidArgument if the hint
/// is no uuid.
SalvageHeader find_salvage_header(File& file, const wal::SegmentSet& segments,
                                  const std::string& hint);

/// Whether the header of a page says that it is a structure page of that number.
bool claims_to_be_structure(Pid pid, pager::PageBytes bytes) noexcept;
/// The same where no sum can be compared: its reserved bytes are zeros, too.
bool looks_like_structure(Pid pid, pager::PageBytes bytes) noexcept;
/// Whether its sum holds in a database whose uuid hashes to `uuid_hash`.
bool has_structure_sum(Pid pid, pager::PageBytes bytes, std::uint64_t uuid_hash) noexcept;

}  // namespace quire::engine
