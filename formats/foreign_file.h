#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <span>
#include <string>

#include <quire/error.h>

namespace quire::formats {

/// What to do about a foreign file that is not as its format has it.
inline constexpr const char* kForeignAdvice =
    "nothing was imported; take a sound copy of the file, or mend it at that place";

/// A little-endian number.
template <class T>
T load_little_endian(const std::byte* bytes) noexcept {
  T number = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) number = number << 8 | std::to_integer<T>(bytes[i]);
  return number;
}

/// A file of another system, read anywhere, whose bytes are not to be trusted. One thread at a time.
class ForeignFile {
 public:
  /// NotFound if there is no such file; IoError if it cannot be read.
  explicit ForeignFile(std::string path);

  const std::string& path() const noexcept { return path_; }
  /// Bytes, when it was opened.
  std::uint64_t size() const noexcept { return size_; }

  /// Fills `out` from `offset` on. CorruptionError, naming file and offset, if the file ends before.
  void read(std::uint64_t offset, std::span<std::byte> out);
  /// The same as a string. `count` is held against the size before anything is allocated.
  std::string read(std::uint64_t offset, std::uint64_t count);
  /// Little-endian.
  std::uint32_t read_u32(std::uint64_t offset);
  std::uint64_t read_u64(std::uint64_t offset);

  /// For bytes that are not as their format has them: "FILE at byte OFFSET"; `advice` says what to
  /// do about it.
  CorruptionError error(std::uint64_t offset, std::string field, std::string expected,
                        std::string found, std::string advice = kForeignAdvice) const;

 private:
  void require(std::uint64_t offset, std::uint64_t count) const;

  std::string path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
};

}  // namespace quire::formats
