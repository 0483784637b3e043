#include "tools/interrupt.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>

#include "tests/tools/command_test.h"
#include "tools/descriptor.h"

namespace quire::tools {

namespace {

// A command under way, whose messages the test reads from a pipe.
class InterruptTest : public CommandTest {
 protected:
  void start(std::vector<std::string> arguments) {
    int master = -1;
    int terminal = -1;
    ASSERT_EQ(openpty(&master, &terminal, nullptr, nullptr, nullptr), 0);
    master_ = Descriptor(master);
    terminal_ = Descriptor(terminal);
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    messages_ = Descriptor(ends[0]);
    const Descriptor writing(ends[1]);
    pid_ = start_command(std::move(arguments), terminal, writing.get(), writing.get());
  }

  // Reads until `text` has come or the command has ended.
  void wait_for_message(const std::string& text) {
    while (read_.find(text) == std::string::npos) {
      std::array<char, 1000> buffer;
      const ssize_t count = read(messages_.get(), buffer.data(), buffer.size());
      ASSERT_GT(count, 0) << read_;
      read_.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  int interrupt() {
    kill(pid_, SIGINT);
    return wait_for_exit(pid_);
  }

 private:
  Descriptor master_;
  Descriptor terminal_;
  Descriptor messages_;
  std::string read_;
  pid_t pid_ = -1;
};

TEST_F(InterruptTest, PutThatWaitsForItsValueEndsWithCode130AndMakesNoFile) {
  start({"put", file(), "users", "ada"});
  wait_for_message("type the value");
  EXPECT_EQ(interrupt(), 130);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(InterruptTest, DemoEndsWithCode130AndLeavesAWholeDatabaseAndNoTemporaryFiles) {
  std::filesystem::create_directory(path("tree"));
  std::filesystem::create_directory(path("tmp"));
  for (int index = 0; index < 400; ++index) {
    write_file(path("tree/" + std::to_string(index)), std::string(5000, 'x'));
  }
  setenv("TMPDIR", path("tmp").c_str(), 1);
  start({"demo", "--dir", path("tree"), "--kills", "40", "--keep", file()});
  unsetenv("TMPDIR");
  wait_for_message("kill 2 of 40");
  EXPECT_EQ(interrupt(), 130);
  EXPECT_TRUE(std::filesystem::is_empty(path("tmp")));
}

TEST_F(InterruptTest, ImportOfAFlatFileEndsWithCode130AndLeavesNoValueAndNoList) {
  std::filesystem::create_directory(path("data"));
  write_file(path("data/stray"), "");
  write_file(path("data/data_00000000.dat"), "");
  std::filesystem::resize_file(path("data/data_00000000.dat"), std::uintmax_t{1} << 40);  // a hole
  start({"import", "flatfile", path("data"), file(), "f", "--new-locations", path("new")});
  wait_for_message("skipped: stray");
  EXPECT_EQ(interrupt(), 130);
  EXPECT_FALSE(std::filesystem::exists(path("new")));
  if (std::filesystem::exists(file())) {
    EXPECT_TRUE(run_json({"ls", file(), "--json"})["collections"].empty());
  }
}

TEST_F(InterruptTest, BenchEndsWithCode130AndLeavesNothing) {
  start({"bench", "--seconds", "100", "--dir", path("")});
  wait_for_message("measuring in");
  EXPECT_EQ(interrupt(), 130);
  EXPECT_TRUE(std::filesystem::is_empty(path("")));
}

TEST_F(InterruptTest, PartdImportEndsWithCode130AndLeavesNoCollection) {
  std::filesystem::create_directory(path("tree"));
  write_file(path("tree/x"), "");
  std::filesystem::resize_file(path("tree/x"), std::uintmax_t{1} << 36);  // takes no room
  start({"import", "partd", path("tree"), file(), "p", "--codec", "zstd"});
  while (!std::filesystem::exists(file())) sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(interrupt(), 130);
  EXPECT_TRUE(run_json({"ls", file()})["collections"].empty());
}

TEST(InterruptFlagTest, NothingIsThrownWithoutASignal) {
  EXPECT_NO_THROW(throw_if_interrupted());
  EXPECT_NO_THROW(sleep_for(std::chrono::microseconds(1)));
}

}  // namespace

}  // namespace quire::tools
