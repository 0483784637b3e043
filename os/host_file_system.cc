#include "os/host_file_system.h"

#include <sys/random.h>

#include <system_error>
#include <thread>
#include <utility>

#include "base/invariant.h"
#include "os/system_call.h"

namespace quire::os {

namespace {

class JoiningThread final : public Thread {
 public:
  explicit JoiningThread(std::function<void()> body) : thread_(std::move(body)) {}
  JoiningThread(const JoiningThread&) = delete;
  JoiningThread& operator=(const JoiningThread&) = delete;
  ~JoiningThread() override {
    invariant(std::this_thread::get_id() != thread_.get_id(), "a thread cannot wait for itself");
    thread_.join();
  }

 private:
  std::thread thread_;
};

}  // namespace

std::chrono::system_clock::time_point HostFileSystem::now() {
  return std::chrono::system_clock::now();
}

std::chrono::nanoseconds HostFileSystem::monotonic_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

void HostFileSystem::fill_random(std::span<std::byte> bytes) {
  while (!bytes.empty()) {
    const auto filled = uninterrupted([&] { return ::getrandom(bytes.data(), bytes.size(), 0); });
    if (filled < 0) throw_errno("getrandom", "");
    bytes = bytes.subspan(static_cast<std::size_t>(filled));
  }
}

std::unique_ptr<Thread> HostFileSystem::start_thread(std::function<void()> body) {
  try {
    return std::make_unique<JoiningThread>(std::move(body));
  } catch (const std::system_error& error) {
    throw IoError("start_thread", "", error.code().value(),
                  "raise the limit on threads of this user or container");
  }
}

}  // namespace quire::os
