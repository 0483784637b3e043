#include "tools/target_directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include <quire/error.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

using namespace std::string_literals;

class TargetDirectoryTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  std::size_t name_count(const std::string& name) const {
    const auto names = std::filesystem::directory_iterator(path(name));
    return static_cast<std::size_t>(std::distance(begin(names), end(names)));
  }

  TemporaryDirectory directory_;
};

TEST_F(TargetDirectoryTest, NothingSpeaksAgainstPathsThatStayBelow) {
  for (const std::string good :
       {"a", "a/b/c", "..a", "a..", ".hidden/.b", "a b", "\xff/\n", "..."}) {
    EXPECT_EQ(reason_against(good), "") << good;
  }
}

TEST_F(TargetDirectoryTest, SpeaksAgainstEveryPathThatCouldLeave) {
  for (const std::string& bad : {""s, "/"s, "/etc/passwd"s, ".."s, "../a"s, "a/../b"s, "a/.."s,
                                 "."s, "a/./b"s, "a//b"s, "a/"s, "a\0b"s, "\0"s}) {
    EXPECT_NE(reason_against(bad), "") << bad;
  }
}

TEST_F(TargetDirectoryTest, SpeaksAgainstNamesThatNoFileCanHave) {
  EXPECT_EQ(reason_against("a/" + std::string(255, 'n') + "/b"), "");
  EXPECT_EQ(reason_against("a/" + std::string(256, 'n') + "/b"),
            "it has a name of 256 bytes, and 255 is the limit");
  EXPECT_NE(reason_against("a/.quire-unfinished.1.1"), "");
}

TEST_F(TargetDirectoryTest, WritesBesideNoLeftOverOfAKill) {
  TargetDirectory target(path("out"));
  target.write("sub/a", "1", {}, false);
  TargetDirectory later(path("out"));
  write_file(path("out/.quire-unfinished.1.1"), "half of it");
  write_file(path("out/sub/.quire-unfinished.1.2"), "half of it");
  later.write("b", "2", {}, false);
  EXPECT_EQ(name_count("out"), 2U);
  EXPECT_EQ(name_count("out/sub"), 2U);
  later.write("sub/c", "3", {}, false);
  EXPECT_EQ(name_count("out/sub"), 2U);
}

TEST_F(TargetDirectoryTest, LeavesNoEmptyDirectoryOfItsOwnBehindAFailure) {
  { TargetDirectory target(path("new")); }
  EXPECT_FALSE(std::filesystem::exists(path("new")));
  std::filesystem::create_directory(path("mine"));
  { TargetDirectory target(path("mine")); }
  EXPECT_TRUE(std::filesystem::exists(path("mine")));
  TargetDirectory(path("done")).sync();
  EXPECT_TRUE(std::filesystem::exists(path("done")));
}

TEST_F(TargetDirectoryTest, WritesContentModeAndTime) {
  TargetDirectory target(path("new"));
  target.write("sub/deeper/file", "content", {{0640, 1'234'567'890'987'654'321}}, false);
  target.write("old", "", {{0600, -1}}, false);
  target.write("plain", "x", std::nullopt, false);
  target.sync();
  EXPECT_EQ(read_file(path("new/sub/deeper/file")), "content");
  struct stat status {};
  ASSERT_EQ(stat(path("new/sub/deeper/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'234'567'890);
  EXPECT_EQ(status.st_mtim.tv_nsec, 987'654'321);
  ASSERT_EQ(stat(path("new/old").c_str(), &status), 0);
  EXPECT_EQ(status.st_mtim.tv_sec, -1);
  EXPECT_EQ(status.st_mtim.tv_nsec, 999'999'999);
}

TEST_F(TargetDirectoryTest, GivesNobodyTheRightsOfAnotherOwner) {
  TargetDirectory target(path("new"));
  target.write("file", "#!/bin/sh", {{06755, 0}}, false);
  struct stat status {};
  ASSERT_EQ(stat(path("new/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0755U);
}

TEST_F(TargetDirectoryTest, ReplacesAFileOnlyIfAskedToAndLeavesNothingElse) {
  TargetDirectory target(path(""));
  target.write("file", "first", std::nullopt, false);
  EXPECT_THROW(target.write("file", "second", std::nullopt, false), KeyExists);
  EXPECT_EQ(read_file(path("file")), "first");
  target.write("file", "third", std::nullopt, true);
  EXPECT_EQ(read_file(path("file")), "third");
  EXPECT_TRUE(target.exists("file"));
  EXPECT_FALSE(target.exists("other"));
  EXPECT_EQ(name_count(""), 1U);
}

TEST_F(TargetDirectoryTest, LeavesNoPartOfAFileThatCannotBePlaced) {
  TargetDirectory target(path(""));
  std::filesystem::create_directory(path("taken"));
  EXPECT_THROW(target.write("taken", "x", std::nullopt, true), IoError);
  EXPECT_THROW(target.write(std::string(300, 'n'), "x", std::nullopt, true), IoError);
  EXPECT_EQ(name_count(""), 1U);
}

TEST_F(TargetDirectoryTest, ReplacesNoPipe) {
  TargetDirectory target(path(""));
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THROW(target.write("pipe", "x", std::nullopt, true), KeyExists);
  EXPECT_TRUE(std::filesystem::is_fifo(path("pipe")));
  EXPECT_EQ(name_count(""), 1U);
}

TEST_F(TargetDirectoryTest, StreamsFilesOfAnyLengthSeveralAtOnce) {
  TargetDirectory target(path("out"));
  const std::string piece(10'000, 'x');
  const auto write_many = [&](std::ostream& out) {
    for (int i = 0; i < 100; ++i) out << piece << i;
    out << std::string(200'000, 'y');
  };
  target.write(
      "long",
      [&](std::ostream& out) {
        out << "begin";
        target.write(
            "beside", [&](std::ostream& beside) { beside << "whole"; }, {}, false);
        EXPECT_EQ(read_file(path("out/beside")), "whole");
        EXPECT_FALSE(target.exists("long"));
        write_many(out);
      },
      {}, false);
  std::ostringstream expected;
  expected << "begin";
  write_many(expected);
  EXPECT_EQ(read_file(path("out/long")), expected.str());
  EXPECT_EQ(name_count("out"), 2U);
}

TEST_F(TargetDirectoryTest, LeavesNothingOfAStreamThatIsBroken) {
  TargetDirectory target(path("out"));
  const auto broken = [](std::ostream& out) {
    out << std::string(100'000, 'x');
    throw InvalidArgument("no more");
  };
  EXPECT_THROW(target.write("file", broken, {}, false), InvalidArgument);
  EXPECT_EQ(name_count("out"), 0U);
}

TEST_F(TargetDirectoryTest, FollowsNoLinkBelowIt) {
  std::filesystem::create_directories(path("outside"));
  std::filesystem::create_directories(path("inside"));
  std::filesystem::create_symlink(path("outside"), path("inside/link"));
  write_file(path("precious"), "mine");
  std::filesystem::create_symlink(path("precious"), path("inside/file"));
  TargetDirectory target(path("inside"));
  EXPECT_THROW(target.write("link/file", "x", std::nullopt, true), IoError);
  EXPECT_EQ(name_count("outside"), 0U);
  target.write("file", "x", std::nullopt, true);
  EXPECT_EQ(read_file(path("precious")), "mine");
  EXPECT_EQ(read_file(path("inside/file")), "x");
}

TEST_F(TargetDirectoryTest, NeedsAPlaceToBe) {
  EXPECT_THROW(TargetDirectory(path("missing/new")), NotFound);
  write_file(path("file"), "1");
  EXPECT_THROW(TargetDirectory(path("file")), IoError);
}

}  // namespace

}  // namespace quire::tools
