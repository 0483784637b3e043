#pragma once

#include <thread>

#include "tests/support/forwarding_file_system.h"

namespace quire::testing {

/// Passes everything on to another FileSystem, but starts threads where that starts none.
class ThreadedFileSystem final : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  std::unique_ptr<Thread> start_thread(std::function<void()> body) override {
    return std::make_unique<JoinedThread>(std::move(body));
  }

 private:
  class JoinedThread final : public Thread {
   public:
    explicit JoinedThread(std::function<void()> body) : thread_(std::move(body)) {}
    ~JoinedThread() override { thread_.join(); }

   private:
    std::thread thread_;
  };
};

}  // namespace quire::testing
