#include "base/varint.h"

namespace quire {

Varint encode_varint(std::uint64_t value) noexcept {
  Varint out;
  while (value >= 0x80) {
    out.bytes[out.size++] = static_cast<std::byte>(value | 0x80);
    value >>= 7;
  }
  out.bytes[out.size++] = static_cast<std::byte>(value);
  return out;
}

std::optional<DecodedVarint> decode_varint(ByteView bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < kMaxVarintBytes; ++i) {
    const auto byte = static_cast<std::uint64_t>(bytes[i]);
    if (i == kMaxVarintBytes - 1 && byte > 1) return std::nullopt;  // more than 64 bits
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      if (i > 0 && byte == 0) return std::nullopt;  // a shorter form exists
      return DecodedVarint{value, i + 1};
    }
  }
  return std::nullopt;
}

}  // namespace quire
