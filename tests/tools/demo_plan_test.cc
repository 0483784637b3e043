#include "tools/demo_plan.h"

#include <gtest/gtest.h>

#include <filesystem>

#include <quire/error.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class DemoPlanTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }

  TemporaryDirectory directory_;
};

TEST_F(DemoPlanTest, ListsAFileOnceThoughDirectoriesOverlap) {
  std::filesystem::create_directories(path("a/b"));
  write_file(path("a/one"), "1");
  write_file(path("a/b/two"), "22");
  const DemoPlan plan = make_demo_plan({path("a/b"), path("a"), path("a/../a")});
  EXPECT_EQ(plan.paths, (std::vector<std::string>{path("a/b/two"), path("a/one")}));
  EXPECT_EQ(plan.bytes, 3U);
}

TEST_F(DemoPlanTest, LeavesLargeFilesOutAndCountsThem) {
  write_file(path("small"), "1");
  write_file(path("large"), "");
  std::filesystem::resize_file(path("large"), (16 << 20) + 1);
  const DemoPlan plan = make_demo_plan({path("")});
  EXPECT_EQ(plan.paths.size(), 1U);
  EXPECT_EQ(plan.too_large, 1U);
}

TEST_F(DemoPlanTest, StopsAtTheLimitOfBytes) {
  for (int index = 0; index < 30; ++index) {
    const std::string name = path("f" + std::to_string(index));
    write_file(name, "");
    std::filesystem::resize_file(name, 16 << 20);
  }
  const DemoPlan plan = make_demo_plan({path("")});
  EXPECT_EQ(plan.paths.size(), 25U);
  EXPECT_EQ(plan.over_limit, 5U);
}

TEST_F(DemoPlanTest, SavedPathsComeBackWhateverBytesTheyHave) {
  DemoPlan plan;
  plan.paths = {"/plain", "/new\nline", "/\xff", "/ blank "};
  save_paths(plan, path("plan"));
  EXPECT_EQ(load_paths(path("plan")), plan.paths);
}

TEST_F(DemoPlanTest, ACutOffListIsAnError) {
  write_file(path("plan"), std::string("/whole\0/cut", 11));
  EXPECT_THROW(load_paths(path("plan")), IoError);
}

}  // namespace

}  // namespace quire::tools
