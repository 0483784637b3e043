#pragma once

#include <string>
#include <vector>

#include "wal/log_record.h"
#include "wal/segment_set.h"

namespace quire::wal {

/// F2: clears the place for a new log beside a clean database file, whose header names `own`.
/// Segments of that log are left-overs and removed, whatever they hold; so are segments that hold no
/// record. Segments of any other log, and files that only have a segment's name, are set aside:
/// their new names are returned, for a report. Left-over temporary files are removed. Names are durable on return if any was set aside;
/// a removed name may come back after a power cut and is then removed again.
/// Writes nothing if there is nothing to do. Reads foreign segments as far as their first record.
std::vector<std::string> dispose_of_segments(const SegmentSet& segments, const LogIdentity& own);

}  // namespace quire::wal
