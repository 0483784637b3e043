#include "os/fork_guard.h"

#include <gtest/gtest.h>

#include "tests/os/child.h"

namespace quire::os {
namespace {

TEST(ForkGuard, CountsAForkInTheChildOnly) {
  const std::uint64_t before = fork_count();
  const int rise = in_child([&] { return static_cast<int>(fork_count() - before); });
  EXPECT_EQ(rise, 1) << "the hook must be installed once, however often it is asked";
  EXPECT_EQ(fork_count(), before);
}

TEST(ForkGuard, CountsEveryGeneration) {
  const std::uint64_t before = fork_count();
  const int rise =
      in_child([&] { return in_child([&] { return static_cast<int>(fork_count() - before); }); });
  EXPECT_EQ(rise, 2);
}

}  // namespace
}  // namespace quire::os
