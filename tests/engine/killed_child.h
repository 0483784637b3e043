#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace quire::testing {

/// What a child tells of itself before and after each step.
struct ChildMessage {
  enum class Stage : std::uint64_t {
    started,
    opening,
    opened,
    committed,
    closing,
    closed,
    checkpointed,  // within any of the others
  };
  Stage stage = Stage::started;
  std::uint64_t number = 0;  // committed: of the transaction
};

/// A forked process that runs `body` until it is killed. What it tells through a pipe before its
/// death arrives: the pipe outlives it. Several threads of it may tell at once.
class KilledChild {
 public:
  using Stage = ChildMessage::Stage;
  using Tell = std::function<void(Stage, std::uint64_t number)>;

  /// Nothing may be open and no other thread may run in this process.
  explicit KilledChild(const std::function<void(const Tell&)>& body) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::_exit(run(body, ends[1]));
    }
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  ~KilledChild() {
    if (pid_ > 0) kill_after(std::chrono::microseconds(0));
    ::close(pipe_);
  }
  KilledChild(const KilledChild&) = delete;
  KilledChild& operator=(const KilledChild&) = delete;

  /// Waits until it has told of `stage` so many times, or has ended.
  void wait_for(Stage stage, std::uint64_t times) {
    while (times > 0) {
      const auto message = receive();
      if (!message) return;
      if (message->stage == stage) --times;
    }
  }

  /// Kills it, takes what it has told meanwhile, and waits for its end.
  void kill_after(std::chrono::microseconds delay) {
    std::this_thread::sleep_for(delay);
    ::kill(pid_, SIGKILL);
    while (receive()) {
    }
    while (::waitpid(pid_, &status_, 0) == -1 && errno == EINTR) {
    }
    pid_ = -1;
  }

  /// The signal found it running.
  bool was_killed() const { return WIFSIGNALED(status_) && WTERMSIG(status_) == SIGKILL; }
  /// It came to its end before, and without an error.
  bool has_finished() const { return WIFEXITED(status_) && WEXITSTATUS(status_) == 0; }

  Stage last_stage() const noexcept { return last_stage_; }
  int checkpoints() const noexcept { return checkpoints_; }
  /// The numbers that it told with Stage::committed, in that order.
  const std::vector<std::uint64_t>& committed() const noexcept { return committed_; }
  /// The last transaction whose commit had returned; 0: none.
  std::uint64_t acknowledged() const noexcept { return committed_.empty() ? 0 : committed_.back(); }

 private:
  static int run(const std::function<void(const Tell&)>& body, int pipe) noexcept {
    try {
      body([pipe](Stage stage, std::uint64_t number) {
        const ChildMessage message{stage, number};  // short enough to be written whole
        if (::write(pipe, &message, sizeof message) != sizeof message)
          throw std::runtime_error("the parent has gone");
      });
      return 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      return 1;
    }
  }

  /// Nothing once it has ended and told all.
  std::optional<ChildMessage> receive() {
    ChildMessage message;
    ssize_t count = 0;
    do {
      count = ::read(pipe_, &message, sizeof message);
    } while (count == -1 && errno == EINTR);
    if (count != sizeof message) return std::nullopt;
    if (message.stage == Stage::checkpointed) {
      ++checkpoints_;
    } else {
      last_stage_ = message.stage;
    }
    if (message.stage == Stage::committed) committed_.push_back(message.number);
    return message;
  }

  pid_t pid_ = -1;
  int pipe_ = -1;
  int status_ = 0;
  Stage last_stage_ = Stage::started;
  std::vector<std::uint64_t> committed_;
  int checkpoints_ = 0;
};

}  // namespace quire::testing
