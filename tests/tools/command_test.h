#pragma once

#include <sys/types.h>

#include <gtest/gtest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "tools/output.h"
#include "tools/temporary_directory.h"

namespace quire::tools {

/// What a command left behind.
struct CommandResult {
  int exit_code = -1;
  std::string out;  // standard output
  std::string err;  // standard error

  /// `out` as JSON; a test failure and an empty object if it is none.
  Json json() const;
};

/// Starts the command; its standard streams are copies of the descriptors.
pid_t start_command(std::vector<std::string> arguments, int in, int out, int err,
                    std::optional<uid_t> user = std::nullopt);
/// Waits for its exit code; 1000 and the signal's number if a signal ended it.
int wait_for_exit(pid_t pid);

/// Makes or replaces the file.
void write_file(const std::string& path, std::string_view content);
std::string read_file(const std::string& path);

/// A directory with a database in it, and the quire command to run on it. At the end of each test
/// the database, if there is one, must pass `check --deep`.
class CommandTest : public ::testing::Test {
 protected:
  /// Waits for the command to end.
  CommandResult run(std::vector<std::string> arguments, std::string_view input = {}) const;
  /// The same as user and group 65534, who owns nothing.
  CommandResult run_as_nobody(std::vector<std::string> arguments) const;

  /// Runs it on a terminal, expects success, and returns what the terminal got: at most 4096 bytes,
  /// with "\r\n" at line ends.
  std::string run_on_terminal(std::vector<std::string> arguments) const;

  /// Expects success and takes its JSON.
  Json run_json(std::vector<std::string> arguments) const;

  /// Expects failure: the exit code, nothing on standard output, `message` in the message, and what
  /// to do, said once.
  void expect_failure(std::vector<std::string> arguments, int exit_code,
                      std::string_view message) const;

  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  const std::string& file() const { return file_; }

  /// For tests that damage the database.
  void expect_no_intact_database() { intact_ = false; }

  void TearDown() override;

 private:
  CommandResult run_as(std::vector<std::string> arguments, std::string_view input,
                       std::optional<uid_t> user) const;

  TemporaryDirectory directory_;
  std::string file_ = directory_.path() + "/test.quire";
  bool intact_ = true;
};

}  // namespace quire::tools
