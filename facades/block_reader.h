#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <quire/pipe.h>

#include "facades/stored_pipe.h"
#include "facades/zstd_stream.h"

namespace quire::facades {

/// Reads one block from its first pair to its last, in steps of 64 KiB of stored and of raw bytes.
/// Takes that memory, or a pair's if it is longer, as far as its bytes really come. One thread at a
/// time.
class BlockReader {
 public:
  BlockReader(std::shared_ptr<const StoredPipe> pipe, std::shared_ptr<const StoredBlock> block);

  /// The next pair, which lives until the next call; nothing at the end, where everything that the
  /// block's entry says has been found to be so. CorruptionError; InvalidArgument if the block was
  /// removed, the transaction went back to a savepoint, or there is no memory for the pair. After an
  /// error it can only be destroyed.
  std::optional<Block::Pair> next();

 private:
  const std::byte* front() const noexcept { return raw_.get() + begin_; }
  void require(std::uint64_t count);
  void make_room(std::uint64_t wanted);
  void grow(std::uint64_t wanted);
  void fill();
  void require_unchanged() const;
  std::size_t read_stored(std::span<std::byte> out);
  std::size_t unpack(std::span<std::byte> out);
  void require_end();
  [[noreturn]] void throw_damage(std::string field, std::string expected, std::string found) const;

  std::shared_ptr<const StoredPipe> pipe_;
  std::shared_ptr<const StoredBlock> block_;
  std::uint64_t pairs_left_;
  std::uint64_t stored_offset_;  // of the next stored byte, in `content`
  std::uint64_t stored_left_;
  std::uint64_t raw_left_;  // not in raw_ yet

  std::unique_ptr<std::byte[]> raw_;  // [begin_, end_) is not handed out yet
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  // Of a compressed block.
  std::optional<ZstdUnpacker> unpacker_;
  bool frame_has_ended_ = false;
  std::vector<std::byte> packed_;
  std::size_t packed_begin_ = 0;
};

}  // namespace quire::facades
