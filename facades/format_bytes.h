#pragma once

#include <cstddef>

#include <quire/bytes.h>

namespace quire::facades {

/// The struct of a *_format.h at the beginning of `bytes`, which are long enough.
template <class Format>
Format read_format(const std::byte* bytes) noexcept {
  static_assert(alignof(Format) == 1);
  return *reinterpret_cast<const Format*>(bytes);
}

/// The bytes of such a struct; they live as long as it does.
template <class Format>
ByteView format_bytes(const Format& format) noexcept {
  static_assert(alignof(Format) == 1);
  return {reinterpret_cast<const std::byte*>(&format), sizeof format};
}

}  // namespace quire::facades
