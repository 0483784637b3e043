#include "facades/block_reader.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace quire::facades {

namespace {

constexpr std::size_t kStepBytes = std::size_t{64} << 10;

}  // namespace

BlockReader::BlockReader(std::shared_ptr<const StoredPipe> pipe,
                         std::shared_ptr<const StoredBlock> block)
    : pipe_(std::move(pipe)),
      block_(std::move(block)),
      pairs_left_(block_->entry.pairs),
      stored_offset_(block_->entry.offset),
      stored_left_(block_->entry.stored_bytes),
      raw_left_(block_->entry.raw_bytes) {
  if (block_->entry.form == static_cast<std::uint8_t>(BlockForm::zstd)) {
    unpacker_.emplace(pipe_->unpacking_dictionary());
  }
}

std::optional<Block::Pair> BlockReader::next() {
  if (pairs_left_ == 0) {
    require_end();
    return std::nullopt;
  }
  constexpr std::size_t kLengthBytes = sizeof(PipeLength);
  require(kLengthBytes);
  const std::uint64_t key_bytes = read_format<PipeLength>(front());
  require(key_bytes + kPairBytes);
  const std::uint64_t value_bytes = read_format<PipeLength>(front() + kLengthBytes + key_bytes);
  const std::uint64_t pair_bytes = key_bytes + value_bytes + kPairBytes;
  require(pair_bytes);
  const Block::Pair pair{ByteView(front() + kLengthBytes, key_bytes),
                         ByteView(front() + kPairBytes + key_bytes, value_bytes)};
  begin_ += pair_bytes;
  --pairs_left_;
  return pair;
}

/// Sees to it that `count` bytes are there in one piece.
void BlockReader::require(std::uint64_t count) {
  if (count <= end_ - begin_) return;
  if (count - (end_ - begin_) > raw_left_) {
    throw_damage(
        "pair " + std::to_string(block_->entry.pairs - pairs_left_) + " length",
        "at most the " + std::to_string(end_ - begin_ + raw_left_) + " bytes that are left",
        std::to_string(count));
  }
  require_unchanged();
  while (end_ - begin_ < count) {
    make_room(count);
    fill();
  }
}

/// So that [end_, capacity_) is not empty.
void BlockReader::make_room(std::uint64_t wanted) {
  if (begin_ > 0) {
    std::memmove(raw_.get(), front(), end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ == capacity_) grow(wanted);
}

/// A pair may say that it has gigabytes: room for them is made as they come.
void BlockReader::grow(std::uint64_t wanted) {
  const std::uint64_t step = std::min<std::uint64_t>(kStepBytes, end_ + raw_left_);
  const std::size_t capacity = std::max(step, std::min<std::uint64_t>(wanted, 2 * capacity_));
  std::unique_ptr<std::byte[]> larger;
  try {
    larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
  } catch (const std::bad_alloc&) {
    fail(pipe_->scope, InvalidArgument(block_->name() + " has a pair of " + std::to_string(wanted) +
                                       " bytes, for which there is no memory; read it elsewhere"));
  }
  if (end_ > 0) std::memcpy(larger.get(), raw_.get(), end_);
  raw_ = std::move(larger);
  capacity_ = capacity;
}

void BlockReader::fill() {
  const std::size_t room = std::min<std::uint64_t>(capacity_ - end_, raw_left_);
  const std::span<std::byte> out(raw_.get() + end_, room);
  const std::size_t count = unpacker_ ? unpack(out) : read_stored(out);
  end_ += count;
  raw_left_ -= count;
}

/// A snapshot never changes; a transaction may have removed the block, and put another in its place.
void BlockReader::require_unchanged() const {
  require_no_rollback(pipe_->scope, block_->rollbacks,
                      [&] { return "after " + block_->name() + " was opened; open it again"; });
  if (pipe_->has(*block_)) return;
  fail(pipe_->scope,
       InvalidArgument(block_->name() + " was removed while the transaction went on; it cannot be "
                                        "read any more"));
}

std::size_t BlockReader::read_stored(std::span<std::byte> out) {
  const std::size_t count = std::min<std::uint64_t>(out.size(), stored_left_);
  const std::size_t found = pipe_->content.read(stored_offset_, out.first(count));
  if (found != count) {
    throw_damage("content", std::to_string(count) + " bytes at " + std::to_string(stored_offset_),
                 std::to_string(found));
  }
  stored_offset_ += count;
  stored_left_ -= count;
  return count;
}

std::size_t BlockReader::unpack(std::span<std::byte> out) {
  if (packed_begin_ == packed_.size() && stored_left_ > 0) {
    packed_.resize(std::min<std::uint64_t>(kStepBytes, stored_left_));
    read_stored(packed_);
    packed_begin_ = 0;
  }
  const ByteView packed = ByteView(packed_).sub(packed_begin_);
  const auto step = frame_has_ended_ ? ZstdUnpacker::Step() : unpacker_->step(packed, out);
  if (!step) throw_damage("content", "a zstd frame", std::string(unpacker_->problem()));
  packed_begin_ += step->consumed;
  frame_has_ended_ = frame_has_ended_ || step->is_end;
  if (step->consumed == 0 && step->produced == 0 && !step->is_end) {
    throw_damage("content", std::to_string(block_->entry.raw_bytes) + " raw bytes",
                 raw_left_ == 0 ? "more" : "less");
  }
  return step->produced;
}

void BlockReader::require_end() {
  const std::uint64_t rest = end_ - begin_ + raw_left_;
  if (rest > 0) {
    throw_damage("pairs", "as many as fill " + std::to_string(block_->entry.raw_bytes) + " bytes",
                 std::to_string(rest) + " bytes more than " + std::to_string(block_->entry.pairs) +
                     " pairs");
  }
  if (unpacker_ && !frame_has_ended_) require_unchanged();
  while (unpacker_ && !frame_has_ended_) unpack({});
  const std::uint64_t unused = stored_left_ + packed_.size() - packed_begin_;
  if (unused > 0) {
    throw_damage("stored_bytes", "the length of the zstd frame",
                 std::to_string(unused) + " bytes more");
  }
}

void BlockReader::throw_damage(std::string field, std::string expected, std::string found) const {
  pipe_->throw_damage(block_->name(), std::move(field), std::move(expected), std::move(found));
}

}  // namespace quire::facades
