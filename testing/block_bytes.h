#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <quire/bytes.h>

namespace quire::simulation {

/// Spreads the bits of a number; two numbers that differ give results that differ.
constexpr std::uint64_t mix(std::uint64_t number) noexcept {
  number = (number ^ (number >> 32)) * 0xd6e8feb86659fd93u;
  number = (number ^ (number >> 32)) * 0xd6e8feb86659fd93u;
  return number ^ (number >> 32);
}

/// The content of a file, in blocks that copies share until one of them changes: a copy costs a
/// reference count a block, so a whole disk can be remembered before each of its operations. A copy
/// is independent of its original; several threads may use copies, one thread each.
class BlockBytes {
 public:
  static constexpr std::size_t kBlockBytes = 4096;

  std::uint64_t size() const noexcept { return size_; }
  /// Bytes copied into `out`; short only at the end.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;
  /// Extends where needed; a gap reads as zeros.
  void write(std::uint64_t offset, ByteView bytes);
  /// Cuts, or extends with zeros.
  void resize(std::uint64_t size);
  /// Equal contents of equal size have equal hashes, however they came about. Costs only the blocks
  /// changed since they were last hashed.
  std::uint64_t hash() const;

 private:
  struct Block {
    Block() = default;
    Block(const Block& other) : bytes(other.bytes) {}
    Block& operator=(const Block&) = delete;

    std::array<std::byte, kBlockBytes> bytes{};
    mutable std::atomic<std::uint64_t> hash{0};  // 0: not known
  };

  std::span<std::byte> writable(std::size_t block_index);

  std::vector<std::shared_ptr<Block>> blocks_;  // nullptr: zeros
  std::uint64_t size_ = 0;
};

}  // namespace quire::simulation
