#include "engine/salvage_header.h"

#include <quire/error.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/checksum.h"
#include "base/hex.h"
#include "pager/header_format.h"
#include "pager/header_slots.h"
#include "wal/segment_reader.h"

namespace quire::engine {
namespace {

/// Pages that look right and are compared with the candidates: enough to meet an intact one.
constexpr std::size_t kMostCompared = 4096;
constexpr std::size_t kSummedFrom = sizeof(StructurePageHeader::sum);

Pid pages_of(File& file) {
  const std::uint64_t pages = (file.status().size + kPageSize - 1) / kPageSize;
  return static_cast<Pid>(std::min<std::uint64_t>(pages, std::numeric_limits<Pid>::max()));
}

/// The intact slot of the greater generation.
std::optional<pager::Header> read_slots(File& file) {
  pager::HeaderSlots slots(file);
  std::optional<pager::Header> chosen;
  for (const int number : {0, 1}) {
    try {
      const auto found = slots.read_one(number);
      if (found && (!chosen || found->generation > chosen->generation)) chosen = found;
    } catch (const CorruptionError&) {
      // As good as lost: its fields cannot be.
    } catch (const IoError&) {
    }
  }
  return chosen;
}

/// Nothing if none is given.
std::optional<Uuid> parse_uuid(const std::string& digits) {
  if (digits.empty()) return std::nullopt;
  Uuid uuid{};
  if (!is_hex(digits, uuid.size())) {
    throw InvalidArgument("SalvageOptions::uuid is '" + digits +
                          "'; it must be 32 hexadecimal digits in lower case, as `quire info` of a "
                          "backup prints them");
  }
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    uuid[i] = static_cast<std::uint8_t>(std::stoul(digits.substr(2 * i, 2), nullptr, 16));
  }
  return uuid;
}

/// A segment with an intact block 0, whosever it is; nothing if it cannot be read.
std::optional<wal::SegmentReader> open_segment(const wal::SegmentSet& segments, std::uint32_t no) {
  try {
    return wal::SegmentReader::open_any(segments, no);
  } catch (const IoError&) {
    return std::nullopt;
  }
}

/// Those of the segments with an intact block 0.
std::vector<Uuid> uuids_of(const wal::SegmentSet& segments) {
  std::vector<Uuid> uuids;
  for (const std::uint32_t no : segments.numbers()) {
    if (const auto reader = open_segment(segments, no)) uuids.push_back(reader->header().uuid);
  }
  return uuids;
}

/// The segments beside a file whose header is lost.
struct FoundLog {
  wal::LogIdentity identity;
  wal::LogStart start;
  bool begins_with_first = false;
};

/// The newest log of that database: the row of segments that ends with the newest one.
std::optional<FoundLog> find_log(const wal::SegmentSet& segments, const Uuid& uuid) {
  std::optional<FoundLog> found;
  std::uint64_t newest = 0, previous = 0;
  for (const std::uint32_t no : segments.numbers()) {
    const auto reader = open_segment(segments, no);
    if (!reader || reader->header().uuid != uuid || reader->header().segment_no != no) continue;
    const wal::SegmentHeader& header = reader->header();
    const wal::LogIdentity identity = wal::identity_of(header);
    if (found && found->identity == identity && previous + 1 == no) {
      previous = no;
      continue;
    }
    if (found && header.seq_before < newest) continue;
    newest = header.seq_before;
    previous = no;
    found = FoundLog{identity, {}, header.prev_segment == 0};
    found->start = {identity, no, header.generation, header.seq_before, 0};
  }
  return found;
}

/// Pages that look like structure pages, compared with each candidate in turn.
struct Evidence {
  bool is_database = false;  // something looks like a page
  std::optional<Uuid> uuid;  // the candidate that a page agrees with
};

Evidence examine(File& file, const std::vector<Uuid>& candidates) {
  Evidence evidence;
  std::array<std::byte, kPageSize> bytes;
  std::size_t compared = 0;
  for (Pid pid = 2, end = pages_of(file); pid < end && compared < kMostCompared; ++pid) {
    try {
      if (file.read_at(std::uint64_t{pid} * kPageSize, bytes) != kPageSize) break;
    } catch (const IoError&) {
      continue;
    }
    if (!looks_like_structure(pid, bytes)) continue;
    evidence.is_database = true;
    ++compared;
    for (const Uuid& uuid : candidates) {
      if (!has_structure_sum(pid, bytes, pager::hash_uuid(uuid))) continue;
      evidence.uuid = uuid;
      return evidence;
    }
  }
  return evidence;
}

/// Whether there are pages, and neither one of them nor a segment of the log, which may hold newer
/// ones, agrees with the uuid.
bool is_belied(File& file, const wal::SegmentSet& segments, const Uuid& uuid) {
  const std::vector<Uuid> logged = uuids_of(segments);
  if (std::find(logged.begin(), logged.end(), uuid) != logged.end()) return false;
  const Evidence evidence = examine(file, {uuid});
  return evidence.is_database && !evidence.uuid;
}

std::vector<Uuid> candidates_for(File& file, const wal::SegmentSet& segments,
                                 const std::optional<Uuid>& hint) {
  std::vector<Uuid> candidates;
  if (hint) candidates.push_back(*hint);
  for (const std::uint64_t slot : {0, 1}) {
    Uuid uuid{};
    try {
      file.read_at(slot * kPageSize + offsetof(HeaderSlot, uuid),
                   std::as_writable_bytes(std::span(uuid)));
    } catch (const IoError&) {
      continue;
    }
    candidates.push_back(uuid);
  }
  const std::vector<Uuid> logged = uuids_of(segments);
  candidates.insert(candidates.end(), logged.begin(), logged.end());
  return candidates;
}

SalvageHeader from_slot(const pager::Header& slot, const std::optional<Uuid>& hint) {
  SalvageHeader found;
  found.hint_is_wrong = hint && *hint != slot.uuid;
  found.uuid = slot.uuid;
  found.seq = slot.checkpoint_seq;
  found.page_count = slot.page_count;
  if (!slot.clean) {
    found.log = wal::LogStart{{slot.uuid, slot.log_id},
                              slot.first_segment,
                              slot.first_generation,
                              slot.checkpoint_seq,
                              slot.page_count};
  }
  return found;
}

}  // namespace

bool claims_to_be_structure(Pid pid, pager::PageBytes bytes) noexcept {
  const auto& header = *reinterpret_cast<const StructurePageHeader*>(bytes.data());
  return header.pid == pid && header.type >= static_cast<std::uint8_t>(PageType::map) &&
         header.type <= kMaxPageType;
}

bool looks_like_structure(Pid pid, pager::PageBytes bytes) noexcept {
  const auto& header = *reinterpret_cast<const StructurePageHeader*>(bytes.data());
  const auto is_zero = [](std::uint8_t byte) { return byte == 0; };
  return claims_to_be_structure(pid, bytes) &&
         std::all_of(header.zero.begin(), header.zero.end(), is_zero);
}

bool has_structure_sum(Pid pid, pager::PageBytes bytes, std::uint64_t uuid_hash) noexcept {
  const ByteView summed(bytes.data() + kSummedFrom, kPageSize - kSummedFrom);
  return reinterpret_cast<const StructurePageHeader*>(bytes.data())->sum ==
         checksum64(summed, page_seed(uuid_hash, pid));
}

SalvageHeader find_salvage_header(File& file, const wal::SegmentSet& segments,
                                  const std::string& hint) {
  const std::optional<Uuid> given = parse_uuid(hint);
  const std::optional<pager::Header> slot = read_slots(file);
  const bool is_foreign = slot && is_belied(file, segments, slot->uuid);
  if (slot && !is_foreign) return from_slot(*slot, given);
  const Evidence evidence = examine(file, candidates_for(file, segments, given));
  if (slot && !evidence.uuid) {
    SalvageHeader found = from_slot(*slot, given);
    found.is_foreign = true;
    return found;
  }
  if (!evidence.is_database) {
    throw FormatError(FormatError::Reason::not_quire,
                      "nothing in this file looks like a page of a Quire database; give another "
                      "path");
  }
  SalvageHeader found;
  found.is_lost = true;
  found.is_foreign = is_foreign;
  found.uuid = evidence.uuid;
  found.hint_is_wrong = given && given != evidence.uuid;
  found.page_count = pages_of(file);
  found.seq = std::numeric_limits<Seq>::max();
  found.is_uncertain = true;
  if (!evidence.uuid) return found;
  if (auto log = find_log(segments, *evidence.uuid)) {
    log->start.page_count = found.page_count;
    found.log = log->start;
    found.seq = log->start.complete_seq;
    found.is_uncertain = !log->begins_with_first;
  }
  return found;
}

}  // namespace quire::engine
