#include "os/fork_guard.h"

#include <pthread.h>

#include <atomic>

#include "base/invariant.h"

namespace quire::os {

namespace {

constinit std::atomic<std::uint64_t> forks{0};

// Runs in the child while it has one thread and before fork() returns there: nobody can see the old
// number.
void count_fork() { forks.fetch_add(1, std::memory_order_relaxed); }

bool install() noexcept {
  const int error_number = ::pthread_atfork(nullptr, nullptr, count_fork);
  invariant(error_number == 0, "no memory to tell forked children from the process that opened");
  return true;
}

}  // namespace

std::uint64_t fork_count() noexcept {
  [[maybe_unused]] static const bool installed = install();
  return forks.load(std::memory_order_relaxed);
}

}  // namespace quire::os
