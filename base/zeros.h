#pragma once

#include <algorithm>
#include <cstddef>

#include <quire/bytes.h>

namespace quire {

/// Whether each byte is zero; true of none.
inline bool all_zero(ByteView bytes) noexcept {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace quire
