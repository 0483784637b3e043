#pragma once

#include <quire/file_system.h>

namespace quire::os {

/// Time, randomness and threads of this machine: what file systems that differ only in their files
/// have in common.
class HostFileSystem : public FileSystem {
 public:
  std::chrono::system_clock::time_point now() final;
  std::chrono::nanoseconds monotonic_now() final;

  /// From the kernel's generator; waits only in the first moments after the machine has started.
  void fill_random(std::span<std::byte> bytes) final;

  /// An exception that leaves `body` ends the program. The destructor must not run on the thread
  /// itself.
  std::unique_ptr<Thread> start_thread(std::function<void()> body) override;
};

}  // namespace quire::os
