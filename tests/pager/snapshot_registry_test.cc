#include "pager/snapshot_registry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace quire::pager {
namespace {

struct Visible {
  Seq seq = 0;
};

class SnapshotRegistryTest : public ::testing::Test {
 protected:
  using Entry = SnapshotRegistry::Entry;
  using Seqs = std::vector<Seq>;

  SnapshotRegistry registry;
};

TEST_F(SnapshotRegistryTest, VersionIsNeededByAReaderFromItsCommitUpToItsSuccessors) {
  const Readers readers{9, {2, 5}};
  EXPECT_TRUE(readers.need(2, 3));
  EXPECT_TRUE(readers.need(0, 3));
  EXPECT_FALSE(readers.need(0, 2));
  EXPECT_FALSE(readers.need(3, 5));
  EXPECT_TRUE(readers.need(3, 6));
  EXPECT_FALSE(readers.need(6, 9));
}

TEST_F(SnapshotRegistryTest, VersionSupersededAboveTheHorizonIsNeeded) {
  const Readers readers{9, {}};
  EXPECT_FALSE(readers.need(8, 9));
  EXPECT_TRUE(readers.need(8, 10));
}

TEST_F(SnapshotRegistryTest, RaisingTheHorizonTellsWhoIsRegisteredAscending) {
  for (const Seq seq : {7u, 3u, 7u, 5u}) registry.add(seq);
  const Readers readers = registry.raise_horizon(6);
  EXPECT_EQ(readers.horizon, 6u);
  EXPECT_EQ(readers.seqs, (Seqs{3, 5, 7, 7}));
  EXPECT_EQ(registry.size(), 4u);
}

TEST_F(SnapshotRegistryTest, HorizonNeverGoesBack) {
  registry.raise_horizon(6);
  EXPECT_EQ(registry.raise_horizon(4).horizon, 6u);
  EXPECT_EQ(registry.horizon(), 6u);
}

TEST_F(SnapshotRegistryTest, RemovedRegistrationIsGone) {
  registry.add(3);
  Entry& entry = registry.add(5);
  registry.remove(entry);
  EXPECT_EQ(registry.raise_horizon(9).seqs, (Seqs{3}));
  EXPECT_EQ(registry.size(), 1u);
}

TEST_F(SnapshotRegistryTest, OldestIsTheSmallestRegisteredCommit) {
  EXPECT_EQ(registry.oldest(42), 42u);
  registry.add(7);
  Entry& three = registry.add(3);
  EXPECT_EQ(registry.oldest(42), 3u);
  registry.remove(three);
  EXPECT_EQ(registry.oldest(42), 7u);
  EXPECT_EQ(registry.oldest(5), 5u);
}

TEST_F(SnapshotRegistryTest, StarterRegistersWhatIsVisible) {
  Visible seen;
  const Entry& entry = registry.add(seen, [] { return Visible{4}; });
  EXPECT_EQ(seen.seq, 4u);
  EXPECT_EQ(entry.load(), 4u);
}

TEST_F(SnapshotRegistryTest, StarterThatTheHorizonHasPassedStartsOver) {
  int calls = 0;
  Visible seen;
  const Entry& entry = registry.add(seen, [&] {
    const Visible visible{++calls < 3 ? Seq{4} + calls : Seq{9}};
    registry.raise_horizon(9);  // between its look and its registration
    return visible;
  });
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(seen.seq, 9u);
  EXPECT_EQ(entry.load(), 9u);
  EXPECT_EQ(registry.raise_horizon(9).seqs, (Seqs{9})) << "the earlier registrations are gone";
}

TEST_F(SnapshotRegistryTest, AnyNumberOfSnapshotsIsRegisteredAtOnce) {
  constexpr Seq kCount = 1000;
  std::set<Entry*> entries;
  Seqs wanted;
  for (Seq seq = 1; seq <= kCount; ++seq) {
    entries.insert(&registry.add(seq));
    wanted.push_back(seq);
  }
  EXPECT_EQ(entries.size(), kCount) << "each has an entry of its own";
  EXPECT_EQ(registry.raise_horizon(1).seqs, wanted);
  for (Entry* entry : entries) registry.remove(*entry);
  EXPECT_EQ(registry.size(), 0u);
  EXPECT_TRUE(registry.raise_horizon(1).seqs.empty());
  for (Seq seq = 1; seq <= kCount; ++seq) {
    EXPECT_EQ(entries.count(&registry.add(seq)), 1u) << "their entries are used again";
  }
}

// Threads start and end snapshots while one reclaims: what it frees is below its horizon and below
// every registration that its scan has found. No snapshot may ever meet something freed.
TEST_F(SnapshotRegistryTest, NothingIsFreedUnderASnapshotThatStartsMeanwhile) {
  constexpr int kStarters = 3;
  constexpr int kSnapshots = 2000;  // of each
  std::atomic<Seq> visible{1};
  std::atomic<Seq> freed_below{0};
  std::atomic<int> harmed{0};
  std::atomic<int> at_work{kStarters};
  std::atomic<int> looks{0};
  const auto look_and_dawdle = [&] {
    ++looks;
    const Visible seen{visible.load()};
    std::this_thread::yield();  // so that the horizon often passes what was seen
    return seen;
  };
  const auto start_snapshots = [&] {
    for (int i = 0; i < kSnapshots; ++i) {
      Visible seen;
      Entry& entry = registry.add(seen, look_and_dawdle);
      std::this_thread::yield();
      if (freed_below.load() > seen.seq) ++harmed;
      registry.remove(entry);
    }
    --at_work;
  };
  std::vector<std::thread> starters;
  for (int i = 0; i < kStarters; ++i) starters.emplace_back(start_snapshots);
  while (at_work.load() > 0) {
    const Seq seq = visible.fetch_add(1) + 1;
    const Readers readers = registry.raise_horizon(seq);
    freed_below.store(readers.seqs.empty() ? seq : std::min(seq, readers.seqs.front()));
    // Now and then a starter must be fast enough.
    const int enough = looks.load() + kStarters;
    while (looks.load() < enough && at_work.load() > 0) std::this_thread::yield();
  }
  for (std::thread& starter : starters) starter.join();
  EXPECT_EQ(harmed.load(), 0);
  EXPECT_EQ(registry.size(), 0u);
}

// As many as fill several blocks register at once, so blocks are linked by threads that race.
TEST_F(SnapshotRegistryTest, ThreadsThatRegisterAtOnceGetEntriesOfTheirOwn) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 500;
  std::vector<std::vector<Entry*>> entries(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t n = 0; n < kEach; ++n) entries[i].push_back(&registry.add(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Entry*> distinct;
  for (const auto& each : entries) distinct.insert(each.begin(), each.end());
  EXPECT_EQ(distinct.size(), kThreads * kEach);
  EXPECT_EQ(registry.size(), kThreads * kEach);
  const Seqs seqs = registry.raise_horizon(0).seqs;
  for (std::size_t i = 0; i < kThreads; ++i) {
    EXPECT_EQ(static_cast<std::size_t>(std::count(seqs.begin(), seqs.end(), i)), kEach);
  }
}

// One of them links a new block, the others have to find it: a registration elsewhere is never seen.
TEST_F(SnapshotRegistryTest, ThreadsThatNeedANewBlockAtOnceShareIt) {
  constexpr int kRounds = 300;
  constexpr Seq kBlock = 64;
  constexpr Seq kThreads = 2;
  for (int round = 0; round < kRounds; ++round) {
    SnapshotRegistry full;
    for (Seq seq = 0; seq < kBlock; ++seq) full.add(seq);
    std::atomic<Seq> at_start{0};
    std::vector<std::thread> threads;
    for (Seq i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        ++at_start;
        while (at_start.load() < kThreads) std::this_thread::yield();
        full.add(kBlock + i);
      });
    }
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(full.raise_horizon(0).seqs.size(), kBlock + kThreads);
  }
}

}  // namespace
}  // namespace quire::pager
