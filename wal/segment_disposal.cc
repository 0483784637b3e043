#include "wal/segment_disposal.h"

#include <array>
#include <optional>
#include <span>

#include "base/sabotage.h"
#include "base/zeros.h"
#include "wal/segment_reader.h"

namespace quire::wal {
namespace {

/// Whether a file could be a segment that was made and never written to: zeros, but for a block 0
/// that may be torn (its first sector holds all that is not zero, so the magic is there or not).
bool is_untouched(File& file) {
  std::array<char, kLogMagic.size()> magic{};
  file.read_at(0, std::as_writable_bytes(std::span(magic)));
  const bool begins_as_segment = magic == kLogMagic || magic == decltype(magic){};
  std::vector<std::byte> bytes(std::size_t{256} << 10);
  for (std::uint64_t offset = begins_as_segment ? kBlockSize : 0;;) {
    const std::size_t count = file.read_at(offset, bytes);
    if (!all_zero(std::span(bytes).first(count))) return false;
    if (count < bytes.size()) return true;
    offset += count;
  }
}

/// The log that a file must be set aside under; nothing if it may be removed.
std::optional<Uuid> log_to_keep(const SegmentSet& segments, std::uint32_t no,
                                const LogIdentity& own) {
  if (auto reader = SegmentReader::open_any(segments, no)) {
    if (identity_of(reader->header()) == own) return std::nullopt;
    if (is_sabotaged(Sabotage::foreign_segments_are_kept)) return std::nullopt;
    ChunkHeader record;
    if (!reader->find_header(kBlockSize, record)) return std::nullopt;
    return reader->header().log_id;
  }
  const auto file = segments.open(no, OpenMode::read_only);
  if (!file || is_untouched(*file)) return std::nullopt;
  return Uuid{};  // damaged, or no segment at all: not ours to delete
}

}  // namespace

std::vector<std::string> dispose_of_segments(const SegmentSet& segments, const LogIdentity& own) {
  segments.remove_temporaries();
  const std::vector<std::uint32_t> numbers = segments.numbers();
  std::vector<std::string> aside;
  std::vector<std::uint32_t> left_over;
  for (const std::uint32_t no : numbers) {
    if (const auto log_id = log_to_keep(segments, no, own)) {
      aside.push_back(segments.set_aside(no, *log_id));
    } else {
      left_over.push_back(no);
    }
  }
  // Before a new segment can take one of the old names, or a power cut could give them back to it.
  if (!aside.empty()) segments.sync_directory();
  for (const std::uint32_t no : left_over) segments.remove(no);
  return aside;
}

}  // namespace quire::wal
