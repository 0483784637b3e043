// The frames that a page pool gives to transactions and keeps for snapshots.

#include <quire/error.h>

#include "tests/pager/pool_test.h"

namespace quire::pager {
namespace {

/// Frames for a transaction until no more are given out.
class SecondBudgetTest : public testing::PoolTest {
 protected:
  static constexpr std::size_t kSecondBudget = (std::size_t{64} << 20) / kPageSize;

  static std::vector<FramePtr> all_frames(PagePool& from) {
    std::vector<FramePtr> frames;
    try {
      while (frames.size() < 2 * kSecondBudget) frames.push_back(from.new_private_frame());
    } catch (const OutOfSpace&) {
    }
    return frames;
  }
  std::size_t room() { return all_frames(pool).size(); }
};

TEST_F(SecondBudgetTest, PrivateFramesBeyondItAreRefusedUntilSomeGo) {
  std::vector<FramePtr> frames = all_frames(pool);
  EXPECT_EQ(frames.size(), kSecondBudget);
  frames.pop_back();
  EXPECT_NO_THROW(frames.push_back(pool.new_private_frame()));
  EXPECT_THROW(pool.new_private_frame(), OutOfSpace);
  EXPECT_NO_THROW(pool.new_frame()) << "a load is never refused";
}

TEST_F(SecondBudgetTest, IsAsLargeAsTheCacheIfThatIsLarger) {
  PagePool large(file, kUuidHash, kSecondBudget + 3);
  EXPECT_EQ(all_frames(large).size(), kSecondBudget + 3);
}

TEST_F(SecondBudgetTest, NewestVersionsAreTheCachesAndDoNotCount) {
  store(2, structure_frame(2, 1, 'a'));
  read(2, 1);
  pool.versions().publish(3, 2, pool.new_private_frame(), false);
  EXPECT_EQ(room(), kSecondBudget);
}

TEST_F(SecondBudgetTest, VersionsThatOnlySnapshotsNeedCountUntilTheyGo) {
  SnapshotRegistry::Entry& reader = registry.add(1);
  for (const Seq seq : {1u, 2u, 3u}) {
    pool.versions().publish(5, seq, pool.new_private_frame(), false);
  }
  EXPECT_EQ(room(), kSecondBudget - 2);
  pool.versions().prune(registry.raise_horizon(3));
  EXPECT_EQ(room(), kSecondBudget - 1);
  end(reader);
  EXPECT_EQ(room(), kSecondBudget);
}

TEST_F(SecondBudgetTest, OldBaseThatACheckpointHangsInCounts) {
  store(5, structure_frame(5, 1, 'a'));
  registry.add(1);
  pool.versions().publish(5, 2, pool.new_private_frame(), false);
  EXPECT_EQ(room(), kSecondBudget);
  checkpoint(2);
  EXPECT_EQ(room(), kSecondBudget - 1);
}

TEST_F(SecondBudgetTest, FrameThatOnlyAValueHoldsCounts) {
  store(5, structure_frame(5, 1, 'a'));
  FramePtr held = pool.structure(5, kType, kOwner, 1);
  EXPECT_EQ(room(), kSecondBudget) << "it is in the cache too";
  pool.versions().publish(5, 2, pool.new_private_frame(), false);
  pool.versions().prune(registry.raise_horizon(2));
  EXPECT_EQ(room(), kSecondBudget - 1);
  held.reset();
  EXPECT_EQ(room(), kSecondBudget);
}

// The counters are read one after the other, while others change them.
TEST_F(SecondBudgetTest, CountsThatDoNotFitForAMomentRefuseNothing) {
  publish(5, 1, 'a');  // in a chain, but not counted as a frame
  EXPECT_NO_THROW(pool.new_private_frame());
}

TEST_F(SecondBudgetTest, RefusalSaysHowMuchSnapshotsHoldAndWhatToDo) {
  registry.add(1);
  const std::size_t old = (std::size_t{3} << 20) / kPageSize;
  for (Pid pid = 0; pid < old; ++pid) {
    pool.versions().publish(pid, 1, pool.new_private_frame(), true);
    pool.versions().publish(pid, 2, pool.new_private_frame(), false);
  }
  const std::vector<FramePtr> frames = all_frames(pool);
  EXPECT_EQ(frames.size(), kSecondBudget - old);
  try {
    pool.new_private_frame();
    FAIL();
  } catch (const OutOfSpace& error) {
    EXPECT_EQ(error.message(),
              "the transaction and what open snapshots need fill 64 MiB of memory (3 MiB of it for "
              "snapshots); commit in smaller steps, end old snapshots, or give a larger "
              "Options::cache_size");
  }
}

}  // namespace
}  // namespace quire::pager
