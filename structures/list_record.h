#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <quire/bytes.h>

#include "base/varint.h"
#include "structures/hash_format.h"
#include "structures/hash_record.h"

namespace quire::structures {

struct ListRecord {
  RecordPart item;
  ByteView bytes;  // the whole record
};

/// The record that `bytes` begin with; nothing if none of the format's does. Trusts nothing: what
/// it returns lies within `bytes`. The description of a run is measured here, not checked.
std::optional<ListRecord> parse_list_record(ByteView bytes) noexcept;

/// No record of ours is longer; four fit into a leaf.
inline constexpr std::size_t kMaxListRecord =
    sizeof(std::uint8_t) + varint_size(kMaxInlinePart) + kMaxInlinePart;

/// A record made for a leaf, no longer than kMaxListRecord.
class NewListRecord {
 public:
  /// Copies the item; an inline one has at most kMaxInlinePart bytes.
  explicit NewListRecord(const RecordPart& item);

  ByteView bytes() const noexcept { return {buffer_.data(), size_}; }

 private:
  void add(ByteView bytes);

  std::array<std::byte, kMaxListRecord> buffer_;
  std::size_t size_ = 0;
};

}  // namespace quire::structures
