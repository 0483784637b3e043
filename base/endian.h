#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>

namespace quire {

static_assert(
    std::endian::native == std::endian::little,
    "on-disk fields are copied as they are; a big-endian machine needs a byte swap in Little<T>");

/// An unsigned integer as it lies on disk: little-endian, alignment 1.
template <std::unsigned_integral T>
class Little {
 public:
  constexpr Little() noexcept = default;
  constexpr Little(T value) noexcept { *this = value; }

  constexpr operator T() const noexcept { return std::bit_cast<T>(bytes_); }
  constexpr T get() const noexcept { return *this; }
  constexpr Little& operator=(T value) noexcept {
    bytes_ = std::bit_cast<Bytes>(value);
    return *this;
  }

 private:
  struct Bytes {
    unsigned char byte[sizeof(T)];
  };
  Bytes bytes_{};
};

using Le16 = Little<std::uint16_t>;
using Le32 = Little<std::uint32_t>;
using Le64 = Little<std::uint64_t>;

static_assert(sizeof(Le16) == 2 && sizeof(Le32) == 4 && sizeof(Le64) == 8 && alignof(Le64) == 1);

}  // namespace quire
