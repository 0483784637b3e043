#include "tools/source_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include <quire/error.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class SourceFileTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  TemporaryDirectory directory_;
};

TEST_F(SourceFileTest, ReadsAllBytesWithModeAndTime) {
  const std::string content = std::string(3'000'000, 'x') + std::string("\0end", 4);
  write_file(path("file"), content);
  ASSERT_EQ(chmod(path("file").c_str(), 0640), 0);
  const SourceFile file = read_source_file(path("file"), content.size());
  EXPECT_EQ(file.content, content);
  EXPECT_EQ(file.mode, 0640U);
  const SourceStatus status = source_status(path("file"));
  EXPECT_EQ(status.size, content.size());
  EXPECT_EQ(status.mode, 0640U);
  EXPECT_EQ(status.mtime_ns, file.mtime_ns);
}

TEST_F(SourceFileTest, ReadsAFileThatDoesNotSayItsSize) {
  EXPECT_FALSE(read_source_file("/proc/self/status", 1'000'000).content.empty());
}

TEST_F(SourceFileTest, RefusesMoreThanTheLimit) {
  write_file(path("file"), "four");
  EXPECT_EQ(read_source_file(path("file"), 4).content, "four");
  try {
    read_source_file(path("file"), 3);
    FAIL() << "no error";
  } catch (const IoError& error) {
    EXPECT_EQ(error.error_number(), EFBIG);
    EXPECT_EQ(error.path(), path("file"));
  }
  EXPECT_THROW(read_source_file("/proc/self/status", 10), IoError);
}

TEST_F(SourceFileTest, RefusesWhatIsNoRegularFileWithoutWaiting) {
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  write_file(path("file"), "1");
  std::filesystem::create_symlink("file", path("link"));
  for (const char* name : {"fifo", "link", "missing", "."}) {
    EXPECT_THROW(read_source_file(path(name), 10), IoError) << name;
    EXPECT_THROW(source_status(path(name)), IoError) << name;
  }
}

}  // namespace

}  // namespace quire::tools
