#include "tests/support/tried.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>

#include "tests/support/temporary_directory.h"

namespace quire {
namespace {

/// Sets QUIRE_TRIED_FILE, and puts back what scripts/test has set.
class TriedTest : public ::testing::Test {
 protected:
  TriedTest() {
    if (const char* value = std::getenv(kVariable)) before_ = value;
  }
  ~TriedTest() override { before_ ? setenv(kVariable, before_->c_str(), 1) : unsetenv(kVariable); }

  static constexpr const char* kVariable = "QUIRE_TRIED_FILE";
  testing::TemporaryDirectory directory_;

 private:
  std::optional<std::string> before_;
};

TEST_F(TriedTest, AppendsALineForEachCall) {
  const std::string path = directory_ / "tried";
  setenv(kVariable, path.c_str(), 1);
  testing::tried("crash images in all", 12'000);
  testing::tried("failing calls", 7);
  std::ifstream file(path);
  const std::string content((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(content, "12000 crash images in all\n7 failing calls\n");
}

TEST_F(TriedTest, DoesNothingUnlessAFileIsNamed) {
  unsetenv(kVariable);
  EXPECT_NO_THROW(testing::tried("failing calls", 7));
}

TEST_F(TriedTest, ThrowsWhenTheFileCannotBeWritten) {
  setenv(kVariable, (directory_ / "missing/tried").c_str(), 1);
  EXPECT_THROW(testing::tried("failing calls", 7), std::runtime_error);
}

}  // namespace
}  // namespace quire
