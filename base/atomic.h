#pragma once

#include <atomic>

namespace quire {

#if defined(QUIRE_SCHEDULE_POINTS)

/// Called before each operation on an Atomic, where a thread may be made to wait while others go on.
/// Defined by tests/schedule/, whose build alone has these points.
void schedule_point(const void* object, bool changes) noexcept;
/// Called by a loop that waits for another thread without blocking: the other one goes on.
void schedule_spin() noexcept;

/// std::atomic, of which each operation is a point where the scheduler of the tests decides who goes
/// on. Only the operations that the engine uses.
template <class T>
class Atomic {
 public:
  Atomic() noexcept = default;
  Atomic(T value) noexcept : value_(value) {}  // implicit, as that of std::atomic

  T load(std::memory_order order = std::memory_order_seq_cst) const noexcept {
    schedule_point(this, false);
    return value_.load(order);
  }
  void store(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    schedule_point(this, true);
    value_.store(value, order);
  }
  T exchange(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    schedule_point(this, true);
    return value_.exchange(value, order);
  }
  T fetch_add(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    schedule_point(this, true);
    return value_.fetch_add(value, order);
  }
  T fetch_sub(T value, std::memory_order order = std::memory_order_seq_cst) noexcept {
    schedule_point(this, true);
    return value_.fetch_sub(value, order);
  }
  bool compare_exchange_strong(T& expected, T value,
                               std::memory_order order = std::memory_order_seq_cst) noexcept {
    schedule_point(this, true);
    return value_.compare_exchange_strong(expected, value, order);
  }
  bool compare_exchange_weak(T& expected, T value,
                             std::memory_order order = std::memory_order_seq_cst) noexcept {
    return compare_exchange_strong(expected, value, order);
  }
  operator T() const noexcept { return load(); }
  T operator=(T value) noexcept {
    store(value);
    return value;
  }

 private:
  std::atomic<T> value_;
};

#else

/// An atomic by which threads tell one another what is published, registered or closed, without a
/// lock. The build that tries schedules has another one, which can hold a thread back before each
/// operation; everywhere else this is std::atomic.
template <class T>
using Atomic = std::atomic<T>;

/// For the body of a loop that waits for another thread without blocking.
inline void schedule_spin() noexcept {}

#endif

}  // namespace quire
