#include "base/thread_number.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace quire {
namespace {

TEST(ThreadNumber, IsNeverThatOfAnotherThreadNotEvenOfOneThatHasEnded) {
  std::set<std::uint64_t> numbers{this_thread_number()};
  for (int i = 0; i < 20; ++i) {
    std::thread([&] { numbers.insert(this_thread_number()); }).join();
  }
  EXPECT_EQ(numbers.size(), 21u);
  EXPECT_FALSE(numbers.contains(0));
}

TEST(ThreadNumber, StaysTheSame) { EXPECT_EQ(this_thread_number(), this_thread_number()); }

}  // namespace
}  // namespace quire
