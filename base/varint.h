#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include <quire/bytes.h>

namespace quire {

inline constexpr std::size_t kMaxVarintBytes = 10;

/// A number in LEB128: seven bits a byte, lowest first, the top bit set on all but the last. One
/// number has exactly one encoding, the shortest.
struct Varint {
  std::array<std::byte, kMaxVarintBytes> bytes;
  std::size_t size = 0;
  ByteView view() const noexcept { return {bytes.data(), size}; }
};

constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  while (value >= 0x80) value >>= 7, ++size;
  return size;
}

Varint encode_varint(std::uint64_t value) noexcept;

struct DecodedVarint {
  std::uint64_t value = 0;
  std::size_t size = 0;  // bytes read
};

/// Nothing if `bytes` ends inside the number, if it is longer than 64 bits, or if a shorter form
/// exists.
std::optional<DecodedVarint> decode_varint(ByteView bytes) noexcept;

}  // namespace quire
