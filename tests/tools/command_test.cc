#include "tests/tools/command_test.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tools/descriptor.h"

namespace quire::tools {

namespace {

constexpr uid_t kNobody = 65534;

// In the child: only calls that are safe after fork.
[[noreturn]] void become_command(char* const* argv, int input, int out, int err,
                                 std::optional<uid_t> user) {
  dup2(input, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  // Opened while we may: the other user need not be able to search the directories above it.
  const int command = open(QUIRE_COMMAND, O_RDONLY | O_CLOEXEC);
  if (user && (setgroups(0, nullptr) != 0 || setgid(*user) != 0 || setuid(*user) != 0)) _exit(126);
  fexecve(command, argv, environ);
  _exit(127);
}

}  // namespace

pid_t start_command(std::vector<std::string> arguments, int in, int out, int err,
                    std::optional<uid_t> user) {
  arguments.insert(arguments.begin(), "quire");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) become_command(argv.data(), in, out, err, user);
  return pid;
}

int wait_for_exit(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

Json CommandResult::json() const {
  Json document = Json::parse(out, nullptr, false);
  if (document.is_object()) return document;
  ADD_FAILURE() << "not a JSON object: " << out << err;
  return Json::object();
}

void write_file(const std::string& path, std::string_view content) {
  std::ofstream stream(path, std::ios::binary);
  stream << content;
  stream.close();
  ASSERT_TRUE(stream) << path;
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

CommandResult CommandTest::run_as(std::vector<std::string> arguments, std::string_view input,
                                  std::optional<uid_t> user) const {
  // Not in the test's own directory, which a test may import.
  const TemporaryDirectory streams;
  write_file(streams.path() + "/in", input);
  const Descriptor in(open((streams.path() + "/in").c_str(), O_RDONLY | O_CLOEXEC));
  const Descriptor out(creat((streams.path() + "/out").c_str(), 0600));
  const Descriptor err(creat((streams.path() + "/err").c_str(), 0600));
  CommandResult result;
  result.exit_code =
      wait_for_exit(start_command(std::move(arguments), in.get(), out.get(), err.get(), user));
  result.out = read_file(streams.path() + "/out");
  result.err = read_file(streams.path() + "/err");
  return result;
}

CommandResult CommandTest::run(std::vector<std::string> arguments, std::string_view input) const {
  return run_as(std::move(arguments), input, std::nullopt);
}

std::string CommandTest::run_on_terminal(std::vector<std::string> arguments) const {
  int master = -1;
  int terminal = -1;
  if (openpty(&master, &terminal, nullptr, nullptr, nullptr) != 0) return "no terminal";
  const Descriptor master_owner(master);
  const Descriptor terminal_owner(terminal);
  const int exit_code =
      wait_for_exit(start_command(std::move(arguments), terminal, terminal, terminal));
  EXPECT_EQ(exit_code, 0);
  std::array<char, 4096> buffer;
  pollfd readable{master, POLLIN, 0};
  if (poll(&readable, 1, 0) == 0) return {};
  const ssize_t count = read(master, buffer.data(), buffer.size());
  return std::string(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
}

CommandResult CommandTest::run_as_nobody(std::vector<std::string> arguments) const {
  return run_as(std::move(arguments), {},
                geteuid() == 0 ? std::optional<uid_t>(kNobody) : std::nullopt);
}

Json CommandTest::run_json(std::vector<std::string> arguments) const {
  arguments.push_back("--json");
  const CommandResult result = run(std::move(arguments));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  Json document = result.json();
  EXPECT_EQ(document.value("schema", 0), 1);
  return document;
}

void CommandTest::expect_failure(std::vector<std::string> arguments, int exit_code,
                                 std::string_view message) const {
  const CommandResult result = run(std::move(arguments));
  EXPECT_EQ(result.exit_code, exit_code) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
  // In the message, behind a semicolon, or else in a line of its own.
  const std::size_t advice = result.err.find("what to do: ");
  const bool in_message = result.err.substr(0, advice).find("; ") != std::string::npos;
  EXPECT_NE(in_message, advice != std::string::npos) << result.err;
}

void CommandTest::TearDown() {
  if (!intact_ || !std::filesystem::exists(file_)) return;
  const CommandResult result = run({"check", file_, "--deep"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

}  // namespace quire::tools
