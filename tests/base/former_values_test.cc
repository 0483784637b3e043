#include "base/former_values.h"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>

namespace quire {
namespace {

/// Values that change under savepoints.
class FormerValuesTest : public ::testing::Test {
 protected:
  void set(const std::string& key, int value) {
    former.keep(key, [&] { return values[key]; });
    values[key] = value;
  }
  void roll_back_to(std::size_t index) {
    former.roll_back_to(index, [&](const std::string& key, int value) { values[key] = value; });
  }

  std::map<std::string, int> values;
  FormerValues<std::string, int> former;
};

TEST_F(FormerValuesTest, KeepsNothingWithoutASavepoint) {
  EXPECT_FALSE(former.keep("a", [] { return 1; }));
  EXPECT_EQ(former.innermost("a"), nullptr);
  EXPECT_TRUE(former.empty());
}

TEST_F(FormerValuesTest, KeepsTheFirstValueSinceEachSavepoint) {
  set("a", 1);
  former.push();
  set("a", 2);
  set("a", 3);
  former.push();
  EXPECT_EQ(former.innermost("a"), nullptr) << "unchanged since the innermost";
  set("a", 4);
  EXPECT_EQ(*former.innermost("a"), 3);
  roll_back_to(1);
  EXPECT_EQ(values["a"], 3);
  roll_back_to(0);
  EXPECT_EQ(values["a"], 1);
  EXPECT_TRUE(former.empty());
}

TEST_F(FormerValuesTest, RollsBackSeveralSavepointsAtOnce) {
  set("a", 1), set("b", 1), set("c", 1);
  former.push();
  set("a", 2);
  former.push();
  set("a", 3), set("b", 3);
  former.push();
  set("c", 4), set("b", 4);
  roll_back_to(0);
  EXPECT_EQ(values, (std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}}));
}

TEST_F(FormerValuesTest, ReleaseGivesWhatWasKeptToTheSavepointAround) {
  set("a", 1), set("b", 1);
  former.push();
  set("a", 2);
  former.push();
  former.push();
  set("a", 3), set("b", 3);
  former.release(1);
  EXPECT_EQ(former.size(), 1u);
  EXPECT_EQ(*former.innermost("a"), 1) << "its own is the older one";
  roll_back_to(0);
  EXPECT_EQ(values, (std::map<std::string, int>{{"a", 1}, {"b", 1}}));
}

TEST_F(FormerValuesTest, ReleaseOfTheOutermostForgets) {
  former.push();
  set("a", 1);
  former.release(0);
  EXPECT_TRUE(former.empty());
  EXPECT_EQ(former.innermost("a"), nullptr);
}

TEST_F(FormerValuesTest, LooksAtWhatAnySavepointHasKept) {
  const auto is = [](int wanted) { return [wanted](int kept) { return kept == wanted; }; };
  set("a", 1);
  former.push();
  set("a", 2);
  former.push();
  set("a", 3);
  EXPECT_TRUE(former.any("a", is(1)));
  EXPECT_TRUE(former.any("a", is(2)));
  EXPECT_FALSE(former.any("a", is(3)));
  EXPECT_FALSE(former.any("b", is(1)));
}

TEST_F(FormerValuesTest, RollbackThatFailedCanBeDoneAgain) {
  set("a", 1);
  former.push();
  set("a", 2);
  EXPECT_THROW(former.roll_back_to(0, [](const auto&, int) { throw std::runtime_error("no"); }),
               std::runtime_error);
  roll_back_to(0);
  EXPECT_EQ(values["a"], 1);
}

}  // namespace
}  // namespace quire
