#include "tools/staging.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <quire/error.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class StagingTest : public ::testing::Test {
 protected:
  using Names = std::vector<std::string>;

  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  Names names(const std::string& name = "") const {
    Names all;
    for (const auto& entry : std::filesystem::directory_iterator(path(name))) {
      all.push_back(entry.path().filename().string());
    }
    std::ranges::sort(all);
    return all;
  }
  static void write(Staging& staging, const std::string& name, std::string_view content) {
    staging.files().write(name, content, std::nullopt, false);
  }
  void publish(const std::string& content, bool overwrite) {
    Staging staging(target_);
    write(staging, "data/" + content, content);
    write(staging, "list", content);
    staging.publish({"data", "list"}, overwrite);
  }

 private:
  TemporaryDirectory directory_;

 protected:
  TargetDirectory target_{directory_.path()};
};

TEST_F(StagingTest, FilesGetTheirNamesOnlyTogether) {
  {
    Staging staging(target_);
    write(staging, "list", "1");
    EXPECT_FALSE(target_.exists("list"));
  }
  EXPECT_EQ(names(), Names{});
  publish("one", false);
  EXPECT_EQ(names(), (Names{"data", "list"}));
  EXPECT_EQ(read_file(path("data/one")), "one");
}

TEST_F(StagingTest, ReplacesADirectoryAsAWhole) {
  publish("one", false);
  publish("two", true);
  EXPECT_EQ(names(), (Names{"data", "list"}));
  EXPECT_EQ(names("data"), Names{"two"});
  EXPECT_EQ(read_file(path("list")), "two");
}

TEST_F(StagingTest, MovesNothingIfOneNameIsTaken) {
  write_file(path("list"), "mine");
  EXPECT_THROW(publish("one", false), KeyExists);
  EXPECT_EQ(names(), Names{"list"});
  EXPECT_EQ(read_file(path("list")), "mine");
}

TEST_F(StagingTest, NeverReplacesADirectoryByAFileOrTheReverse) {
  std::filesystem::create_directories(path("list/precious"));
  EXPECT_THROW(publish("one", true), KeyExists);
  EXPECT_EQ(names("list"), Names{"precious"});
  std::filesystem::remove_all(path("list"));
  std::filesystem::create_symlink("elsewhere", path("data"));
  EXPECT_THROW(publish("one", true), KeyExists);
  EXPECT_EQ(names(), Names{"data"});
}

TEST_F(StagingTest, AKillLeavesADirectoryThatTheNextOneRemoves) {
  std::filesystem::create_directories(path(".quire-unfinished.1.1/data"));
  write_file(path(".quire-unfinished.1.1/data/file"), "half of it");
  Staging staging(target_);
  EXPECT_EQ(names().size(), 1U);
}

}  // namespace

}  // namespace quire::tools
