#include "tools/unfinished.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include <quire/error.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class UnfinishedTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  bool exists(const std::string& name) const { return std::filesystem::exists(path(name)); }
  int directory() const { return opened_.get(); }

 private:
  TemporaryDirectory directory_;
  Descriptor opened_{open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

TEST_F(UnfinishedTest, KnowsNamesByTheirTwoNumbers) {
  EXPECT_TRUE(is_unfinished_name(".quire-unfinished.1.23"));
  for (const char* other : {".quire-unfinished.1", ".quire-unfinished..1", ".quire-unfinished.1.",
                            ".quire-unfinished.1.x", ".quire-unfinished.1.2.3", "unfinished.1.2"}) {
    EXPECT_FALSE(is_unfinished_name(other)) << other;
  }
}

TEST_F(UnfinishedTest, LeftOversGoAndWhatIsBeingWrittenStays) {
  const Unfinished written = make_unfinished_file(directory(), 0600, path("a"));
  const Unfinished filled = make_unfinished_directory(directory(), path("b"));
  const std::string left_file = make_unfinished_file(directory(), 0600, path("c")).name;
  const std::string left_directory = make_unfinished_directory(directory(), path("d")).name;
  std::filesystem::create_directory(path(left_directory + "/data"));
  write_file(path(left_directory + "/data/file"), "half of it");
  write_file(path("precious"), "mine");
  std::filesystem::create_symlink(path("precious"), path(".quire-unfinished.1.1"));
  remove_left_overs(directory());
  EXPECT_TRUE(is_unfinished_name(written.name));
  EXPECT_TRUE(exists(written.name));
  EXPECT_TRUE(exists(filled.name));
  EXPECT_FALSE(exists(left_file));
  EXPECT_FALSE(exists(left_directory));
  EXPECT_EQ(read_file(path("precious")), "mine");
}

TEST_F(UnfinishedTest, PassesOverANameThatIsTaken) {
  const std::string first = make_unfinished_file(directory(), 0600, path("a")).name;
  const std::size_t dot = first.rfind('.');
  const std::string next =
      first.substr(0, dot + 1) + std::to_string(std::stoi(first.substr(dot + 1)) + 1);
  write_file(path(next), "of another process with this number");
  EXPECT_NE(make_unfinished_file(directory(), 0600, path("b")).name, next);
  EXPECT_EQ(read_file(path(next)), "of another process with this number");
}

TEST_F(UnfinishedTest, NamesTheThingToBeWhenItCannotBeMade) {
  try {
    make_unfinished_file(-1, 0600, "the file");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const IoError& error) {
    EXPECT_EQ(error.path(), "the file");
  }
}

}  // namespace

}  // namespace quire::tools
