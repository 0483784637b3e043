#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>

#include "base/ids.h"

namespace quire::pager {

/// A set of page numbers that lie close together: a bit each, in chunks of 4096 pages. Every call
/// costs O(log chunks), a walk O(chunks).
class PidSet {
 public:
  bool empty() const noexcept { return count_ == 0; }
  std::size_t size() const noexcept { return count_; }
  bool contains(Pid pid) const noexcept;
  /// If memory runs out, nothing has changed.
  void insert(Pid pid);
  void erase(Pid pid) noexcept;
  void clear() noexcept;

  /// Calls `fn(Pid)` for each, ascending.
  template <class Fn>
  void for_each(Fn&& fn) const {
    for (const auto& [number, chunk] : chunks_) {
      for (Pid i = 0; i < kChunkPages; ++i) {
        if (chunk[i]) fn(number * kChunkPages + i);
      }
    }
  }

  /// Calls `fn(Pid first, std::uint32_t count)` for each row of neighbours, ascending.
  template <class Fn>
  void for_each_run(Fn&& fn) const {
    Pid first = 0;
    std::uint32_t count = 0;
    for_each([&](Pid pid) {
      if (count > 0 && pid != first + count) {
        fn(first, count);
        count = 0;
      }
      if (count++ == 0) first = pid;
    });
    if (count > 0) fn(first, count);
  }

 private:
  static constexpr Pid kChunkPages = 4096;
  using Chunk = std::bitset<kChunkPages>;

  std::map<Pid, Chunk> chunks_;  // by pid / kChunkPages; none is empty
  std::size_t count_ = 0;
};

}  // namespace quire::pager
