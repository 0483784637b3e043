#include "wal/segment_disposal.h"

#include <optional>

#include "wal/segment_reader.h"

namespace quire::wal {
namespace {

/// The log of a segment that holds a record of another log than `own`.
std::optional<LogIdentity> foreign_log(const SegmentSet& segments, std::uint32_t no,
                                       const LogIdentity& own) {
  auto reader = SegmentReader::open_any(segments, no);
  if (!reader || identity_of(reader->header()) == own) return std::nullopt;
  ChunkHeader record;
  if (!reader->find_header(kBlockSize, record)) return std::nullopt;
  return identity_of(reader->header());
}

}  // namespace

std::vector<std::string> dispose_of_segments(const SegmentSet& segments, const LogIdentity& own) {
  segments.remove_temporaries();
  const std::vector<std::uint32_t> numbers = segments.numbers();
  std::vector<std::string> aside;
  std::vector<std::uint32_t> left_over;
  for (const std::uint32_t no : numbers) {
    if (const auto foreign = foreign_log(segments, no, own))
      aside.push_back(segments.set_aside(no, foreign->log_id));
    else
      left_over.push_back(no);
  }
  // Before a new segment can take one of the old names, or a power cut could give them back to it.
  if (!aside.empty()) segments.sync_directory();
  for (const std::uint32_t no : left_over) segments.remove(no);
  return aside;
}

}  // namespace quire::wal
