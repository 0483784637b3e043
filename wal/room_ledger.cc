#include "wal/room_ledger.h"

#include <algorithm>
#include <utility>

#include "base/invariant.h"

namespace quire::wal {
namespace {

/// Positions in the segments that exist. One in a later segment stands for "no room" and stays.
class Walk {
 public:
  Walk(std::uint32_t first, std::span<const std::uint64_t> segment_bytes) noexcept
      : first_(first), segment_bytes_(segment_bytes) {}

  bool is_inside(LogPosition at) const noexcept {
    return at.segment - first_ < segment_bytes_.size();
  }

  /// Where the log may at worst end behind a commit whose chunks are put down from `at` on.
  LogPosition behind(LogPosition at, std::span<const std::size_t> body_bytes) const noexcept {
    for (const std::size_t bytes : body_bytes) {
      if (!is_inside(at)) return at;
      at.offset += kBlockSize;  // a MARK
      if (!chunk_fits(at.offset, bytes, segment_bytes_[at.segment - first_])) at = next_segment(at);
      at.offset = round_up(at.offset + kChunkHeaderSize + bytes, kBlockSize);
    }
    return at;
  }

  static LogPosition next_segment(LogPosition at) noexcept { return {at.segment + 1, kBlockSize}; }

 private:
  std::uint32_t first_;
  std::span<const std::uint64_t> segment_bytes_;
};

}  // namespace

void RoomLedger::promise(Seq seq, std::vector<std::size_t> body_bytes) {
  withdraw(seq);
  promises_.push_back({seq, std::move(body_bytes)});
}

void RoomLedger::withdraw(Seq seq) noexcept {
  while (!promises_.empty() && promises_.back().seq >= seq) promises_.pop_back();
}

void RoomLedger::placed_parts(Seq seq, std::size_t chunks) noexcept {
  for (Promise& promise : promises_) {
    if (promise.seq != seq) continue;
    const auto begin = promise.body_bytes.begin();
    promise.body_bytes.erase(begin, begin + std::min(chunks, promise.body_bytes.size()));
  }
}

void RoomLedger::placed(Seq last) noexcept {
  while (!promises_.empty() && promises_.front().seq <= last) promises_.pop_front();
}

void RoomLedger::close_generation(Seq last) {
  invariant(change_is_expected_, "a generation is closed after its successor was prepared");
  invariant(!closed_at_, "one closed generation at a time waits for its end");
  change_is_expected_ = false;
  closed_at_ = last;
}

bool RoomLedger::has_room(LogPosition end, std::span<const std::uint64_t> segment_bytes,
                          bool change_is_expected) const noexcept {
  const Walk walk(end.segment, segment_bytes);
  LogPosition unchanged = end;  // if the change that is expected has not come yet
  LogPosition changed;          // at worst, if it has; {0, 0} while it cannot have
  bool change_is_ahead = closed_at_.has_value();
  const auto change_here = [&] {
    // A change that is expected comes behind the one whose place is known.
    if (change_is_expected && !change_is_ahead)
      changed = std::max(changed, Walk::next_segment(unchanged));
  };
  for (const Promise& promise : promises_) {
    if (change_is_ahead && promise.seq > *closed_at_) {
      unchanged = Walk::next_segment(unchanged);
      change_is_ahead = false;
    }
    change_here();
    unchanged = walk.behind(unchanged, promise.body_bytes);
    if (changed != LogPosition{}) changed = walk.behind(changed, promise.body_bytes);
  }
  if (std::exchange(change_is_ahead, false)) unchanged = Walk::next_segment(unchanged);
  change_here();
  return walk.is_inside(std::max(unchanged, changed));
}

}  // namespace quire::wal
