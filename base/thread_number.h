#pragma once

#include <atomic>
#include <cstdint>

namespace quire {

/// The number of the calling thread, from 1 on: no other thread of this process ever has it, before
/// or after. std::thread::id is used again as soon as a thread has ended.
inline std::uint64_t this_thread_number() noexcept {
  static constinit std::atomic<std::uint64_t> last{0};
  static thread_local const std::uint64_t own = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return own;
}

}  // namespace quire
