#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>

#include "base/atomic.h"
#include "base/mutex.h"

namespace quire::engine {

/// Counts the calls in progress, so that close() can wait for them and turn later ones away. Entering
/// and leaving cost an atomic addition each, in a cache line that few threads share.
class CallGate {
 public:
  /// False if the gate is closed. Otherwise leave() with the same `lane` follows.
  bool enter(std::size_t& lane) noexcept;
  void leave(std::size_t lane) noexcept;

  /// From now on enter() returns false. False if it had been closed before.
  bool close() noexcept;
  /// After close(): returns when the last call has left.
  void wait_until_empty();
  /// Whoever closed the gate has done all that is to be done behind it.
  void finish() noexcept;
  /// For others: returns when finish() has been called.
  void wait_until_finished();

  bool is_closed() const noexcept { return closed_.load(std::memory_order_seq_cst); }

 private:
  struct alignas(64) Lane {
    Atomic<std::size_t> calls{0};
  };

  std::array<Lane, 32> lanes_;
  Atomic<bool> closed_{false};
  Mutex mutex_;
  std::condition_variable_any left_;
  std::condition_variable_any finished_;
  bool is_finished_ QUIRE_GUARDED_BY(mutex_) = false;
};

}  // namespace quire::engine
