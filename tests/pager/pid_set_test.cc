#include "pager/pid_set.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace quire::pager {
namespace {

using Runs = std::vector<std::pair<Pid, std::uint32_t>>;

PidSet set_of(std::initializer_list<Pid> pids) {
  PidSet set;
  for (const Pid pid : pids) set.insert(pid);
  return set;
}
Runs runs_of(const PidSet& set) {
  Runs runs;
  set.for_each_run([&](Pid first, std::uint32_t count) { runs.emplace_back(first, count); });
  return runs;
}

TEST(PidSet, HoldsWhatWasInsertedAndNotErased) {
  PidSet set = set_of({0, 7, 4095, 4096, UINT32_MAX, 7});
  EXPECT_EQ(set.size(), 5u);
  for (const Pid pid : {0u, 7u, 4095u, 4096u, UINT32_MAX}) EXPECT_TRUE(set.contains(pid));
  for (const Pid pid : {1u, 6u, 4097u, 8191u, UINT32_MAX - 1}) EXPECT_FALSE(set.contains(pid));
  set.erase(7);
  set.erase(8);
  EXPECT_FALSE(set.contains(7));
  EXPECT_EQ(set.size(), 4u);
  set.clear();
  EXPECT_TRUE(set.empty());
  EXPECT_FALSE(set.contains(0));
}

TEST(PidSet, GivesRunsOfNeighboursAscending) {
  EXPECT_EQ(runs_of({}), Runs{});
  EXPECT_EQ(runs_of(set_of({5})), (Runs{{5, 1}}));
  EXPECT_EQ(runs_of(set_of({9, 4096, 3, 4, 4095, 5, UINT32_MAX})),
            (Runs{{3, 3}, {9, 1}, {4095, 2}, {UINT32_MAX, 1}}))
      << "also across the border of two chunks";
}

TEST(PidSet, ForgetsChunksThatAreEmpty) {
  PidSet set = set_of({1, 5000});
  set.erase(1);
  EXPECT_EQ(runs_of(set), (Runs{{5000, 1}}));
  set.erase(5000);
  EXPECT_TRUE(set.empty());
  set.insert(1);
  EXPECT_EQ(runs_of(set), (Runs{{1, 1}}));
}

}  // namespace
}  // namespace quire::pager
