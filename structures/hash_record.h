#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <quire/bytes.h>

#include "base/varint.h"
#include "structures/hash_format.h"

namespace quire::structures {

/// A key or a value as a record holds it. Views what it was parsed from.
struct RecordPart {
  PartForm form = PartForm::bytes;
  std::uint64_t length = 0;  // of the key or value, wherever it lies
  std::uint64_t hash = 0;    // long keys only
  ByteView stored;           // the bytes themselves, or the description of their run
};

struct Record {
  RecordPart key;
  RecordPart value;
  ByteView bytes;  // the whole record
};

/// The record that `bytes` begin with; nothing if none of the format's does. Trusts nothing: what
/// it returns lies within `bytes`. The descriptions of runs are measured here, not checked.
std::optional<Record> parse_record(ByteView bytes) noexcept;

/// A key or value that lies in the record itself.
inline RecordPart inline_part(ByteView bytes) noexcept {
  return {.length = bytes.size(), .stored = bytes};
}

/// The longest description: a hash, a count and the extents.
inline constexpr std::size_t kMaxDescription =
    sizeof(Le64) + sizeof(std::uint8_t) + kMaxExtents * sizeof(ExtentEntry);
static_assert(kMaxDescription + kMaxVarintBytes <= kMaxInlinePart);

/// No record of ours is longer; at least one fits into an empty bucket page.
inline constexpr std::size_t kMaxRecord =
    sizeof(std::uint8_t) + 2 * (varint_size(kMaxInlinePart) + kMaxInlinePart);
static_assert(kCapacityStep * kSlotSize + kMaxRecord <= kBucketUsable);

/// A record made for a bucket page, no longer than kMaxRecord.
class NewRecord {
 public:
  /// Copies both parts; an inline one has at most kMaxInlinePart bytes.
  NewRecord(const RecordPart& key, const RecordPart& value);

  ByteView bytes() const noexcept { return {buffer_.data(), size_}; }
  std::size_t size() const noexcept { return size_; }

 private:
  void add(ByteView bytes);

  std::array<std::byte, kMaxRecord> buffer_;
  std::size_t size_ = 0;
};

}  // namespace quire::structures
