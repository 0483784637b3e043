#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "tools/descriptor.h"

namespace quire::tools {

/// This program again, in a process of its own, whose standard output is read line by line. The
/// destructor kills it. One thread at a time.
class ChildProcess {
 public:
  /// How it ended. `killed` is true only if kill() ended it: it was still at work then.
  struct Ending {
    bool killed = false;
    int exit_code = 0;
  };

  /// Runs `quire` with these arguments. IoError if the system does not let it.
  explicit ChildProcess(std::vector<std::string> arguments);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Waits for the next line; nothing once it has ended and all were read. Throws Interrupted.
  std::optional<std::string> next_line();

  /// SIGKILL. Lines that it has written before can still be read.
  void kill() noexcept;

  /// Waits until it has ended.
  Ending wait();

 private:
  pid_t pid_ = -1;
  Descriptor output_;
  std::string unparsed_;
};

/// For the child: writes a line to standard output in one call, so that it is there as a whole or
/// not at all. If the parent is gone, SIGPIPE ends this process.
void tell_parent(const std::string& line);

}  // namespace quire::tools
