#include "pager/version_map.h"

#include <gtest/gtest.h>

namespace quire::pager {
namespace {

constexpr Pid kPage = 5;

class VersionMapTest : public ::testing::Test {
 protected:
  static FramePtr frame() { return std::make_shared<Frame>(); }

  /// Publishes a new version; the map is then the only owner, but tests compare the address.
  const Frame* publish(Pid pid, Seq seq) {
    FramePtr published = frame();
    const Frame* address = published.get();
    map.publish(pid, seq, std::move(published), readers);
    return address;
  }
  const Frame* install_base(Pid pid) {
    FramePtr installed = frame();
    const Frame* address = installed.get();
    map.install_base(pid, std::move(installed));
    return address;
  }
  const Frame* find(Pid pid, Seq seq) const { return map.find(pid, seq).get(); }
  void save(Pid pid) {
    map.before_overwrite(pid);
    map.mark_saved();
  }

  VersionMap map;
  Readers readers;
};

TEST_F(VersionMapTest, KnowsNothingOfAPageThatWasNeverInMemory) {
  EXPECT_EQ(find(kPage, 9), nullptr);
  EXPECT_EQ(map.newest(kPage), nullptr);
  EXPECT_TRUE(map.is_empty(kPage));
  EXPECT_FALSE(map.base_is_needed(kPage, {1}));
  EXPECT_EQ(map.frame_count(), 0u);
}

TEST_F(VersionMapTest, ReaderSeesTheNewestVersionNotAfterItsOwnCommit) {
  readers = {2, 4, 6};
  const Frame* two = publish(kPage, 2);
  const Frame* four = publish(kPage, 4);
  const Frame* seven = publish(kPage, 7);
  EXPECT_EQ(find(kPage, 1), nullptr);
  EXPECT_EQ(find(kPage, 2), two);
  EXPECT_EQ(find(kPage, 3), two);
  EXPECT_EQ(find(kPage, 4), four);
  EXPECT_EQ(find(kPage, 6), four);
  EXPECT_EQ(find(kPage, 7), seven);
  EXPECT_EQ(find(kPage, UINT64_MAX), seven);
  EXPECT_EQ(map.newest(kPage).get(), seven);
}

TEST_F(VersionMapTest, BaseIsOlderThanEveryVersionAndVisibleToAll) {
  readers = {3};
  const Frame* five = publish(kPage, 5);
  const Frame* base = install_base(kPage);
  EXPECT_EQ(find(kPage, 0), base);
  EXPECT_EQ(find(kPage, 4), base);
  EXPECT_EQ(find(kPage, 5), five);
}

TEST_F(VersionMapTest, PublishDropsWhatNoReaderNeeds) {
  publish(kPage, 1);
  const Frame* two = publish(kPage, 2);
  EXPECT_EQ(map.frame_count(), 1u);
  EXPECT_EQ(find(kPage, 1), nullptr);
  EXPECT_EQ(find(kPage, 2), two);
}

TEST_F(VersionMapTest, PublishKeepsOnlyVersionsThatAReaderStandsOn) {
  readers = {1, 5};
  const Frame* one = publish(kPage, 1);
  publish(kPage, 2);
  const Frame* four = publish(kPage, 4);
  publish(kPage, 6);
  const Frame* eight = publish(kPage, 8);
  EXPECT_EQ(map.frame_count(), 3u);
  EXPECT_EQ(find(kPage, 1), one);
  EXPECT_EQ(find(kPage, 5), four);
  EXPECT_EQ(find(kPage, 8), eight);
}

TEST_F(VersionMapTest, ReaderAtTheSuccessorsCommitDoesNotKeepTheOlderVersion) {
  readers = {2};
  publish(kPage, 1);
  publish(kPage, 2);
  EXPECT_EQ(map.frame_count(), 1u);
}

TEST_F(VersionMapTest, PruneDropsVersionsWhoseReadersHaveEnded) {
  readers = {1, 1, 2};
  const Frame* one = publish(kPage, 1);
  const Frame* two = publish(kPage, 2);
  const Frame* three = publish(kPage, 3);
  readers.erase(readers.find(1));
  map.prune(readers);
  EXPECT_EQ(find(kPage, 1), one) << "one of two snapshots of commit 1 is still open";
  readers.erase(readers.find(1));
  map.prune(readers);
  EXPECT_EQ(find(kPage, 1), nullptr);
  EXPECT_EQ(find(kPage, 2), two);
  readers.clear();
  map.prune(readers);
  EXPECT_EQ(map.frame_count(), 1u);
  EXPECT_EQ(find(kPage, 3), three);
}

TEST_F(VersionMapTest, PruneComesAfterAnEvictionOfWhatPublishCutShort) {
  readers = {1};
  publish(kPage, 1);
  publish(kPage, 2);
  readers.clear();
  publish(kPage, 3);  // drops both, so that the chain has one version
  save(kPage);
  EXPECT_EQ(map.evict(0), 1u);
  map.prune(readers);
  EXPECT_TRUE(map.is_empty(kPage));
}

TEST_F(VersionMapTest, DirtyPagesAreListedInAscendingOrderOnce) {
  for (const Pid pid : {9u, 4u, 7u}) publish(pid, 1);
  publish(4, 2);
  install_base(3);
  EXPECT_EQ(map.dirty(), (std::set<Pid>{4, 7, 9}));
  map.mark_saved();
  EXPECT_TRUE(map.dirty().empty());
}

TEST_F(VersionMapTest, BaseIsNeededByAReaderOlderThanTheOldestVersion) {
  publish(kPage, 5);
  EXPECT_FALSE(map.base_is_needed(kPage, {}));
  EXPECT_FALSE(map.base_is_needed(kPage, {5, 9}));
  EXPECT_TRUE(map.base_is_needed(kPage, {4, 9}));
  install_base(kPage);
  EXPECT_FALSE(map.base_is_needed(kPage, {4, 9}));
}

TEST_F(VersionMapTest, EvictsCleanPagesOnly) {
  install_base(1);
  publish(2, 1);
  publish(3, 1);
  EXPECT_EQ(map.evict(0), 1u);
  EXPECT_EQ(map.frame_count(), 2u);
  EXPECT_TRUE(map.is_empty(1));
  map.mark_saved();
  EXPECT_EQ(map.evict(0), 2u);
  EXPECT_EQ(map.frame_count(), 0u);
}

TEST_F(VersionMapTest, EvictsNoMoreThanAsked) {
  for (Pid pid = 0; pid < 10; ++pid) install_base(pid);
  EXPECT_EQ(map.evict(10), 0u);
  EXPECT_EQ(map.evict(6), 4u);
  EXPECT_EQ(map.frame_count(), 6u);
}

TEST_F(VersionMapTest, DoesNotEvictAPageThatSomebodyHolds) {
  install_base(kPage);
  FramePtr held = map.find(kPage, 1);
  EXPECT_EQ(map.evict(0), 0u);
  held.reset();
  EXPECT_EQ(map.evict(0), 1u);
}

TEST_F(VersionMapTest, DoesNotEvictAChainWithAnOlderVersion) {
  readers = {1};
  const Frame* one = publish(kPage, 1);
  publish(kPage, 2);
  save(kPage);
  EXPECT_EQ(map.evict(0), 0u);
  EXPECT_EQ(find(kPage, 1), one);
}

TEST_F(VersionMapTest, VersionPublishedAfterASaveIsDirtyAgain) {
  publish(kPage, 1);
  save(kPage);
  const Frame* two = publish(kPage, 2);
  EXPECT_EQ(map.dirty(), (std::set<Pid>{kPage}));
  EXPECT_EQ(map.evict(0), 0u);
  EXPECT_EQ(find(kPage, 2), two);
}

TEST_F(VersionMapTest, ReplayedVersionIsNeitherWrittenNorEvicted) {
  FramePtr replayed = frame();
  const Frame* address = replayed.get();
  map.install_replayed(kPage, 7, std::move(replayed));
  EXPECT_TRUE(map.dirty().empty());
  EXPECT_EQ(map.evict(0), 0u);
  EXPECT_EQ(map.frame_count(), 1u);
  EXPECT_EQ(find(kPage, 7), address);
  EXPECT_EQ(find(kPage, 6), nullptr);
}

TEST_F(VersionMapTest, CommitNumbersNearTheLimitAreOrdered) {
  readers = {UINT64_MAX - 2};
  const Frame* older = publish(kPage, UINT64_MAX - 2);
  const Frame* newer = publish(kPage, UINT64_MAX);
  EXPECT_EQ(find(kPage, UINT64_MAX - 1), older);
  EXPECT_EQ(find(kPage, UINT64_MAX), newer);
}

using VersionMapDeathTest = VersionMapTest;

TEST_F(VersionMapDeathTest, LogIsReplayedIntoAnEmptyMapOnly) {
  install_base(kPage);
  EXPECT_DEATH(map.install_replayed(kPage, 7, frame()), "before any page is read");
}

TEST_F(VersionMapDeathTest, VersionsArePublishedInOrder) {
  publish(kPage, 2);
  EXPECT_DEATH(publish(kPage, 2), "versions are published in order");
}

}  // namespace
}  // namespace quire::pager
