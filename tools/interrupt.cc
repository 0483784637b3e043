#include "tools/interrupt.h"

#include <poll.h>

#include <cerrno>
#include <csignal>
#include <thread>

#include <quire/error.h>

namespace quire::tools {

namespace {

volatile std::sig_atomic_t interrupted = 0;

// A signal that comes just before poll() is seen after this time at the latest.
constexpr int kPollMilliseconds = 200;

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = 1; };
  // SA_RESTART: the engine's system calls go on undisturbed; poll() returns in any case.
  action.sa_flags = SA_RESTART | SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
}

bool interrupt_has_come() noexcept { return interrupted != 0; }

void throw_if_interrupted() {
  if (interrupt_has_come()) throw Interrupted();
}

void wait_readable(int descriptor) {
  for (;;) {
    throw_if_interrupted();
    pollfd wanted{descriptor, POLLIN, 0};
    const int ready = poll(&wanted, 1, kPollMilliseconds);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) throw IoError("poll", {}, errno);
  }
}

void sleep_for(std::chrono::microseconds duration) {
  throw_if_interrupted();
  std::this_thread::sleep_for(duration);
  throw_if_interrupted();
}

}  // namespace quire::tools
