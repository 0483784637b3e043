// In front of the functions of the C library by which threads wait for one another. An executable's
// definitions come before those of shared libraries, so std::mutex in the engine and
// std::condition_variable in libstdc++.so call these. They ask the scheduler of the calling thread; a
// thread without one gets what it would have got.

#include <dlfcn.h>

#include <chrono>

#include "base/atomic.h"
#include "tests/schedule/real_threads.h"
#include "tests/schedule/scheduler.h"

namespace quire::schedule {
namespace {

template <class Function>
Function find(const char* name) noexcept {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

std::chrono::nanoseconds time_of(const timespec& time) noexcept {
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

const RealThreads& real_threads() noexcept {
  static const RealThreads real{
      find<decltype(RealThreads::mutex_lock)>("pthread_mutex_lock"),
      find<decltype(RealThreads::mutex_trylock)>("pthread_mutex_trylock"),
      find<decltype(RealThreads::mutex_unlock)>("pthread_mutex_unlock"),
      find<decltype(RealThreads::cond_wait)>("pthread_cond_wait"),
      find<decltype(RealThreads::cond_timedwait)>("pthread_cond_timedwait"),
      find<decltype(RealThreads::cond_clockwait)>("pthread_cond_clockwait"),
      find<decltype(RealThreads::cond_signal)>("pthread_cond_signal"),
      find<decltype(RealThreads::cond_broadcast)>("pthread_cond_broadcast"),
      find<decltype(RealThreads::self)>("pthread_self"),
      find<decltype(RealThreads::get_time)>("clock_gettime"),
  };
  return real;
}

}  // namespace quire::schedule

namespace quire {

void schedule_point(const void* object, bool changes) noexcept {
  if (auto* scheduler = schedule::Scheduler::of_this_thread()) scheduler->point(object, changes);
}

void schedule_spin() noexcept {
  if (auto* scheduler = schedule::Scheduler::of_this_thread()) scheduler->yield();
}

}  // namespace quire

#define QUIRE_INTERPOSED extern "C" __attribute__((visibility("default")))

using quire::schedule::real_threads;
using quire::schedule::Scheduler;
using quire::schedule::time_of;

QUIRE_INTERPOSED int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  if (auto* scheduler = Scheduler::of_this_thread()) {
    return scheduler->lock(mutex, __builtin_return_address(0));
  }
  return real_threads().mutex_lock(mutex);
}

QUIRE_INTERPOSED int pthread_mutex_trylock(pthread_mutex_t* mutex) noexcept {
  if (auto* scheduler = Scheduler::of_this_thread()) return scheduler->try_lock(mutex);
  return real_threads().mutex_trylock(mutex);
}

QUIRE_INTERPOSED int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
  return real_threads().mutex_unlock(mutex);
}

QUIRE_INTERPOSED int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  if (auto* scheduler = Scheduler::of_this_thread()) {
    return scheduler->wait(condition, mutex, nullptr);
  }
  return real_threads().cond_wait(condition, mutex);
}

QUIRE_INTERPOSED int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                            const timespec* time) {
  if (auto* scheduler = Scheduler::of_this_thread()) {
    const auto deadline = time_of(*time);
    return scheduler->wait(condition, mutex, &deadline);
  }
  return real_threads().cond_timedwait(condition, mutex, time);
}

QUIRE_INTERPOSED int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                                            clockid_t clock, const timespec* time) {
  if (auto* scheduler = Scheduler::of_this_thread()) {
    const auto deadline = time_of(*time);
    return scheduler->wait(condition, mutex, &deadline);
  }
  return real_threads().cond_clockwait(condition, mutex, clock, time);
}

QUIRE_INTERPOSED int pthread_cond_signal(pthread_cond_t* condition) noexcept {
  if (auto* scheduler = Scheduler::of_this_thread()) {
    scheduler->notify(condition, false);
    return 0;
  }
  return real_threads().cond_signal(condition);
}

QUIRE_INTERPOSED int pthread_cond_broadcast(pthread_cond_t* condition) noexcept {
  if (auto* scheduler = Scheduler::of_this_thread()) {
    scheduler->notify(condition, true);
    return 0;
  }
  return real_threads().cond_broadcast(condition);
}

/// The same in each run, because threads choose their place in tables by it.
QUIRE_INTERPOSED pthread_t pthread_self() noexcept {
  auto* scheduler = Scheduler::of_this_thread();
  return scheduler == nullptr ? real_threads().self() : scheduler->number() + 1;
}

/// Every clock of a scheduled thread shows the scheduler's time.
QUIRE_INTERPOSED int clock_gettime(clockid_t clock, timespec* time) noexcept {
  auto* scheduler = Scheduler::of_this_thread();
  if (scheduler == nullptr) return real_threads().get_time(clock, time);
  const std::chrono::nanoseconds now = scheduler->now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  time->tv_sec = seconds.count();
  time->tv_nsec = (now - seconds).count();
  return 0;
}
