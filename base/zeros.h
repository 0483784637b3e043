#pragma once

#include <cstddef>
#include <cstring>

#include <quire/bytes.h>

namespace quire {

/// Whether each byte is zero; true of none.
inline bool all_zero(ByteView bytes) noexcept {
  // The first is, and each is the same as the one before it: memcmp() looks at many at a time.
  return bytes.empty() || (bytes[0] == std::byte{0} &&
                           std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace quire
