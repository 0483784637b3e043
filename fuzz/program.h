#pragma once

#include <cstddef>
#include <cstdint>

#include <quire/bytes.h>

namespace quire::fuzz {

/// Bytes as a row of choices; once they are used up, each is the first.
class Program {
 public:
  explicit Program(ByteView bytes) noexcept : rest_(bytes) {}

  bool at_end() const noexcept { return rest_.empty(); }
  /// 0 <= result < `count`, from one byte; `count` at most 256.
  std::size_t choose(std::size_t count) noexcept {
    if (rest_.empty()) return 0;
    const auto byte = std::to_integer<std::size_t>(rest_[0]);
    rest_ = rest_.sub(1);
    return byte % count;
  }
  /// 0 <= result < 65536, from two bytes.
  std::size_t number() noexcept {
    const std::size_t high = choose(256);
    return high << 8 | choose(256);
  }

 private:
  ByteView rest_;
};

}  // namespace quire::fuzz
