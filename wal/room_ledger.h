#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "wal/log_record.h"

namespace quire::wal {

/// Whether a chunk that begins at `offset` leaves the reserve of its segment alone. One that does
/// not begins the next segment.
constexpr bool chunk_fits(std::uint64_t offset, std::size_t body_bytes,
                          std::uint64_t segment_bytes) noexcept {
  return offset + kChunkHeaderSize + body_bytes <= segment_bytes - kSegmentReserve;
}

/// What has been promised to the commits that wait to be appended: that the log has room for them
/// (C4). Knows sizes and places only, touches no file. Not thread-safe.
///
/// A promise has to hold whatever the leader does: each chunk may be a group of its own behind a
/// MARK, and where a change of generation is expected, it may come before any commit or behind the
/// last one. What goes less far never ends later, because a chunk that begins earlier never ends
/// later; so the worst case is one walk over the chunks that wait.
class RoomLedger {
 public:
  /// Notes the chunks of commit `seq` that are still to be placed; each must fit any segment.
  /// Replaces what was promised to `seq` and to later commits. The caller sees to the room.
  void promise(Seq seq, std::vector<std::size_t> body_bytes);

  /// Forgets what was promised to `seq` and to later commits.
  void withdraw(Seq seq) noexcept;

  /// The next `chunks` chunks of commit `seq` have their place.
  void placed_parts(Seq seq, std::size_t chunks) noexcept;

  /// All commits up to `last` have their place.
  void placed(Seq last) noexcept;

  /// From here on each promise counts with a change of generation at an unknown place.
  void expect_change() noexcept { change_is_expected_ = true; }

  /// The change that was expected will come behind commit `last`.
  void close_generation(Seq last);

  /// The change whose place was known has come.
  void change_generation() noexcept { closed_at_.reset(); }

  /// The last commit of the generation that has been closed and not yet changed.
  std::optional<Seq> closed_at() const noexcept { return closed_at_; }

  /// Whether every promise holds if the log ends at `end`, a multiple of kBlockSize, and has the
  /// segments `segment_bytes`, from that of `end` on. Linear in the number of chunks that wait.
  bool has_room(LogPosition end, std::span<const std::uint64_t> segment_bytes) const noexcept {
    return has_room(end, segment_bytes, change_is_expected_);
  }

  /// The same as it will be behind expect_change().
  bool has_room_for_change(LogPosition end,
                           std::span<const std::uint64_t> segment_bytes) const noexcept {
    return has_room(end, segment_bytes, true);
  }

 private:
  struct Promise {
    Seq seq = 0;
    std::vector<std::size_t> body_bytes;
  };

  bool has_room(LogPosition end, std::span<const std::uint64_t> segment_bytes,
                bool change_is_expected) const noexcept;

  std::deque<Promise> promises_;  // seqs ascending
  bool change_is_expected_ = false;
  std::optional<Seq> closed_at_;
};

}  // namespace quire::wal
