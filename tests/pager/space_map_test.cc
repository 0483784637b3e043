#include "pager/space_map.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <algorithm>
#include <map>
#include <vector>

#include "tests/pager/recording_file.h"

namespace quire::pager {
namespace {

using testing::corruption_found_by;
using enum PageState;

constexpr Pid kLastGroup = 4294967040;  // the greatest multiple of the group size
static_assert(is_map_page(kLastGroup) && kLastGroup + std::uint64_t{kGroupSize} > UINT32_MAX);

struct Run {
  Pid first;
  Pid count;
};

/// The map page of a file of `page_count` pages in which just `free_runs` are free.
MapPage map_page(Pid map_pid, Pid page_count, const std::vector<Run>& free_runs) {
  MapPage map{};
  const Pid begin = group_begin(map_pid);
  for (Pid index = 0; index < kGroupSize && begin + index < page_count; ++index) {
    set_state(map, begin + index, begin + index < kFirstMapPage ? owned : structure);
  }
  for (const auto& [first, count] : free_runs) {
    for (Pid pid = first; pid < first + count; ++pid) set_state(map, pid, free);
  }
  SpaceMap::count_free(map, map_pid, page_count);
  return map;
}

/// One group of 100 pages.
SpaceMap space_with(const std::vector<Run>& free_runs) {
  SpaceMap space(100);
  space.load(kFirstMapPage, map_page(kFirstMapPage, 100, free_runs));
  return space;
}

/// Seals into map pages that are zeros at first.
std::map<Pid, MapPage> sealed(const SpaceMap& space) {
  std::map<Pid, MapPage> pages;
  space.seal([&](Pid pid, bool) -> MapPage& { return pages[pid]; });
  return pages;
}

/// Sealing, and applying, into map pages that last.
void commit(SpaceMap& space, std::map<Pid, MapPage>& pages) {
  space.seal([&](Pid pid, bool is_new) -> MapPage& {
    EXPECT_EQ(is_new, !pages.contains(pid)) << "map page " << pid;
    return pages[pid];
  });
  space.apply();
}

std::string refusal_to_free(SpaceMap& space, Pid pid, std::uint32_t count = 1) {
  return corruption_found_by([&] { space.free(pid, count); });
}

// ---- allocation

TEST(SpaceMap, TakesTheShortestRunThatIsLongEnough) {
  SpaceMap space = space_with({{10, 9}, {30, 4}, {50, 5}, {70, 4}});
  EXPECT_EQ(space.free_pages(), 22u);
  EXPECT_EQ(space.allocate(4, data), 30u);
  EXPECT_EQ(space.allocate(3, data), 70u);
  EXPECT_EQ(space.allocate(5, data), 50u);
  EXPECT_EQ(space.allocate(1, data), 73u);
  EXPECT_EQ(space.allocate(2, data), 10u);
  EXPECT_EQ(space.allocate(7, data), 12u);
  EXPECT_EQ(space.free_pages(), 0u);
  EXPECT_EQ(space.page_count(), 100u);
  EXPECT_EQ(space.allocate(1, data), 100u);
}

TEST(SpaceMap, GrowsTheFileIfNoRunIsLongEnough) {
  SpaceMap space = space_with({{10, 9}});
  EXPECT_EQ(space.allocate(10, owned), 100u);
  EXPECT_EQ(space.page_count(), 110u);
  EXPECT_EQ(space.committed_page_count(), 100u);
  EXPECT_EQ(space.free_pages(), 9u);
}

TEST(SpaceMap, PassesOverPagesThatAreNotUsableUntilTheTransactionEnds) {
  SpaceMap space = space_with({{10, 5}, {30, 6}, {50, 7}});
  const auto is_usable = [](Pid pid) { return pid < 30 || pid > 40; };
  EXPECT_EQ(space.allocate(6, data, is_usable), 50u);
  EXPECT_EQ(space.allocate(1, data, is_usable), 56u) << "no part of a run that was passed over";
  EXPECT_EQ(space.allocate(5, data, is_usable), 10u);
  EXPECT_EQ(space.allocate(1, data, is_usable), 100u);
  EXPECT_EQ(space.free_pages(), 6u) << "they are free all the same";
  EXPECT_FALSE(refusal_to_free(space, 30).empty());
  space.apply();
  EXPECT_EQ(space.free_pages(), 6u);
  EXPECT_EQ(space.allocate(6, data), 30u);
  space.rollback();
  EXPECT_EQ(space.allocate(6, data), 30u);
}

TEST(SpaceMap, PassesOverPartsOfLongRuns) {
  SpaceMap space(5000);
  space.load(kFirstMapPage, map_page(kFirstMapPage, 5000, {{100, 4000}}));
  const auto is_usable = [](Pid pid) { return pid >= 1500; };
  EXPECT_EQ(space.allocate(10, data, is_usable), 100u + 2 * 1024);
  EXPECT_EQ(space.free_pages(), 3990u);
  space.rollback();
  EXPECT_EQ(space.free_pages(), 4000u);
  EXPECT_EQ(space.allocate(1024, data), 100u) << "it is one run again";
}

TEST(SpaceMap, GrowsBeyondNewPagesThatAreNotUsable) {
  SpaceMap space = space_with({});
  const auto is_usable = [](Pid pid) { return pid >= 3000; };
  const Pid first = space.allocate(10, data, is_usable);
  EXPECT_GE(first, 3000u);
  EXPECT_LT(first, 3000u + 1024 + 10);
  EXPECT_EQ(space.free_pages(), first - 100);
  EXPECT_EQ(space.allocate(1, data, is_usable), first + 10);
  std::map<Pid, MapPage> pages;
  pages[kFirstMapPage] = map_page(kFirstMapPage, 100, {});
  commit(space, pages);
  EXPECT_EQ(space.allocate(1024, data), 100u);
  space.rollback();
  EXPECT_EQ(space.free_pages(), first - 100);
}

TEST(SpaceMap, RollbackToASavepointTakesBackWhatWasGrownOver) {
  SpaceMap space = space_with({{30, 6}});
  space.set_savepoint();
  space.allocate(10, data, [](Pid pid) { return pid >= 3000; });
  space.roll_back_to(0);
  EXPECT_EQ(space.page_count(), 100u);
  EXPECT_EQ(space.free_pages(), 6u);
  EXPECT_EQ(space.allocate(7, data), 100u);
  space.rollback();
  EXPECT_EQ(space.allocate(6, data), 30u);
}

TEST(SpaceMap, RunDoesNotCrossAMapPageAndTheRestOfTheGroupIsFree) {
  SpaceMap space(kGroupSize - 5);
  EXPECT_EQ(space.allocate(6, data), kGroupSize + 1);
  EXPECT_EQ(space.page_count(), kGroupSize + 7);
  EXPECT_EQ(space.free_pages(), 5u);
  EXPECT_EQ(space.allocate(5, data), kGroupSize - 5);
}

TEST(SpaceMap, RunMayEndWithItsGroup) {
  SpaceMap space(kGroupSize - 5);
  EXPECT_EQ(space.allocate(5, data), kGroupSize - 5);
  EXPECT_EQ(space.page_count(), kGroupSize);
  EXPECT_EQ(space.allocate(1, data), kGroupSize + 1) << "behind the next group's map page";
  EXPECT_EQ(space.free_pages(), 0u);
}

TEST(SpaceMap, RunMayFillAGroup) {
  SpaceMap space(100);
  EXPECT_EQ(space.allocate(kGroupSize - 1, data), kGroupSize + 1);
  EXPECT_EQ(space.page_count(), 2 * kGroupSize);
  EXPECT_EQ(space.free_pages(), kGroupSize - 100u);
}

TEST(SpaceMap, GivesPagesUpToThe32BitLimitAndThenNoMore) {
  SpaceMap space(UINT32_MAX - 10);
  EXPECT_THROW(space.allocate(11, data), OutOfSpace);
  EXPECT_EQ(space.allocate(10, data), UINT32_MAX - 10);
  EXPECT_THROW(space.allocate(1, data), OutOfSpace);
  EXPECT_EQ(space.page_count(), UINT32_MAX);
  space.free(UINT32_MAX - 1, 1);
  EXPECT_EQ(space.allocate(1, data), UINT32_MAX - 1);
  EXPECT_EQ(refusal_to_free(space, UINT32_MAX), "page 4294967295: owner");
}

TEST(SpaceMap, RefusedGrowthGivesNoPagesBeyondTheEnd) {
  SpaceMap space(kLastGroup - 100);
  EXPECT_THROW(space.allocate(1000, data), OutOfSpace);
  EXPECT_EQ(space.free_pages(), 0u);
  EXPECT_FALSE(space.changed());
  EXPECT_EQ(space.allocate(1, data), kLastGroup - 100);
  EXPECT_EQ(space.page_count(), kLastGroup - 99);
}

TEST(SpaceMap, SealsTheLastGroupThatAPidReaches) {
  SpaceMap space(kLastGroup - 100);
  EXPECT_EQ(space.allocate(200, data), kLastGroup + 1);
  const auto pages = sealed(space);
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages.at(kLastGroup - kGroupSize).free_count, kGroupSize);
  EXPECT_EQ(pages.at(kLastGroup).free_count, 0u);
  EXPECT_EQ(get_state(pages.at(kLastGroup), kLastGroup), structure);
  EXPECT_EQ(get_state(pages.at(kLastGroup), kLastGroup + 200), data);

  SpaceMap reopened(space.page_count());
  reopened.load(kLastGroup, pages.at(kLastGroup));
  EXPECT_EQ(reopened.free_pages(), 0u);
}

// ---- freeing

TEST(SpaceMap, FreedPagesAreGivenAgainOnlyAfterTheCommit) {
  SpaceMap space = space_with({});
  space.free(20, 10);
  EXPECT_EQ(space.free_pages(), 0u);
  EXPECT_EQ(space.allocate(10, data), 100u);
  space.apply();
  EXPECT_EQ(space.free_pages(), 10u);
  EXPECT_EQ(space.allocate(10, data), 20u);
}

TEST(SpaceMap, OwnAllocationIsGivenAgainAtOnce) {
  SpaceMap space = space_with({{40, 4}});
  EXPECT_EQ(space.allocate(4, data), 40u);
  space.free(41, 2);
  EXPECT_EQ(space.free_pages(), 2u);
  EXPECT_EQ(space.allocate(2, structure), 41u);
  space.free(40, 4);
  EXPECT_FALSE(space.changed());
  EXPECT_EQ(space.free_pages(), 4u);
}

TEST(SpaceMap, FreedRunsJoinTheirNeighbours) {
  SpaceMap space = space_with({{20, 5}, {30, 5}});
  space.free(25, 5);
  space.apply();
  EXPECT_EQ(space.allocate(15, data), 20u);
}

TEST(SpaceMap, TellsWhatTheOpenTransactionHasFreed) {
  SpaceMap space = space_with({{20, 5}});
  const Pid own = space.allocate(1, data);
  space.free(own, 1);
  space.free(10, 1);
  EXPECT_TRUE(space.is_freed(10));
  EXPECT_FALSE(space.is_freed(9));
  EXPECT_FALSE(space.is_freed(own)) << "it was free before";
  space.apply();
  EXPECT_FALSE(space.is_freed(10));
}

TEST(SpaceMap, RefusesToFreeWhatIsFree) {
  SpaceMap space = space_with({{20, 5}});
  EXPECT_EQ(refusal_to_free(space, 22), "page 22: owner");
  space.free(50, 1);
  EXPECT_EQ(refusal_to_free(space, 50), "page 50: owner") << "freed by this transaction";
  EXPECT_EQ(space.allocate(1, data), 20u);
  space.free(20, 1);
  EXPECT_EQ(refusal_to_free(space, 20), "page 20: owner") << "allocated and freed by it";
}

TEST(SpaceMap, RefusesToFreeWhatNoCollectionOwns) {
  SpaceMap space(2 * kGroupSize);
  for (const Pid pid :
       {Pid{0}, Pid{1}, kFirstMapPage, kCatalogRoot, kGroupSize, 2 * kGroupSize, Pid{UINT32_MAX}}) {
    EXPECT_EQ(refusal_to_free(space, pid), "page " + std::to_string(pid) + ": owner");
  }
  EXPECT_FALSE(space.changed());
}

TEST(SpaceMap, RefusedFreeChangesNothing) {
  SpaceMap space = space_with({{20, 5}});
  EXPECT_EQ(refusal_to_free(space, 10, 20), "page 20: owner");
  EXPECT_EQ(refusal_to_free(space, 90, 11), "page 100: owner");
  EXPECT_EQ(refusal_to_free(space, 90, UINT32_MAX), "page 100: owner");
  EXPECT_FALSE(space.changed());
  space.free(10, 10);
  space.free(90, 10);
  space.apply();
  EXPECT_EQ(space.free_pages(), 25u);
}

// ---- rollback

TEST(SpaceMap, RollbackRestoresRunsAndLength) {
  SpaceMap space = space_with({{20, 5}, {40, 2}});
  space.allocate(3, data);
  space.allocate(2, data);
  space.allocate(50, data);
  space.free(60, 10);
  space.free(20, 1);
  EXPECT_TRUE(space.changed());
  space.rollback();
  EXPECT_FALSE(space.changed());
  EXPECT_EQ(space.page_count(), 100u);
  EXPECT_EQ(space.free_pages(), 7u);
  EXPECT_EQ(space.allocate(2, data), 40u);
  EXPECT_EQ(space.allocate(5, data), 20u);
  EXPECT_EQ(space.allocate(1, data), 100u);
}

TEST(SpaceMap, RollbackUndoesGrowthAcrossAGroup) {
  SpaceMap space(kGroupSize - 10);
  space.allocate(100, data);
  space.allocate(4, data);  // from the rest of the first group
  EXPECT_EQ(space.free_pages(), 6u);
  space.rollback();
  EXPECT_EQ(space.page_count(), kGroupSize - 10);
  EXPECT_EQ(space.free_pages(), 0u);
  EXPECT_EQ(space.allocate(1, data), kGroupSize - 10);
}

TEST(SpaceMap, RollbackBringsBackATailThatWasCutOff) {
  for (const Pid page_count : {Pid{1000}, kGroupSize + 2, kGroupSize + 50, 2 * kGroupSize + 3}) {
    SpaceMap space(page_count);
    for (Pid begin = 0; begin < page_count; begin += kGroupSize) {
      const Pid first = begin == 0 ? 20 : begin + 1;
      const Pid end = std::min(page_count, begin + kGroupSize);
      const Pid map_pid = map_page_of(begin);
      space.load(map_pid, map_page(map_pid, page_count, {{first, end - first}}));
    }
    const std::uint64_t free_pages = space.free_pages();
    ASSERT_TRUE(space.cut_tail()) << page_count;
    EXPECT_EQ(space.page_count(), 20u);
    EXPECT_EQ(space.free_pages(), 0u);
    space.rollback();
    EXPECT_EQ(space.page_count(), page_count);
    EXPECT_EQ(space.free_pages(), free_pages);
    EXPECT_FALSE(space.changed());
    EXPECT_TRUE(space.cut_tail()) << "as before";
    EXPECT_EQ(space.page_count(), 20u);
    EXPECT_FALSE(sealed(space).empty());
  }
}

TEST(SpaceMap, RollbackCutsAFreeRunThatGrewBeyondTheEnd) {
  SpaceMap space(kGroupSize - 10);
  space.load(kFirstMapPage, map_page(kFirstMapPage, kGroupSize - 10, {{kGroupSize - 13, 3}}));
  space.allocate(100, data);
  EXPECT_EQ(space.allocate(13, data), kGroupSize - 13) << "the old end and the rest are one run";
  space.rollback();
  EXPECT_EQ(space.free_pages(), 3u);
  EXPECT_EQ(space.allocate(3, data), kGroupSize - 13);
  EXPECT_EQ(space.allocate(1, data), kGroupSize - 10);
}

// ---- map pages

TEST(SpaceMap, SealChangesOnlyTheGroupsConcerned) {
  SpaceMap space(3 * kGroupSize);
  space.free(kGroupSize + 7, 2);
  const auto pages = sealed(space);
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages.begin()->first, kGroupSize);
}

TEST(SpaceMap, SealCountsTheRestOfAGroupThatTheFileGrewOver) {
  std::map<Pid, MapPage> pages{{kFirstMapPage, map_page(kFirstMapPage, 100, {})}};
  SpaceMap space = space_with({});
  space.allocate(kGroupSize - 99, data);
  commit(space, pages);
  EXPECT_EQ(pages.at(kFirstMapPage).free_count, kGroupSize - 100);
  EXPECT_EQ(pages.at(kFirstMapPage).longest_free_run, kGroupSize - 100);
  EXPECT_EQ(pages.at(kGroupSize).free_count, 0u);
}

TEST(SpaceMap, SealOfAnUnchangedMapTouchesNothing) {
  EXPECT_TRUE(sealed(space_with({{20, 5}})).empty());
}

TEST(SpaceMap, OwnAllocationThatWasFreedLeavesTheFileLongerAndThePageFree) {
  std::map<Pid, MapPage> pages{{kFirstMapPage, map_page(kFirstMapPage, 100, {})}};
  SpaceMap space = space_with({});
  space.allocate(3, data);
  space.free(100, 3);
  EXPECT_TRUE(space.changed());
  commit(space, pages);
  EXPECT_EQ(space.page_count(), 103u);
  EXPECT_EQ(pages.at(kFirstMapPage).free_count, 3u);
  SpaceMap reopened(103);
  reopened.load(kFirstMapPage, pages.at(kFirstMapPage));
  EXPECT_EQ(reopened.allocate(3, data), 100u);
}

class HostileMapPage : public ::testing::Test {
 protected:
  /// Loads a page whose counts are exact unless the test says otherwise.
  std::string load(Pid map_pid, Pid page_count) {
    SpaceMap space(page_count);
    const std::string found = corruption_found_by([&] { space.load(map_pid, map); });
    EXPECT_EQ(space.free_pages(), 0u);
    return found;
  }

  MapPage map = map_page(kFirstMapPage, 100, {{20, 5}, {30, 2}});
};

TEST_F(HostileMapPage, WithWrongCountsIsCorrupt) {
  map.free_count = 8;
  EXPECT_EQ(load(kFirstMapPage, 100), "page 2: free count");
  map.free_count = 7;
  for (const std::uint32_t longest : {4u, 7u, UINT32_MAX}) {
    map.longest_free_run = longest;
    EXPECT_EQ(load(kFirstMapPage, 100), "page 2: longest free run");
  }
}

TEST_F(HostileMapPage, WithAnotherStateOfAFixedPageIsCorrupt) {
  for (Pid pid = 0; pid < kFixedPages; ++pid) {
    for (const PageState state : {free, structure, data, owned}) {
      map = map_page(kFirstMapPage, 100, {});
      if (state == get_state(map, pid)) continue;
      set_state(map, pid, state);
      SpaceMap::count_free(map, kFirstMapPage, 100);
      EXPECT_EQ(load(kFirstMapPage, 100), "page 2: state of a fixed page");
    }
  }
}

TEST_F(HostileMapPage, ThatDoesNotCountItselfIsCorrupt) {
  for (const PageState state : {free, data, owned}) {
    map = map_page(kGroupSize, kGroupSize + 50, {});
    set_state(map, kGroupSize, state);
    SpaceMap::count_free(map, kGroupSize, kGroupSize + 50);
    EXPECT_EQ(load(kGroupSize, kGroupSize + 50), "page 16128: state of a fixed page");
  }
}

TEST_F(HostileMapPage, WithAStateBehindTheEndOfTheFileIsCorrupt) {
  for (const Pid pid : {Pid{100}, kGroupSize - 1}) {
    map = map_page(kFirstMapPage, 100, {});
    set_state(map, pid, data);
    EXPECT_EQ(load(kFirstMapPage, 100), "page 2: state of a page behind the end of the file");
  }
}

TEST_F(HostileMapPage, OfAGroupThatJustBeginsIsRead) {
  map = map_page(kGroupSize, kGroupSize + 1, {});
  SpaceMap space(kGroupSize + 1);
  space.load(kGroupSize, map);
  EXPECT_EQ(space.allocate(1, data), kGroupSize + 1);
}

TEST(SpaceMapDeathTest, RunIsNeverEmptyNorLongerThanAGroup) {
  SpaceMap space(100);
  EXPECT_DEATH(space.allocate(0, data), "fits into one group");
  EXPECT_DEATH(space.allocate(kGroupSize, data), "fits into one group");
}

// ---- savepoints

/// The free runs, shortest first, as allocation finds them: takes every free page.
std::vector<std::pair<Pid, Pid>> drained(SpaceMap space) {
  std::vector<std::pair<Pid, Pid>> runs;
  const Pid end = space.page_count();
  for (Pid count = end; count > 0; --count) {
    while (space.free_pages() >= count) {
      const Pid first = space.allocate(count, data);
      if (first >= end) break;  // no run of this length is left
      runs.emplace_back(first, count);
    }
  }
  return runs;
}

TEST(SpaceMap, SavepointRestoresRunsAndJournal) {
  SpaceMap space = space_with({{10, 9}, {30, 4}, {50, 5}});
  ASSERT_EQ(space.allocate(4, data), 30u);
  space.free(60, 3);
  const auto map = sealed(space);
  const auto runs = drained(space);
  space.set_savepoint();
  ASSERT_EQ(space.allocate(5, structure), 50u);
  ASSERT_EQ(space.allocate(2, structure), 10u);
  space.free(31, 2);   // of before
  space.free(51, 1);   // of since
  space.free(70, 10);  // of the last commit
  space.roll_back_to(0);
  EXPECT_EQ(space.free_pages(), 14u);
  EXPECT_EQ(drained(space), runs);
  EXPECT_EQ(sealed(space).at(kFirstMapPage).states, map.at(kFirstMapPage).states);
}

TEST(SpaceMap, SavepointRestoresAPageThatChangedItsState) {
  SpaceMap space = space_with({{10, 1}});
  ASSERT_EQ(space.allocate(1, data), 10u);
  space.set_savepoint();
  space.free(10, 1);
  ASSERT_EQ(space.allocate(1, structure), 10u);
  space.roll_back_to(0);
  EXPECT_EQ(get_state(sealed(space).at(kFirstMapPage), 10), data);
  EXPECT_EQ(space.free_pages(), 0u);
}

TEST(SpaceMap, SavepointRestoresTheLengthOfTheFile) {
  SpaceMap space = space_with({});
  ASSERT_EQ(space.allocate(3, data), 100u);
  space.set_savepoint();
  ASSERT_EQ(space.allocate(kGroupSize - 2, data), kGroupSize + 1);
  ASSERT_EQ(space.free_pages(), kGroupSize - 103u);
  space.free(101, 1);
  space.set_savepoint();
  ASSERT_EQ(space.allocate(kGroupSize - 2, data), 2 * kGroupSize + 1);
  space.roll_back_to(0);
  EXPECT_EQ(space.page_count(), 103u);
  EXPECT_EQ(space.free_pages(), 0u);
  EXPECT_EQ(space.allocate(1, data), 103u);
  space.rollback();
  EXPECT_FALSE(space.changed());
  EXPECT_EQ(space.page_count(), 100u);
}

TEST(SpaceMap, RollbackToAnInnerSavepointKeepsWhatTheOuterOneUndoes) {
  SpaceMap space = space_with({{10, 9}});
  space.set_savepoint();
  ASSERT_EQ(space.allocate(2, data), 10u);
  space.set_savepoint();
  ASSERT_EQ(space.allocate(2, data), 12u);
  space.free(10, 1);
  space.roll_back_to(1);
  EXPECT_EQ(space.free_pages(), 7u);
  EXPECT_EQ(space.allocate(1, data), 12u);
  space.roll_back_to(0);
  EXPECT_FALSE(space.changed());
  EXPECT_EQ(space.free_pages(), 9u);
}

TEST(SpaceMap, ReleasedSavepointIsUndoneByTheOneAroundIt) {
  SpaceMap space = space_with({{10, 9}});
  space.set_savepoint();
  space.set_savepoint();
  ASSERT_EQ(space.allocate(9, data), 10u);
  ASSERT_EQ(space.allocate(9, data), 100u);
  space.release(1);
  EXPECT_EQ(space.free_pages(), 0u);
  space.roll_back_to(0);
  EXPECT_FALSE(space.changed());
  EXPECT_EQ(space.free_pages(), 9u);
}

TEST(SpaceMap, EndOfTheTransactionEndsItsSavepoints) {
  SpaceMap space = space_with({{10, 9}});
  std::map<Pid, MapPage> pages{{kFirstMapPage, map_page(kFirstMapPage, 100, {{10, 9}})}};
  space.set_savepoint();
  ASSERT_EQ(space.allocate(1, data), 10u);
  commit(space, pages);
  space.set_savepoint();
  ASSERT_EQ(space.allocate(1, data), 11u);
  space.rollback();
  space.set_savepoint();
  ASSERT_EQ(space.allocate(2, data), 11u);
  space.roll_back_to(0);
  EXPECT_EQ(space.free_pages(), 8u);
  EXPECT_FALSE(space.changed());
}

}  // namespace
}  // namespace quire::pager
