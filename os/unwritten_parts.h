#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <quire/bytes.h>

namespace quire::os {

/// What of a list of parts is still to be written, while the system takes them in pieces of any
/// size. A view: the list and its bytes must outlive it. One thread.
class UnwrittenParts {
 public:
  explicit UnwrittenParts(std::span<const ByteView> parts) noexcept : parts_(parts) {
    skip_written();
  }

  bool empty() const noexcept { return parts_.empty(); }

  std::uint64_t bytes() const noexcept {
    std::uint64_t total = 0;
    for (const ByteView part : parts_) total += part.size();
    return total - written_of_first_;
  }

  /// The system took that many more bytes, at most bytes().
  void advance(std::size_t written) noexcept {
    written_of_first_ += written;
    skip_written();
  }

  /// Describes as many as fit into `vectors`; returns how many those are.
  int describe(std::span<iovec> vectors) const noexcept {
    const std::size_t count = std::min(parts_.size(), vectors.size());
    for (std::size_t index = 0; index < count; ++index) {
      const ByteView part = parts_[index].sub(index == 0 ? written_of_first_ : 0);
      vectors[index] = {const_cast<std::byte*>(part.data()), part.size()};
    }
    return static_cast<int>(count);
  }

 private:
  void skip_written() noexcept {
    while (!parts_.empty() && written_of_first_ >= parts_.front().size()) {
      written_of_first_ -= parts_.front().size();
      parts_ = parts_.subspan(1);
    }
  }

  std::span<const ByteView> parts_;
  std::size_t written_of_first_ = 0;
};

}  // namespace quire::os
