// The judge of histories itself: each of its checks finds what it is for in a history that is forged.

#include "tests/support/snapshot_history.h"

#include <gtest/gtest.h>

namespace quire::testing {
namespace {

using End = Attempt::End;

std::vector<Stamp> both(Stamp stamp) { return {stamp, stamp}; }

Attempt attempt(std::uint64_t commit, std::uint64_t number, const Stamp& base, End end) {
  const Stamp stamp{commit, number};
  return {stamp, end, commit - 1, 10 + commit, both(base), both(stamp)};
}

/// Two commits of one thread with a rolled-back attempt in between, and a reader of each.
class SnapshotHistoryTest : public ::testing::Test {
 protected:
  static constexpr Stamp kFirst{1, 1};
  static constexpr Stamp kVoid{2, 2};
  static constexpr Stamp kSecond{2, 3};

  SnapshotHistoryTest() {
    writer.attempts = {attempt(1, 1, {}, End::committed), attempt(2, 2, kFirst, End::rolled_back),
                       attempt(2, 3, kFirst, End::committed)};
    reader.reads = {{1, 2, 11, both(kFirst), both(kFirst)},
                    {1, 2, 12, both(kSecond), both(kSecond)}};
  }

  std::vector<std::string> found() const { return anomalies({writer, reader}); }
  /// Exactly one anomaly, whose text holds `what`.
  void expect(const std::string& what) const {
    const auto all = found();
    ASSERT_EQ(all.size(), 1u) << (all.empty() ? "" : all[0] + "; " + all[1]);
    EXPECT_NE(all[0].find(what), std::string::npos) << all[0];
  }

  ThreadHistory writer;
  ThreadHistory reader;
};

TEST_F(SnapshotHistoryTest, FindsNothingWrongWithASoundHistory) {
  EXPECT_EQ(found(), std::vector<std::string>());
}

TEST_F(SnapshotHistoryTest, FindsASnapshotOfTwoCommits) {
  reader.reads[1].values = reader.reads[1].again = {kSecond, kFirst};
  expect("commit 2 (attempt 3) beside commit 1 (attempt 1)");
}

TEST_F(SnapshotHistoryTest, FindsWhatWasRolledBack) {
  reader.reads[1].values = reader.reads[1].again = both(kVoid);
  const auto all = found();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_NE(all[0].find("which was rolled back"), std::string::npos) << all[0];
  EXPECT_NE(all[1].find("attempt 3 has made that commit"), std::string::npos) << all[1];
}

TEST_F(SnapshotHistoryTest, FindsWhatNobodyHasMade) {
  reader.reads[1].values = reader.reads[1].again = both({3, 9});
  reader.reads[1].begun_after = 3;
  reader.reads[1].seq = 13;
  expect("which nobody has made");
}

TEST_F(SnapshotHistoryTest, FindsASnapshotOlderThanWhatWasAcknowledged) {
  reader.reads[0].acknowledged_before = 2;
  expect("though commit 2 was acknowledged before");
}

TEST_F(SnapshotHistoryTest, FindsACommitThatHadNotBegun) {
  reader.reads[1].begun_after = 1;
  expect("which had not begun");
}

TEST_F(SnapshotHistoryTest, FindsAThreadThatGoesBack) {
  std::swap(reader.reads[0], reader.reads[1]);
  expect("though the thread has seen commit 2");
}

TEST_F(SnapshotHistoryTest, FindsSeqsOutOfOrderInAnotherThread) {
  ThreadHistory other;
  other.reads = {{1, 2, 13, both(kFirst), both(kFirst)}};
  const auto all = anomalies({writer, reader, other});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_NE(all[0].find("seq 13 is commit 1, and seq 12 commit 2"), std::string::npos) << all[0];
}

TEST_F(SnapshotHistoryTest, FindsOneSeqWithTwoContents) {
  reader.reads[1].seq = 11;
  expect("seq 11 is commit 2, and seq 11 commit 1");
}

TEST_F(SnapshotHistoryTest, FindsAnotherContentWhenReadAgain) {
  reader.reads[0].again = both(kSecond);
  expect("another content when it was read again");
}

TEST_F(SnapshotHistoryTest, FindsAWriterThatMissesItsOwnChange) {
  writer.attempts[2].after[1] = kFirst;
  expect("behind its own change");
}

TEST_F(SnapshotHistoryTest, FindsAWriterOnAnOldBase) {
  writer.attempts[2].base = both({});
  const auto all = found();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_NE(all[0].find("though commit 1 was acknowledged before"), std::string::npos) << all[0];
  EXPECT_NE(all[1].find("built on commit 0"), std::string::npos) << all[1];
}

TEST_F(SnapshotHistoryTest, FindsTwoAttemptsThatMadeOneCommit) {
  writer.attempts[1].end = End::committed;
  const auto all = found();
  ASSERT_FALSE(all.empty());
  EXPECT_NE(all[0].find("two attempts have made commit 2"), std::string::npos) << all[0];
}

TEST_F(SnapshotHistoryTest, FindsALostCommitAfterACrash) {
  EXPECT_TRUE(anomalies_after_crash({writer, reader}, both(kSecond), 2, 2).empty());
  EXPECT_TRUE(anomalies_after_crash({writer, reader}, both(kSecond), 1, 2).empty());
  EXPECT_EQ(anomalies_after_crash({writer, reader}, both(kFirst), 2, 2).size(), 1u);
  EXPECT_EQ(anomalies_after_crash({writer, reader}, both(kSecond), 1, 1).size(), 1u);
  EXPECT_EQ(anomalies_after_crash({writer, reader}, {kFirst, kSecond}, 1, 2).size(), 1u);
  EXPECT_EQ(anomalies_after_crash({writer, reader}, both(kVoid), 1, 2).size(), 2u);
}

TEST(StampTest, IsReadBackFromExactlyTheBytesThatItMakes) {
  const Stamp stamp{7, 12};
  const std::string bytes = stamped(stamp, 3, 100);
  EXPECT_GE(bytes.size(), 100u);
  EXPECT_EQ(stamp_in(bytes, 3, 100), stamp);
  EXPECT_THROW(stamp_in(bytes, 4, 100), std::runtime_error);
  EXPECT_THROW(stamp_in(bytes.substr(1), 3, 100), std::runtime_error);
  EXPECT_THROW(stamp_in(bytes + "x", 3, 100), std::runtime_error);
  EXPECT_THROW(stamp_in("", 3, 100), std::runtime_error);
}

TEST(HistoryClockTest, NumbersAttemptsAndRemembersTheNewestCommit) {
  HistoryClock clock;
  const Stamp first = clock.begin(1);
  const Stamp again = clock.begin(1);
  EXPECT_NE(first.attempt, again.attempt);
  EXPECT_EQ(clock.begun(), 1u);
  EXPECT_EQ(clock.acknowledged(), 0u);
  clock.acknowledge({5, 0});
  clock.acknowledge(again);
  EXPECT_EQ(clock.acknowledged(), 5u);
}

}  // namespace
}  // namespace quire::testing
