#include "tools/file_tree.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include <quire/error.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class FileTreeTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  TemporaryDirectory directory_;
};

std::vector<std::string> paths_of(const FileTree& tree) {
  std::vector<std::string> paths;
  for (const FileTree::File& file : tree.files) paths.push_back(file.path);
  return paths;
}

TEST_F(FileTreeTest, ListsRegularFilesByPathWithTheirSizes) {
  std::filesystem::create_directories(path("b/c"));
  std::filesystem::create_directories(path("empty"));
  write_file(path("b/c/two"), "22");
  write_file(path("b/\xff"), "");
  write_file(path("a"), "1");
  const FileTree tree = walk_files(directory_.path());
  EXPECT_EQ(paths_of(tree), (std::vector<std::string>{"a", "b/c/two", "b/\xff"}));
  EXPECT_EQ(tree.files[1].size, 2U);
  EXPECT_TRUE(tree.unreadable.empty());
}

TEST_F(FileTreeTest, CountsLinksAndSpecialFilesAndFollowsNone) {
  std::filesystem::create_directory(path("d"));
  std::filesystem::create_symlink(".", path("d/loop"));
  std::filesystem::create_symlink("missing", path("dangling"));
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  const FileTree tree = walk_files(directory_.path());
  EXPECT_TRUE(tree.files.empty());
  EXPECT_EQ(tree.symlink_count, 2U);
  EXPECT_EQ(tree.special_count, 1U);
}

TEST_F(FileTreeTest, FollowsALinkThatItIsGivenItself) {
  std::filesystem::create_directory(path("d"));
  write_file(path("d/one"), "1");
  std::filesystem::create_symlink("d", path("link"));
  EXPECT_EQ(walk_files(path("link")).files.size(), 1U);
}

TEST_F(FileTreeTest, ReachesDirectoriesFarBelow) {
  std::string deep = "x";
  for (int level = 0; level < 500; ++level) deep += "/x";
  std::filesystem::create_directories(path(deep));
  write_file(path(deep + "/file"), "1");
  EXPECT_EQ(paths_of(walk_files(directory_.path())), std::vector<std::string>{deep + "/file"});
}

TEST_F(FileTreeTest, SaysWhatIsNoDirectory) {
  write_file(path("file"), "1");
  EXPECT_THROW(walk_files(path("missing")), NotFound);
  EXPECT_THROW(walk_files(path("file")), InvalidArgument);
}

}  // namespace

}  // namespace quire::tools
