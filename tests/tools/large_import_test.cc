// Imports of more than may be in memory: how much memory they take, and what a kill leaves of them.
// The input is noise, which no codec makes shorter.

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>

#include <quire/quire.h>

#include "tests/support/sizes.h"
#include "tests/tools/command_test.h"
#include "tools/descriptor.h"

namespace quire::tools {

namespace {

using testing::kMiB;

// The cache that every command has, and 64 MiB.
const std::uint64_t kMostMemory = Options().cache_size + 64 * kMiB;
constexpr std::uint64_t kInput = 512 * kMiB;
constexpr std::uint64_t kLargeBlock = 448 * kMiB;
constexpr std::uint64_t kMidst = 400 * kMiB;  // all are above kMostMemory

void append_number(std::string& bytes, std::uint64_t number, int size) {
  for (int i = 0; i < size; ++i, number >>= 8) bytes += static_cast<char>(number);
}

class LargeImportTest : public CommandTest {
 protected:
  // Another MiB each time.
  const std::string& noise() {
    noise_.clear();
    while (noise_.size() < kMiB) append_number(noise_, random_(), 8);
    return noise_;
  }

  // Keys "0", "1" .. and so many bytes in all, in files of partd.File.
  void make_partd_directory(const std::string& directory, std::uint64_t bytes) {
    std::filesystem::create_directory(directory);
    for (std::uint64_t done = 0; done < bytes; done += kMiB) {
      const std::string& value = noise();
      constexpr std::uint64_t kValue = 32 * 1024;
      for (std::uint64_t at = 0; at < kMiB; at += kValue) {
        write_file(directory + "/" + std::to_string((done + at) / kValue),
                   std::string_view(value).substr(at, kValue));
      }
    }
  }

  // A block of kLargeBlock and smaller ones.
  void make_smartpipe(const std::string& prefix, std::uint64_t bytes) {
    std::ofstream data(prefix + ".dat", std::ios::binary);
    std::string index;
    std::uint64_t offset = 0;
    for (std::uint64_t done = 0; done < bytes; done += kMiB) {
      if (done == 0 || done >= kLargeBlock) {
        const std::string key = std::to_string(done);
        append_number(index, key.size(), 4);
        index += key;
        append_number(index, offset, 8);
        append_number(index, offset, 8);
      }
      std::string head;
      append_number(head, 1, 4);
      head += 'k';
      append_number(head, kMiB, 4);
      data << head << noise();
      offset += head.size() + kMiB;
    }
    data.close();
    ASSERT_TRUE(data);
    write_file(prefix + ".idx", index);
  }

  void make_plain_file(const std::string& file, std::uint64_t bytes) {
    std::ofstream data(file, std::ios::binary);
    for (std::uint64_t done = 0; done < bytes; done += kMiB) data << noise();
    data.close();
    ASSERT_TRUE(data);
  }

  pid_t start(const std::vector<std::string>& arguments) const {
    const Descriptor nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
    return start_command(arguments, nowhere.get(), nowhere.get(), STDERR_FILENO);
  }

  // Runs the command and holds its memory to the bound.
  void expect_bounded(const std::vector<std::string>& arguments) const {
    const pid_t pid = start(arguments);
    int status = 0;
    rusage usage{};
    ASSERT_EQ(wait4(pid, &status, 0, &usage), pid);
    ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    const std::uint64_t peak = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    RecordProperty("peak_mib", static_cast<int>(peak / kMiB));
    EXPECT_LE(peak, kMostMemory) << peak / kMiB << " MiB";
  }

  // Kills the command once the database has so many bytes.
  void kill_in_midst(const std::vector<std::string>& arguments, std::uint64_t bytes) const {
    const pid_t pid = start(arguments);
    const auto size = [&] {
      std::error_code missing;
      const std::uintmax_t now = std::filesystem::file_size(file(), missing);
      return missing ? 0 : now;
    };
    while (size() < bytes && waitpid(pid, nullptr, WNOHANG) == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(pid, SIGKILL);
    EXPECT_EQ(wait_for_exit(pid), 1000 + SIGKILL);
  }

 private:
  std::mt19937_64 random_{1};
  std::string noise_;
};

TEST_F(LargeImportTest, PipeWithABlockLargerThanMemory) {
  make_smartpipe(path("old"), kInput);
  kill_in_midst({"import", "smartpipe", path("old"), file(), "new"}, kMidst);
  EXPECT_EQ(run_json({"ls", file()})["collections"].size(), 0U) << "nothing is half done";
  expect_bounded({"import", "smartpipe", path("old"), file(), "new"});
  EXPECT_EQ(run_json({"ls", file(), "new", "--json"})["blocks"].size(), 65U);
  std::filesystem::remove(path("old.dat"));
  expect_bounded({"export", "smartpipe", file(), "new", path("out")});
}

TEST_F(LargeImportTest, FlatFileWithAValueLargerThanMemory) {
  make_plain_file(path("old"), kInput);
  expect_bounded({"import", "flatfile", path("old"), file(), "new"});
  const Database database = Database::open(file());
  EXPECT_EQ(database.snapshot().open<FlatFile>("new").segments().at(0).size, kInput);
}

TEST_F(LargeImportTest, DirectoryWithAFileLargerThanMemory) {
  std::filesystem::create_directory(path("old"));
  make_plain_file(path("old/large"), kInput);
  expect_bounded({"import", "dir", path("old"), file(), "new"});
  const CommandResult list = run({"ls", file(), "new.meta"});
  EXPECT_EQ(list.out, "large\n");
}

TEST_F(LargeImportTest, PartdOfManyValues) {
  make_partd_directory(path("old"), kInput);
  kill_in_midst({"import", "partd", path("old"), file(), "new"}, kMidst);
  EXPECT_EQ(run_json({"ls", file()})["collections"].size(), 0U) << "nothing is half done";
  expect_bounded({"import", "partd", path("old"), file(), "new"});
  const Database database = Database::open(file());
  EXPECT_EQ(database.snapshot().open<Partd>("new").size(), 16'384U);
}

}  // namespace

}  // namespace quire::tools
