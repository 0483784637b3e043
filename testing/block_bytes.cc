#include "testing/block_bytes.h"

#include <algorithm>
#include <cstring>

#include "testing/sole_owner.h"

namespace quire::simulation {
namespace {

constexpr std::uint64_t kHashOfZeros = 2;  // even, as that of no other block

/// Never 0, which says that it is not known.
std::uint64_t hash_block(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0;
  bool all_zero = true;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof hash) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    all_zero = all_zero && word == 0;
    hash = (hash ^ word) * 0x9fb21c651e98df25u;
    hash ^= hash >> 29;
  }
  return all_zero ? kHashOfZeros : hash | 1;
}

}  // namespace

std::size_t BlockBytes::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset >= size_) return 0;
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  for (std::size_t done = 0; done < count;) {
    const auto& block = blocks_[(offset + done) / kBlockBytes];
    const std::size_t within = (offset + done) % kBlockBytes;
    const std::size_t step = std::min(count - done, kBlockBytes - within);
    if (block) {
      std::memcpy(out.data() + done, block->bytes.data() + within, step);
    } else {
      std::memset(out.data() + done, 0, step);
    }
    done += step;
  }
  return count;
}

std::span<std::byte> BlockBytes::writable(std::size_t block_index) {
  auto& block = blocks_[block_index];
  if (!block) {
    block = std::make_shared<Block>();
  } else if (!is_sole_owner(block)) {
    block = std::make_shared<Block>(*block);
  }
  block->hash.store(0, std::memory_order_relaxed);
  return block->bytes;
}

void BlockBytes::write(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  if (offset + bytes.size() > size_) resize(offset + bytes.size());
  for (std::size_t done = 0; done < bytes.size();) {
    const std::size_t within = (offset + done) % kBlockBytes;
    const std::size_t step = std::min(bytes.size() - done, kBlockBytes - within);
    const std::span<std::byte> block = writable((offset + done) / kBlockBytes);
    std::memcpy(block.data() + within, bytes.data() + done, step);
    done += step;
  }
}

void BlockBytes::resize(std::uint64_t size) {
  blocks_.resize((size + kBlockBytes - 1) / kBlockBytes);
  const std::size_t within = size % kBlockBytes;
  if (size < size_ && within != 0 && blocks_.back()) {
    const std::span<std::byte> last = writable(blocks_.size() - 1);
    std::fill(last.begin() + static_cast<std::ptrdiff_t>(within), last.end(), std::byte{0});
  }
  size_ = size;
}

std::uint64_t BlockBytes::hash() const {
  std::uint64_t sum = mix(size_ + 1);
  for (std::size_t index = 0; index < blocks_.size(); ++index) {
    if (!blocks_[index]) continue;
    std::uint64_t hash = blocks_[index]->hash.load(std::memory_order_relaxed);
    if (hash == 0) {
      hash = hash_block(blocks_[index]->bytes);
      blocks_[index]->hash.store(hash, std::memory_order_relaxed);
    }
    // A block of zeros counts as little as one that was never written.
    if (hash != kHashOfZeros) sum += mix(hash + mix(index + 1));
  }
  return sum;
}

}  // namespace quire::simulation
