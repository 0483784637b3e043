#pragma once

#include <pthread.h>
#include <time.h>

namespace quire::schedule {

/// The functions of the C library that interposed_threads.cc stands in front of.
struct RealThreads {
  decltype(&::pthread_mutex_lock) mutex_lock;
  decltype(&::pthread_mutex_trylock) mutex_trylock;
  decltype(&::pthread_mutex_unlock) mutex_unlock;
  decltype(&::pthread_cond_wait) cond_wait;
  decltype(&::pthread_cond_timedwait) cond_timedwait;
  decltype(&::pthread_cond_clockwait) cond_clockwait;
  decltype(&::pthread_cond_signal) cond_signal;
  decltype(&::pthread_cond_broadcast) cond_broadcast;
  pthread_t (*self)() noexcept;
  decltype(&::clock_gettime) get_time;
};

/// Safe from any thread, also before main().
const RealThreads& real_threads() noexcept;

}  // namespace quire::schedule
