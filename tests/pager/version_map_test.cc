#include "pager/version_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

namespace quire::pager {
namespace {

using Where = VersionMap::Found::Where;
using Step = VersionMap::Save::Step;

constexpr Pid kPage = 5;
constexpr bool kFresh = true;
constexpr bool kInUse = false;

struct Counts {
  std::size_t frames;
  std::size_t dirty;
  std::size_t superseded;
  friend bool operator==(const Counts&, const Counts&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Counts& counts) {
    return out << counts.frames << " frames, " << counts.dirty << " dirty, " << counts.superseded
               << " superseded";
  }
};

/// A map of one stripe: every page shares the change counter.
class VersionMapTest : public ::testing::Test {
 protected:
  static FramePtr frame() { return std::make_shared<Frame>(); }
  static Readers readers(Seq horizon, std::vector<Seq> seqs = {}) {
    return {horizon, std::move(seqs)};
  }

  /// Publishes a new version; the map is then the only owner, but tests compare the address.
  const Frame* publish(Pid pid, Seq seq, bool is_fresh = kFresh) {
    FramePtr published = frame();
    const Frame* address = published.get();
    map.publish(pid, seq, std::move(published), is_fresh);
    return address;
  }
  /// Loads the page from the base for a reader at `seq`; nullptr if that was refused.
  const Frame* load(Pid pid, Seq seq = 0) {
    const VersionMap::Found found = map.find(pid, seq);
    if (found.where != Where::base) return nullptr;
    FramePtr loaded = frame();
    const Frame* address = loaded.get();
    return map.install(pid, found.note, std::move(loaded)) ? address : nullptr;
  }
  const Frame* find(Pid pid, Seq seq) { return map.find(pid, seq).frame.get(); }
  Where where(Pid pid, Seq seq) { return map.find(pid, seq).where; }
  /// The checkpoint of `g`, which nobody below it sees, as far as this page is concerned.
  void save(Pid pid, Seq g) {
    const VersionMap::Save save = map.begin_save(pid, g, readers(g, {g}));
    ASSERT_EQ(save.step, Step::write);
    map.mark_saved(pid, save.seq);
  }
  Counts counts() const { return {map.frames(), map.dirty(), map.superseded()}; }

  VersionMap map{16};
};

// ---- which version a reader sees

TEST_F(VersionMapTest, FindsAPageThatWasNeverInMemoryInTheBase) {
  const VersionMap::Found found = map.find(kPage, 9);
  EXPECT_EQ(found.where, Where::base);
  EXPECT_EQ(found.frame, nullptr);
  EXPECT_TRUE(found.note.empty_chain);
  EXPECT_TRUE(map.holds(kPage, found.note));
  EXPECT_EQ(counts(), (Counts{0, 0, 0}));
}

TEST_F(VersionMapTest, ReaderSeesTheNewestVersionNotAfterItsOwnCommit) {
  const Frame* two = publish(kPage, 2);
  const Frame* four = publish(kPage, 4);
  const Frame* seven = publish(kPage, 7);
  EXPECT_EQ(find(kPage, 2), two);
  EXPECT_EQ(find(kPage, 3), two);
  EXPECT_EQ(find(kPage, 4), four);
  EXPECT_EQ(find(kPage, 6), four);
  EXPECT_EQ(find(kPage, 7), seven);
  EXPECT_EQ(find(kPage, UINT64_MAX), seven);
  EXPECT_EQ(counts(), (Counts{3, 1, 2}));
}

TEST_F(VersionMapTest, WhatIsOlderThanAPublishedVersionIsStillInTheBase) {
  const Frame* five = publish(kPage, 5, kInUse);
  EXPECT_EQ(where(kPage, 4), Where::base);
  EXPECT_FALSE(map.find(kPage, 4).note.empty_chain);
  EXPECT_EQ(find(kPage, 5), five);
  EXPECT_EQ(counts(), (Counts{1, 1, 0}));
}

TEST_F(VersionMapTest, FreshPageIsNowhereBeforeItsFirstCommit) {
  const Frame* five = publish(kPage, 5, kFresh);
  EXPECT_EQ(where(kPage, 4), Where::nowhere);
  EXPECT_EQ(find(kPage, 5), five);
}

TEST_F(VersionMapTest, PublishOverALoadedPageLeavesItBelow) {
  const Frame* base = load(kPage);
  const Frame* five = publish(kPage, 5, kInUse);
  EXPECT_EQ(find(kPage, 0), base);
  EXPECT_EQ(find(kPage, 4), base);
  EXPECT_EQ(find(kPage, 5), five);
  EXPECT_EQ(counts(), (Counts{2, 1, 1}));
}

TEST_F(VersionMapTest, CommitNumbersNearTheLimitAreOrdered) {
  const Frame* older = publish(kPage, UINT64_MAX - 2);
  const Frame* newer = publish(kPage, UINT64_MAX - 1);
  map.prune(readers(UINT64_MAX - 1, {UINT64_MAX - 2}));
  EXPECT_EQ(find(kPage, UINT64_MAX - 2), older);
  EXPECT_EQ(find(kPage, UINT64_MAX), newer);
}

TEST_F(VersionMapTest, ReplayedVersionIsNeitherWrittenNorEvicted) {
  FramePtr replayed = frame();
  const Frame* address = replayed.get();
  map.install_replayed(kPage, 7, std::move(replayed));
  EXPECT_TRUE(map.unsaved_pages(9).empty());
  EXPECT_EQ(map.evict(0), 0u);
  EXPECT_EQ(find(kPage, 7), address);
  EXPECT_EQ(where(kPage, 6), Where::nowhere);
  EXPECT_EQ(counts(), (Counts{1, 0, 0}));
}

// ---- loads

TEST_F(VersionMapTest, LoadedPageServesReadersOfEveryCommit) {
  const Frame* base = load(kPage, 9);
  EXPECT_EQ(find(kPage, 0), base);
  EXPECT_EQ(find(kPage, UINT64_MAX), base);
  EXPECT_EQ(counts(), (Counts{1, 0, 0}));
}

TEST_F(VersionMapTest, LoadBelowAPublishedVersionServesOlderReaders) {
  const Frame* five = publish(kPage, 5, kInUse);
  const Frame* base = load(kPage, 4);
  EXPECT_EQ(find(kPage, 4), base);
  EXPECT_EQ(find(kPage, 5), five);
  EXPECT_EQ(counts(), (Counts{2, 1, 1}));
}

TEST_F(VersionMapTest, SecondOfTwoLoadsIsRefused) {
  for (const bool is_published : {false, true}) {
    const Pid pid = is_published ? 1 : 2;
    if (is_published) publish(pid, 5, kInUse);
    const LoadNote slow = map.find(pid, 4).note;
    const Frame* first = load(pid, 4);
    EXPECT_FALSE(map.holds(pid, slow));
    EXPECT_FALSE(map.install(pid, slow, frame()));
    EXPECT_EQ(find(pid, 4), first);
  }
}

TEST_F(VersionMapTest, LoadThatBeganBeforeAPublishIsRefused) {
  const LoadNote note = map.find(kPage, 4).note;
  publish(kPage, 5, kInUse);
  EXPECT_FALSE(map.holds(kPage, note));
  EXPECT_FALSE(map.install(kPage, note, frame()));
  EXPECT_EQ(where(kPage, 4), Where::base) << "it begins anew";
}

TEST_F(VersionMapTest, LoadThatBeganBeforeTheChainWasEmptiedIsRefused) {
  const LoadNote note = map.find(kPage, 0).note;
  load(kPage);
  EXPECT_EQ(map.evict(0), 1u);
  EXPECT_TRUE(map.find(kPage, 1).note.empty_chain);
  EXPECT_FALSE(map.holds(kPage, note));
  EXPECT_FALSE(map.install(kPage, note, frame())) << "what was between is not known";
  EXPECT_NE(load(kPage, 1), nullptr);
}

TEST_F(VersionMapTest, LoadThatBeganBeforeItsBaseWasPrunedIsRefused) {
  publish(kPage, 5, kInUse);
  const LoadNote note = map.find(kPage, 4).note;
  EXPECT_TRUE(map.holds(kPage, note));
  map.prune_page(kPage, readers(5));
  EXPECT_EQ(where(kPage, 4), Where::nowhere);
  EXPECT_FALSE(map.holds(kPage, note));
  EXPECT_FALSE(map.install(kPage, note, frame()));
}

TEST_F(VersionMapTest, LoadThatBeganBeforeASaveIsRefused) {
  publish(kPage, 5, kInUse);
  const LoadNote note = map.find(kPage, 4).note;
  EXPECT_EQ(map.begin_save(kPage, 5, readers(5, {5})).step, Step::write);
  EXPECT_FALSE(map.holds(kPage, note));
  EXPECT_FALSE(map.install(kPage, note, frame()));
}

// A note of a BASE that another reader loads. The checkpoint then finds no BASE to drop; what it
// saves becomes a BASE when it is evicted below a newer version.
TEST_F(VersionMapTest, LoadOfAnOldBaseIsNotTakenForThatOfALaterOne) {
  publish(kPage, 5, kInUse);
  const LoadNote slow = map.find(kPage, 4).note;
  const Frame* loaded = load(kPage, 4);
  ASSERT_EQ(map.begin_save(kPage, 5, readers(5, {4, 5})).step, Step::write);
  map.mark_saved(kPage, 5);
  publish(kPage, 6);
  map.evict(0);
  ASSERT_EQ(where(kPage, 5), Where::base);
  EXPECT_FALSE(map.holds(kPage, slow));
  EXPECT_FALSE(map.install(kPage, slow, frame()));
  EXPECT_EQ(find(kPage, 4), loaded);
}

// ---- pages that are freed

TEST_F(VersionMapTest, FreedPageIsNowhereFromThatCommitOnAndInTheBaseBefore) {
  map.publish_free(kPage, 5);
  EXPECT_EQ(where(kPage, 4), Where::base);
  EXPECT_EQ(where(kPage, 5), Where::nowhere);
  EXPECT_EQ(where(kPage, 9), Where::nowhere);
  EXPECT_EQ(counts(), (Counts{0, 0, 0}));
  EXPECT_NE(load(kPage, 4), nullptr);
  EXPECT_EQ(counts(), (Counts{1, 0, 1}));
}

TEST_F(VersionMapTest, VersionBelowAFreeIsKeptForItsReaders) {
  const Frame* two = publish(kPage, 2);
  map.publish_free(kPage, 5);
  EXPECT_EQ(counts(), (Counts{1, 0, 1}));
  map.prune(readers(5, {4}));
  EXPECT_EQ(find(kPage, 4), two);
  EXPECT_EQ(where(kPage, 5), Where::nowhere);
  map.prune(readers(5, {5}));
  EXPECT_EQ(counts(), (Counts{0, 0, 0}));
}

TEST_F(VersionMapTest, FreedPageThatNobodyReadsIsForgottenAndLoadsOfItAreRefused) {
  const LoadNote note = map.find(kPage, 4).note;
  map.publish_free(kPage, 5);
  map.prune_page(kPage, readers(5));
  EXPECT_TRUE(map.find(kPage, 5).note.empty_chain);
  EXPECT_FALSE(map.install(kPage, note, frame()));
}

TEST_F(VersionMapTest, CountsChainsThatPruneMayShortenAlsoWithoutFrames) {
  EXPECT_EQ(map.long_chains(), 0u);
  publish(kPage, 2);
  EXPECT_EQ(map.long_chains(), 0u);
  publish(kPage, 3);
  map.publish_free(kPage + 1, 3);
  EXPECT_EQ(map.long_chains(), 2u);
  map.prune(readers(3, {2}));
  EXPECT_EQ(map.long_chains(), 2u);
  map.prune_page(kPage, readers(3));
  EXPECT_EQ(map.long_chains(), 1u);
  EXPECT_EQ(counts(), (Counts{1, 1, 0})) << "no old frame, but a BASE under a FREE";
  map.prune(readers(3));
  EXPECT_EQ(map.long_chains(), 0u);
}

TEST_F(VersionMapTest, NextLifeOfAPageBeginsAboveFree) {
  map.publish_free(kPage, 3);
  const Frame* five = publish(kPage, 5, kFresh);
  EXPECT_EQ(where(kPage, 2), Where::base);
  EXPECT_EQ(where(kPage, 4), Where::nowhere);
  EXPECT_EQ(find(kPage, 5), five);
  map.prune(readers(5, {2, 3}));
  EXPECT_EQ(where(kPage, 2), Where::base) << "the former life is still read";
  map.prune(readers(5, {3}));
  EXPECT_EQ(where(kPage, 2), Where::nowhere);
  EXPECT_EQ(where(kPage, 4), Where::nowhere);
  EXPECT_EQ(find(kPage, 5), five);
}

// ---- pages that are written before their commit

TEST_F(VersionMapTest, PageIsVacantOnceNobodyNeedsItsFormerLife) {
  EXPECT_TRUE(map.is_vacant(kPage, readers(0)));
  publish(kPage, 4);
  map.publish_free(kPage, 5);
  EXPECT_FALSE(map.is_vacant(kPage, readers(4))) << "a snapshot of 4 may begin";
  EXPECT_FALSE(map.is_vacant(kPage, readers(5, {4}))) << "one is registered, or a checkpoint of 4";
  EXPECT_TRUE(map.is_vacant(kPage, readers(5, {5})));
  EXPECT_EQ(map.begin_save(kPage, 4, readers(5, {4})).step, Step::nothing);
}

TEST_F(VersionMapTest, LoadThatBeganBeforeThePageWasWrittenIsRefused) {
  const VersionMap::Found found = map.find(kPage, 1);
  map.vacate(kPage);
  EXPECT_FALSE(map.install(kPage, found.note, frame()));
}

TEST_F(VersionMapTest, WhatAWildPointerHasLoadedGoesWithTheWrite) {
  ASSERT_NE(load(kPage, 1), nullptr);
  EXPECT_FALSE(map.is_vacant(kPage, readers(1)));
  map.vacate(kPage);
  EXPECT_TRUE(map.is_vacant(kPage, readers(1)));
  EXPECT_EQ(counts(), (Counts{0, 0, 0}));
}

TEST_F(VersionMapTest, FreeAtTheBottomKeepsNoChainLong) {
  publish(kPage, 2);
  map.publish_free(kPage, 3);
  publish(kPage, 5, kFresh);
  map.prune(readers(5, {4, 5}));
  save(kPage, 5);
  EXPECT_EQ(map.evict(0), 1u);
  EXPECT_TRUE(map.find(kPage, 5).note.empty_chain) << "no version but the evicted one was left";
}

TEST_F(VersionMapTest, FreedPageIsNotSaved) {
  publish(kPage, 2);
  map.publish_free(kPage, 5);
  EXPECT_TRUE(map.unsaved_pages(5).empty());
  EXPECT_EQ(map.begin_save(kPage, 5, readers(5, {5})).step, Step::nothing);
  EXPECT_EQ(map.unsaved_pages(4), (std::vector<Pid>{kPage}));
  EXPECT_EQ(map.begin_save(kPage, 4, readers(4, {4})).step, Step::write);
}

// ---- what nobody needs

TEST_F(VersionMapTest, PruneKeepsOnlyVersionsThatAReaderStandsOn) {
  const Frame* one = publish(kPage, 1);
  publish(kPage, 2);
  const Frame* four = publish(kPage, 4);
  publish(kPage, 6);
  const Frame* eight = publish(kPage, 8);
  map.prune(readers(8, {1, 5}));
  EXPECT_EQ(counts(), (Counts{3, 1, 2}));
  EXPECT_EQ(find(kPage, 1), one);
  EXPECT_EQ(find(kPage, 5), four);
  EXPECT_EQ(find(kPage, 8), eight);
}

TEST_F(VersionMapTest, ReaderAtTheSuccessorsCommitDoesNotKeepTheOlderVersion) {
  publish(kPage, 1);
  publish(kPage, 2);
  map.prune(readers(2, {2}));
  EXPECT_EQ(counts(), (Counts{1, 1, 0}));
  EXPECT_EQ(where(kPage, 1), Where::nowhere);
}

TEST_F(VersionMapTest, PruneKeepsWhatASnapshotAboveTheHorizonMayStillRead) {
  publish(kPage, 1);
  const Frame* two = publish(kPage, 2);
  const Frame* three = publish(kPage, 3);
  map.prune(readers(2));
  EXPECT_EQ(where(kPage, 1), Where::nowhere);
  EXPECT_EQ(find(kPage, 2), two);
  EXPECT_EQ(find(kPage, 3), three);
}

TEST_F(VersionMapTest, PruneDropsTheBaseThatNobodyReads) {
  publish(kPage, 2, kInUse);
  map.prune(readers(2, {1}));
  EXPECT_EQ(where(kPage, 1), Where::base);
  map.prune(readers(2, {2}));
  EXPECT_EQ(where(kPage, 1), Where::nowhere);
}

TEST_F(VersionMapTest, PrunePageLeavesOtherPagesAlone) {
  for (const Pid pid : {1u, 2u, 3u}) {
    publish(pid, 1);
    publish(pid, 2);
  }
  map.prune_page(2, readers(2));
  EXPECT_EQ(counts(), (Counts{5, 3, 2}));
  EXPECT_EQ(where(2, 1), Where::nowhere);
  map.prune_page(9, readers(2));
  map.prune(readers(2));
  EXPECT_EQ(counts(), (Counts{3, 3, 0}));
}

// ---- the checkpoint

TEST_F(VersionMapTest, UnsavedPagesAreListedInAscendingOrderOnce) {
  for (const Pid pid : {9u, 4u, 7u}) publish(pid, 1);
  publish(4, 2);
  load(3);
  EXPECT_EQ(map.unsaved_pages(2), (std::vector<Pid>{4, 7, 9}));
  for (const Pid pid : {9u, 4u, 7u}) save(pid, 2);
  EXPECT_TRUE(map.unsaved_pages(2).empty());
  EXPECT_EQ(counts(), (Counts{5, 0, 1}));
}

TEST_F(VersionMapTest, SavesTheNewestVersionUpToTheCheckpoint) {
  publish(kPage, 1);
  const Frame* three = publish(kPage, 3);
  publish(kPage, 5);
  publish(6, 5);
  EXPECT_EQ(map.unsaved_pages(4), (std::vector<Pid>{kPage}));
  const VersionMap::Save save = map.begin_save(kPage, 4, readers(4, {4}));
  EXPECT_EQ(save.step, Step::write);
  EXPECT_EQ(save.frame.get(), three);
  EXPECT_EQ(save.seq, 3u);
  EXPECT_EQ(map.begin_save(6, 4, readers(4, {4})).step, Step::nothing) << "it is younger";
}

TEST_F(VersionMapTest, MarkSavedMeansExactlyThatVersion) {
  publish(kPage, 1);
  publish(kPage, 2);
  save(kPage, 1);
  EXPECT_EQ(counts(), (Counts{2, 1, 1}));
  EXPECT_TRUE(map.unsaved_pages(1).empty());
  EXPECT_EQ(map.unsaved_pages(2), (std::vector<Pid>{kPage}));
  save(kPage, 2);
  EXPECT_EQ(counts(), (Counts{2, 0, 1}));
}

TEST_F(VersionMapTest, VersionThatWasWrittenStaysDirtyUntilItIsMarked) {
  publish(kPage, 1);
  EXPECT_EQ(map.begin_save(kPage, 1, readers(1, {1})).step, Step::write);
  EXPECT_EQ(map.evict(0), 0u);
  EXPECT_EQ(counts(), (Counts{1, 1, 0}));
  EXPECT_EQ(map.begin_save(kPage, 1, readers(1, {1})).step, Step::write) << "as often as it fails";
}

TEST_F(VersionMapTest, SaveDropsTheBaseThatNobodyNeeds) {
  publish(kPage, 5, kInUse);
  EXPECT_EQ(map.begin_save(kPage, 5, readers(5, {5, 9})).step, Step::write);
  EXPECT_EQ(where(kPage, 4), Where::nowhere);
}

TEST_F(VersionMapTest, SaveHangsInTheOldBaseThatAReaderNeeds) {
  const Frame* five = publish(kPage, 5, kInUse);
  const VersionMap::Save first = map.begin_save(kPage, 5, readers(5, {4, 5}));
  ASSERT_EQ(first.step, Step::load_base);
  EXPECT_EQ(where(kPage, 4), Where::base) << "until it has been read";
  const FramePtr old = frame();
  const VersionMap::Save second = map.begin_save_with(kPage, old, 5, readers(5, {4, 5}));
  EXPECT_EQ(second.step, Step::write);
  EXPECT_EQ(second.frame.get(), five);
  EXPECT_EQ(find(kPage, 4), old.get());
  EXPECT_EQ(counts(), (Counts{2, 1, 1}));
}

TEST_F(VersionMapTest, OldBaseThatCannotBeReadIsDamagedForItsReadersOnly) {
  const Frame* five = publish(kPage, 5, kInUse);
  const VersionMap::Save first = map.begin_save(kPage, 5, readers(5, {4, 5}));
  ASSERT_EQ(first.step, Step::load_base);
  const VersionMap::Save second = map.begin_save_with(kPage, nullptr, 5, readers(5, {4, 5}));
  EXPECT_EQ(second.step, Step::write) << "the checkpoint goes on";
  EXPECT_EQ(where(kPage, 4), Where::damaged);
  EXPECT_EQ(find(kPage, 5), five);
  EXPECT_EQ(counts(), (Counts{1, 1, 0}));
  map.prune(readers(5, {5}));
  EXPECT_EQ(where(kPage, 4), Where::nowhere);
}

TEST_F(VersionMapTest, OldBaseThatAReaderHasLoadedMeanwhileIsKept) {
  publish(kPage, 5, kInUse);
  ASSERT_EQ(map.begin_save(kPage, 5, readers(5, {4, 5})).step, Step::load_base);
  const Frame* loaded = load(kPage, 4);
  ASSERT_NE(loaded, nullptr);
  const VersionMap::Save second = map.begin_save_with(kPage, frame(), 5, readers(5, {4, 5}));
  EXPECT_EQ(second.step, Step::write);
  EXPECT_EQ(find(kPage, 4), loaded);
}

TEST_F(VersionMapTest, OldBaseWhoseReadersHaveGoneMeanwhileIsNotHungIn) {
  publish(kPage, 5, kInUse);
  ASSERT_EQ(map.begin_save(kPage, 5, readers(5, {4, 5})).step, Step::load_base);
  map.prune(readers(5, {5}));
  const VersionMap::Save second = map.begin_save_with(kPage, frame(), 5, readers(5, {4, 5}));
  EXPECT_EQ(second.step, Step::write);
  EXPECT_EQ(where(kPage, 4), Where::nowhere);
  EXPECT_EQ(counts(), (Counts{1, 1, 0}));
}

TEST_F(VersionMapTest, WhatTheBaseHeldIsOnlyInMemoryOnceASaveHasBegun) {
  const Frame* old = load(kPage);
  publish(kPage, 5, kInUse);
  EXPECT_EQ(map.begin_save(kPage, 5, readers(5, {4, 5})).step, Step::write);
  EXPECT_EQ(map.evict(0), 0u);
  EXPECT_EQ(find(kPage, 4), old);
  map.mark_saved(kPage, 5);
  EXPECT_EQ(map.evict(0), 1u) << "the new version, which the base holds now";
  EXPECT_EQ(find(kPage, 4), old);
  EXPECT_EQ(where(kPage, 5), Where::base);
}

TEST_F(VersionMapTest, VersionPublishedAfterASaveIsDirtyAgain) {
  publish(kPage, 1);
  save(kPage, 1);
  const Frame* two = publish(kPage, 2);
  EXPECT_EQ(map.unsaved_pages(2), (std::vector<Pid>{kPage}));
  EXPECT_EQ(counts(), (Counts{2, 1, 1}));
  EXPECT_EQ(map.evict(0), 1u) << "the older one";
  EXPECT_EQ(find(kPage, 2), two);
}

// ---- eviction

TEST_F(VersionMapTest, EvictsOnlyWhatTheBaseHolds) {
  load(1);
  publish(2, 1);
  publish(3, 1);
  EXPECT_EQ(map.evict(0), 1u);
  EXPECT_EQ(counts(), (Counts{2, 2, 0}));
  EXPECT_TRUE(map.find(1, 1).note.empty_chain);
  save(2, 1);
  save(3, 1);
  EXPECT_EQ(map.evict(0), 2u);
  EXPECT_EQ(counts(), (Counts{0, 0, 0}));
}

TEST_F(VersionMapTest, EvictsNoMoreThanAsked) {
  for (Pid pid = 0; pid < 10; ++pid) load(pid);
  EXPECT_EQ(map.evict(10), 0u);
  EXPECT_EQ(map.evict(6), 4u);
  EXPECT_EQ(map.frames(), 6u);
}

TEST_F(VersionMapTest, PageUsedSinceTheLastVisitOutlivesOneThatWasNot) {
  // Whichever page a visit comes to first, it is one of those used here or there.
  const std::vector<std::vector<Pid>> choices{{0, 1, 2, 3}, {6, 7, 8, 9}};
  for (const std::vector<Pid>& used : choices) {
    for (Pid pid = 0; pid < 10; ++pid) load(pid);
    EXPECT_EQ(map.evict(9), 1u) << "in the second round: the first took away the marks of use";
    const auto is_used = [&](Pid pid) { return find(pid, 0) != nullptr; };
    const auto count = static_cast<std::size_t>(std::count_if(used.begin(), used.end(), is_used));
    EXPECT_EQ(map.evict(count), 9 - count);
    EXPECT_EQ(std::count_if(used.begin(), used.end(), is_used), count);
    map.evict(0);
  }
}

TEST_F(VersionMapTest, DoesNotEvictAPageThatSomebodyHolds) {
  load(kPage);
  FramePtr held = map.find(kPage, 1).frame;
  EXPECT_EQ(map.evict(0), 0u);
  held.reset();
  EXPECT_EQ(map.evict(0), 1u);
}

TEST_F(VersionMapTest, OlderVersionThatEqualsTheBaseBecomesBase) {
  load(kPage);
  const Frame* five = publish(kPage, 5, kInUse);
  EXPECT_EQ(map.evict(0), 1u);
  EXPECT_EQ(where(kPage, 4), Where::base);
  EXPECT_EQ(find(kPage, 5), five);
  EXPECT_EQ(counts(), (Counts{1, 1, 0}));
  EXPECT_NE(load(kPage, 4), nullptr);
}

TEST_F(VersionMapTest, EvictedVersionAboveAnOldOneIsLoadedForItsReadersOnly) {
  const Frame* old = load(kPage);
  publish(kPage, 5, kInUse);
  ASSERT_EQ(map.begin_save(kPage, 5, readers(5, {4, 5})).step, Step::write);
  map.mark_saved(kPage, 5);
  ASSERT_EQ(map.evict(0), 1u);
  const Frame* loaded = load(kPage, 5);
  ASSERT_NE(loaded, nullptr);
  EXPECT_EQ(find(kPage, 4), old);
  EXPECT_EQ(find(kPage, 5), loaded);
  EXPECT_EQ(counts(), (Counts{2, 0, 1}));
}

TEST_F(VersionMapTest, EvictsFromEveryStripe) {
  VersionMap wide(1024);
  for (Pid pid = 0; pid < 200; ++pid) {
    ASSERT_TRUE(wide.install(pid, wide.find(pid, 0).note, frame()));
  }
  EXPECT_EQ(wide.evict(0), 200u);
  EXPECT_EQ(wide.frames(), 0u);
}

TEST_F(VersionMapTest, LooksAtABoundedNumberOfChainsACallAndGoesOnWhereItEnded) {
  constexpr Pid kPages = 3000;
  VersionMap wide(std::size_t{1} << 16);
  for (Pid pid = 0; pid < kPages; ++pid) {
    ASSERT_TRUE(wide.install(pid, wide.find(pid, 0).note, frame()));
  }
  constexpr std::size_t kLooks = 1024;
  EXPECT_EQ(wide.evict(0, kLooks), 0u) << "too few looked at to come by a second time";
  for (int calls = 0; calls < 10 && wide.frames() > 0; ++calls) {
    EXPECT_LT(wide.evict(0, kLooks), kPages / 2);
  }
  EXPECT_EQ(wide.frames(), 0u);
}

// ---- our own mistakes

using VersionMapDeathTest = VersionMapTest;

TEST_F(VersionMapDeathTest, LogIsReplayedIntoAnEmptyMapOnly) {
  load(kPage);
  EXPECT_DEATH(map.install_replayed(kPage, 7, frame()), "before any page is read");
}

TEST_F(VersionMapDeathTest, VersionsArePublishedInOrder) {
  publish(kPage, 2);
  EXPECT_DEATH(publish(kPage, 2), "versions are published in order");
  EXPECT_DEATH(map.publish_free(kPage, 2), "versions are published in order");
}

}  // namespace
}  // namespace quire::pager
