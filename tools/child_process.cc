#include "tools/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <quire/error.h>

#include "tools/interrupt.h"

namespace quire::tools {

namespace {

pid_t spawn_self(std::vector<std::string>& arguments, int standard_output) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, standard_output, STDOUT_FILENO);
  // A process group of its own: Ctrl-C is for the parent, which ends the child.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failure =
      posix_spawn(&pid, "/proc/self/exe", &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) throw IoError("posix_spawn", "/proc/self/exe", failure);
  return pid;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw IoError("pipe", {}, errno);
  output_ = Descriptor(ends[0]);
  const Descriptor writing(ends[1]);
  arguments.insert(arguments.begin(), "quire");
  pid_ = spawn_self(arguments, writing.get());
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  kill();
  waitpid(pid_, nullptr, 0);
}

std::optional<std::string> ChildProcess::next_line() {
  std::size_t end = unparsed_.find('\n');
  while (end == std::string::npos) {
    wait_readable(output_.get());
    std::array<char, 4096> buffer;
    const ssize_t count = read(output_.get(), buffer.data(), buffer.size());
    if (count < 0) throw IoError("read", "output of a child process", errno);
    if (count == 0) return std::nullopt;
    unparsed_.append(buffer.data(), static_cast<std::size_t>(count));
    end = unparsed_.find('\n');
  }
  std::string line = unparsed_.substr(0, end);
  unparsed_.erase(0, end + 1);
  return line;
}

void ChildProcess::kill() noexcept {
  if (pid_ >= 0) ::kill(pid_, SIGKILL);
}

ChildProcess::Ending ChildProcess::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) throw IoError("waitpid", {}, errno);
  }
  pid_ = -1;
  Ending ending;
  ending.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  ending.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ending;
}

void tell_parent(const std::string& line) {
  const std::string text = line + "\n";
  if (write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw IoError("write", "standard output", errno);
  }
}

}  // namespace quire::tools
