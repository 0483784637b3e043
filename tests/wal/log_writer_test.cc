#include "wal/log_writer.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include <quire/error.h>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

TEST(LogWriter, MakesTheFirstSegmentDurableBeforeAnythingElse) {
  TestLog log;
  const LogWriter& writer = log.writer();
  EXPECT_EQ(take_journal(log), (Lines{"create shop-wal-new.*", "write shop-wal-new.* 0 4096",
                                      "write shop-wal-new.* 4096 61440", "sync shop-wal-new.*",
                                      "rename shop-wal-new.* shop-wal.000001", "sync directory"}));
  EXPECT_EQ(writer.first_segment(), 1u);
  EXPECT_EQ(writer.current_segment(), 1u);
  EXPECT_EQ(writer.generation(), 1u);
  EXPECT_EQ(writer.live_bytes(), kBlockSize);
}

TEST(LogWriter, WritesAGroupOfCommitsAtOnceAndSyncsItOnce) {
  TestLog log;
  LogWriter& writer = log.writer();
  std::vector<EncodedCommit> group;
  for (Seq seq = 1; seq <= 3; ++seq) group.push_back(commit_of(seq, {7}));
  for (const auto& each : group) writer.reserve(each);
  take_journal(log);
  writer.append(group);
  EXPECT_EQ(writer.appended_seq(), 3u);
  EXPECT_EQ(writer.durable_seq(), 0u);
  writer.sync();
  EXPECT_EQ(writer.durable_seq(), 3u);
  writer.sync();
  EXPECT_EQ(take_journal(log), (Lines{"write shop-wal.000001 4096 16384", "sync shop-wal.000001"}));
  EXPECT_EQ(writer.bytes_written(), 16384u);
  EXPECT_EQ(writer.syncs(), 1u);
  EXPECT_EQ(writer.live_bytes(), 5 * kBlockSize);
}

TEST(LogWriter, MarksWhatIsSyncedAndNotTwice) {
  TestLog log;
  LogWriter& writer = log.writer();
  EncodedCommit first = commit_of(1, {7});
  writer.reserve(first);
  writer.append({&first, 1});
  take_journal(log);
  writer.mark();
  writer.mark();
  EXPECT_EQ(take_journal(log), (Lines{"sync shop-wal.000001", "write shop-wal.000001 12288 4096",
                                      "sync shop-wal.000001"}));
}

TEST(LogWriter, SyncsTheSuccessorThenTheEndThenWritesThere) {
  TestLog log;
  LogWriter& writer = log.writer();
  commit(writer, commit_of(1, {7}));
  EncodedCommit second = commit_of(2, {7});
  writer.reserve(second);
  writer.append({&second, 1});
  writer.prepare_successor();
  writer.close_generation(2);
  take_journal(log);
  writer.next_generation();
  EXPECT_EQ(writer.durable_seq(), 2u);
  EXPECT_EQ(writer.generation(), 2u);
  EXPECT_EQ(writer.current_segment(), 2u);
  commit(writer, commit_of(3, {7}));
  EXPECT_EQ(take_journal(log), (Lines{"write shop-wal.000002 0 4096", "sync shop-wal.000002",
                                      "write shop-wal.000001 20480 4096", "sync shop-wal.000001",
                                      "write shop-wal.000002 4096 8192", "sync shop-wal.000002"}));
}

TEST(LogWriter, RunsOverIntoTheNextSegmentInTheSameOrder) {
  TestLog log;
  LogWriter& writer = log.writer(8);  // room for 5 blocks of chunks
  CommitEncoder encoder(8192);
  for (Pid pid = 2; pid < 7; ++pid) encoder.add_page({pid, 4, 9}, full_page(pid));
  EncodedCommit big = encoder.finish(1, 1000, Durability::immediate);
  ASSERT_EQ(big.bodies.size(), 5u);
  writer.reserve(big);
  EXPECT_EQ(writer.segment_count(), 3u) << "enough for five PARTs, each a group of its own";
  take_journal(log);
  writer.append({&big, 1});
  EXPECT_EQ(take_journal(log), (Lines{"write shop-wal.000002 0 4096", "sync shop-wal.000002",
                                      "write shop-wal.000001 4096 20480", "sync shop-wal.000001",
                                      "write shop-wal.000002 4096 8192"}));
  EXPECT_EQ(writer.durable_seq(), 0u) << "the commit is not whole yet";
  EXPECT_EQ(writer.generation(), 1u);
  writer.sync();
  EXPECT_EQ(writer.durable_seq(), 1u);
}

TEST(LogWriter, GrowsSegmentsToTheLimit) {
  TestLog log;
  LogWriter writer(log.segments, log.start.identity, {8 * kBlockSize, 24 * kBlockSize});
  writer.start(0);
  std::vector<Pid> pids;
  for (Pid pid = 2; pid < 50; ++pid) pids.push_back(pid);
  const EncodedCommit big = commit_of(1, pids, writer.max_body());
  writer.reserve(big);
  ASSERT_EQ(writer.segment_count(), 5u);
  EXPECT_EQ(log.content(2).size(), 16 * kBlockSize);
  EXPECT_EQ(log.content(3).size(), 24 * kBlockSize);
  EXPECT_EQ(log.content(5).size(), 24 * kBlockSize);
  const std::size_t made = writer.segment_count();
  commit(writer, big);
  EXPECT_EQ(writer.segment_count(), made) << "append needs nothing that was not reserved";
}

TEST(LogWriter, KeepsReservationsOverAMarkAndAGenerationChange) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  // Fills the first segment exactly: 5 blocks, if nothing comes between.
  std::vector<EncodedCommit> commits;
  for (Seq seq = 1; seq <= 5; ++seq) {
    commits.push_back(CommitEncoder(writer.max_body()).finish(seq, 1000, Durability::immediate));
    writer.reserve(commits.back());
  }
  writer.prepare_successor();
  EncodedCommit big = commit_of(6, {2, 3, 4, 5, 6, 7}, writer.max_body());
  writer.reserve(big);
  take_journal(log);
  writer.close_generation(0);
  writer.next_generation();
  for (EncodedCommit& each : commits) {
    writer.mark();
    writer.append({&each, 1});
  }
  writer.mark();
  writer.append({&big, 1});
  for (const std::string& line : take_journal(log))
    EXPECT_FALSE(line.starts_with("create")) << line;
}

TEST(LogWriter, ForgetsAReservationThatIsMadeAgain) {
  TestLog log;
  LogWriter& writer = log.writer();
  for (int i = 0; i < 100; ++i) writer.reserve(commit_of(1, {2, 3}));
  EXPECT_EQ(writer.segment_count(), 1u);
}

TEST(LogWriter, StaysUsableWhenThereIsNoRoomForASegment) {
  for (const std::string step : {"create", "write shop-wal-new", "sync shop-wal-new", "rename"}) {
    TestLog log;
    LogWriter& writer = log.writer(8);
    commit(writer, commit_of(1, {2}));
    log.files.fail = [&](const std::string& line) { return line.starts_with(step) ? ENOSPC : 0; };
    EXPECT_THROW(writer.reserve(commit_of(2, {2, 3, 4, 5})), OutOfSpace);
    EXPECT_THROW(writer.prepare_successor(), OutOfSpace);
    EXPECT_EQ(writer.segment_count(), 1u);
    commit(writer, commit_of(2, {2}));
    log.files.fail = [](const std::string&) { return 0; };
    commit(writer, commit_of(3, {2, 3, 4}));
    EXPECT_EQ(pages_of(log), pages_after(3, [](Seq seq) {
                return seq < 3 ? std::vector<Pid>{2} : std::vector<Pid>{2, 3, 4};
              }));
  }
}

TEST(LogWriter, KeepsNoRoomForAReservationThatFailed) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  log.files.fail = [&](const std::string& line) { return line.starts_with("create") ? ENOSPC : 0; };
  EXPECT_THROW(writer.reserve(commit_of(1, {2, 3, 4, 5, 6, 7}, writer.max_body())), OutOfSpace);
  log.files.fail = [](const std::string&) { return 0; };
  writer.prepare_successor();
  EXPECT_EQ(writer.segment_count(), 2u);
}

TEST(LogWriter, CanStartAgainAfterThereWasNoRoom) {
  TestLog log;
  LogWriter writer(log.segments, log.start.identity, {});
  log.files.fail = [](const std::string& line) { return line.starts_with("write") ? EDQUOT : 0; };
  EXPECT_THROW(writer.start(0), OutOfSpace);
  EXPECT_EQ(writer.first_segment(), 0u);
  log.files.fail = [](const std::string&) { return 0; };
  writer.start(0);
  commit(writer, commit_of(1, {2}));
}

TEST(LogWriter, RefusesEverythingAfterAFailedWriteOrSync) {
  // Steps of: append in segment 1, sync, mark, next generation, a directory sync while reserving.
  for (const std::string step :
       {"write shop-wal.000001 4096", "sync shop-wal.000001", "write shop-wal.000001 12288",
        "write shop-wal.000002 0", "sync shop-wal.000002", "sync directory"}) {
    TestLog log;
    LogWriter& writer = log.writer(8);
    log.files.fail = [&](const std::string& line) { return line.starts_with(step) ? EIO : 0; };
    const auto work = [&] {
      commit(writer, commit_of(1, {2}));
      writer.mark();
      next_generation(writer);
    };
    EXPECT_THROW(work(), IoError) << step;
    EXPECT_TRUE(writer.poisoned());
    log.files.fail = [](const std::string&) { return 0; };
    take_journal(log);
    const Seq next = writer.appended_seq() + 1;
    EncodedCommit commit = commit_of(next, {2});
    EXPECT_THROW(writer.reserve(commit), IoError);
    EXPECT_THROW(writer.append({&commit, 1}), IoError);
    EXPECT_THROW(writer.append_parts(commit), IoError);
    EXPECT_THROW(writer.sync(), IoError);
    EXPECT_THROW(writer.mark(), IoError);
    EXPECT_THROW(writer.prepare_successor(), IoError);
    EXPECT_THROW(writer.close_generation(next), IoError);
    EXPECT_THROW(writer.next_generation(), IoError);
    EXPECT_THROW(writer.retire(1), IoError);
    EXPECT_THROW(writer.delete_all(), IoError);
    EXPECT_EQ(take_journal(log), Lines{}) << "files are left alone";
    try {
      writer.sync();
    } catch (const IoError& error) {
      EXPECT_EQ(error.error_number(), EIO);
    }
  }
}

// ---- parts

TEST(LogWriter, WritesPartsBeforeTheirCommitWithoutASync) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  const std::vector<Pid> pids{2, 3, 4, 5, 6, 7, 8, 9, 10};
  EncodedCommit big = commit_of(1, pids, 8192);
  ASSERT_EQ(big.bodies.size(), 9u);
  writer.reserve(1, CommitEncoder(8192).worst_case_bodies(9));
  const std::size_t made = writer.segment_count();
  take_journal(log);

  EncodedCommit parts = take_parts(big, 2);
  writer.append_parts(parts);
  EXPECT_TRUE(parts.bodies.empty());
  EXPECT_EQ(take_journal(log), (Lines{"write shop-wal.000001 4096 12288"}));
  writer.mark();
  parts.bodies = take_parts(big, 4).bodies;
  writer.append_parts(parts);
  EXPECT_GT(writer.current_segment(), 1u);
  EXPECT_EQ(parts.part_sums.size(), 6u);
  EXPECT_EQ(writer.appended_seq(), 0u);
  EXPECT_EQ(LogReader(log.segments, log.start).scan().newest_seq(), 0u);

  big.part_sums = parts.part_sums;
  writer.append({&big, 1});
  writer.sync();
  EXPECT_EQ(writer.durable_seq(), 1u);
  EXPECT_EQ(writer.segment_count(), made);
  EXPECT_EQ(pages_of(log), pages_after(1, [&](Seq) { return pids; }));
}

TEST(LogWriter, GoesOnBehindThePartsOfACommitThatWasGivenUp) {
  for (const bool change_generation : {false, true}) {
    TestLog log;
    LogWriter& writer = log.writer(16);
    commit(writer, commit_of(1, {2}));
    EncodedCommit given_up = commit_of(2, {3, 4, 5}, 8192);
    writer.reserve(given_up);
    EncodedCommit parts = take_parts(given_up, 2);
    writer.append_parts(parts);
    if (change_generation) next_generation(writer);
    EncodedCommit big = commit_of(2, {6, 7, 8}, 8192);
    writer.reserve(big);
    parts = take_parts(big, 1);
    writer.append_parts(parts);
    big.part_sums = parts.part_sums;
    writer.append({&big, 1});
    commit(writer, commit_of(3, {9}));
    EXPECT_EQ(pages_of(log), pages_after(3, [](Seq seq) {
                return seq == 2 ? std::vector<Pid>{6, 7, 8} : std::vector<Pid>{seq == 1 ? 2u : 9u};
              }));
  }
}

TEST(LogWriter, CountsAPartOnlyOnceInItsReservation) {
  TestLog log;
  LogWriter& writer = log.writer(32);
  EncodedCommit big = commit_of(1, {2, 3, 4, 5, 6, 7, 8, 9, 10}, 8192);
  writer.reserve(big);
  EXPECT_EQ(writer.segment_count(), 1u) << "27 of 29 blocks, each chunk with a MARK";
  EncodedCommit parts = take_parts(big, 8);
  writer.append_parts(parts);
  writer.prepare_successor();
  EXPECT_EQ(writer.segment_count(), 2u) << "20 blocks are left for the COMMIT";
}

TEST(LogWriterDeathTest, RefusesACommitWhosePartsAreNotDirectlyBeforeIt) {
  TestLog log;
  LogWriter& writer = log.writer(16);
  EncodedCommit big = commit_of(1, {2, 3}, 8192);
  writer.reserve(big);
  EncodedCommit parts = take_parts(big, 1);
  writer.append_parts(parts);
  EXPECT_DEATH(writer.append({&big, 1}), "all its chunks");
  big.part_sums = parts.part_sums;
  next_generation(writer);
  EXPECT_DEATH(writer.append({&big, 1}), "nothing comes between");
}

// ---- closed generations

TEST(LogWriter, EndsAGenerationBehindCommitsThatStillWait) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  std::vector<EncodedCommit> group;
  for (Seq seq = 1; seq <= 6; ++seq) group.push_back(commit_of(seq, {7, 8}));
  const std::span<EncodedCommit> commits(group);
  for (std::size_t i = 0; i < 3; ++i) writer.reserve(commits[i]);
  writer.prepare_successor();
  writer.reserve(commits[3]);
  writer.append(commits.first(1));
  writer.close_generation(3);
  writer.reserve(commits[4]);
  writer.reserve(commits[5]);
  const std::size_t made = writer.segment_count();
  EXPECT_EQ(writer.generation(), 1u) << "until it has ended";
  writer.append(commits.subspan(1, 2));
  writer.next_generation();
  EXPECT_EQ(writer.durable_seq(), 3u);
  EXPECT_EQ(writer.generation(), 2u);
  const std::uint32_t first = writer.current_segment();
  EXPECT_EQ(writer.generation_segment(), first);
  writer.append(commits.subspan(3));
  writer.sync();
  EXPECT_GT(writer.current_segment(), first);
  EXPECT_EQ(writer.generation_segment(), first) << "what a header has to name";
  EXPECT_EQ(writer.segment_count(), made);
  EXPECT_EQ(pages_of(log), pages_after(6, [](Seq) { return std::vector<Pid>{7, 8}; }));

  log.start.complete_seq = 3;
  log.start.first_segment = first;
  log.start.first_generation = 2;
  EXPECT_EQ(LogReader(log.segments, log.start).scan().newest_seq(), 6u);
}

TEST(LogWriterDeathTest, RefusesGenerationsOutOfOrder) {
  TestLog log;
  LogWriter& writer = log.writer();
  EXPECT_DEATH(writer.close_generation(0), "after its successor was prepared");
  EXPECT_DEATH(writer.next_generation(), "where it was closed");
  EncodedCommit first = commit_of(1, {7});
  writer.reserve(first);
  writer.prepare_successor();
  writer.close_generation(0);
  EXPECT_DEATH(writer.append({&first, 1}), "no commit comes between");
  writer.prepare_successor();
  EXPECT_DEATH(writer.close_generation(1), "one closed generation at a time");
}

// ---- both sides at once

/// Runs `step` in another thread: if that had to wait for a mutex of this one, it would never end.
void elsewhere(const std::function<void()>& step) { std::thread(step).join(); }

TEST(LogWriter, ReservesAndAnswersWhileTheLeaderWritesAndSyncs) {
  TestLog log;
  LogWriter& writer = log.writer(16);
  EncodedCommit first = commit_of(1, {2});
  writer.reserve(first);
  Lines seen;
  const auto room_side = [&] {
    if (writer.generation() == 1) writer.prepare_successor();
    writer.reserve(commit_of(3, {2, 3, 4, 5, 6}));
    EXPECT_GT(writer.live_bytes(), 0u);
    EXPECT_LE(writer.durable_seq(), writer.appended_seq());
    EXPECT_EQ(writer.first_segment(), 1u);
    EXPECT_FALSE(writer.poisoned());
  };
  bool inside = false;
  log.files.fail = [&](const std::string& line) {
    if (inside) return 0;
    inside = true;
    seen.push_back(line);
    elsewhere(room_side);
    inside = false;
    return 0;
  };
  writer.append({&first, 1});
  writer.mark();
  log.files.fail = [](const std::string&) { return 0; };
  EncodedCommit second = commit_of(2, {2, 3});
  writer.reserve(second);
  writer.close_generation(2);
  writer.append({&second, 1});
  log.files.fail = [&](const std::string& line) {
    seen.push_back(line);
    elsewhere([&] { writer.reserve(commit_of(3, {2, 3})); });
    return 0;
  };
  writer.next_generation();
  EXPECT_EQ(seen, (Lines{"write shop-wal.000001 4096 8192", "sync shop-wal.000001",
                         "write shop-wal.000001 12288 4096", "sync shop-wal.000001",
                         "write shop-wal.000002 0 4096", "sync shop-wal.000002",
                         "write shop-wal.000001 28672 4096", "sync shop-wal.000001"}));
}

TEST(LogWriter, AppendsAndReservesWhileAFileIsBeingMade) {
  TestLog log;
  LogWriter& writer = log.writer(32);
  Lines seen;
  log.files.fail = [&](const std::string& line) {
    if (line.find("shop-wal-new") == std::string::npos) return 0;
    seen.push_back(line.substr(0, line.find(' ')));
    elsewhere([&] { commit(writer, commit_of(writer.appended_seq() + 1, {2})); });
    return 0;
  };
  writer.prepare_successor();
  EXPECT_EQ(seen, (Lines{"create", "write", "sync", "rename"}));
  EXPECT_EQ(writer.durable_seq(), 4u);
  EXPECT_EQ(writer.segment_count(), 2u);
}

TEST(LogWriter, TellsBothSidesOfAFailure) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  EncodedCommit first = commit_of(1, {2});
  writer.reserve(first);
  log.files.fail = [&](const std::string& line) {
    if (line == "sync directory") return EIO;
    if (line.find("shop-wal-new") != std::string::npos) return 0;
    EXPECT_THROW(writer.prepare_successor(), IoError);
    return 0;
  };
  writer.append({&first, 1});
  EXPECT_TRUE(writer.poisoned());
  EXPECT_THROW(writer.sync(), IoError);
  EXPECT_EQ(writer.durable_seq(), 0u);
}

// ---- the rest

TEST(LogWriter, DoesNotCountAFailedSync) {
  TestLog log;
  LogWriter& writer = log.writer();
  log.files.fail = [](const std::string& line) { return line.starts_with("sync") ? EIO : 0; };
  EXPECT_THROW(commit(writer, commit_of(1, {2})), IoError);
  EXPECT_EQ(writer.durable_seq(), 0u);
}

TEST(LogWriter, DeletesWhatIsRetired) {
  TestLog log;
  LogWriter& writer = log.writer();
  commit(writer, commit_of(1, {2}));
  next_generation(writer);
  commit(writer, commit_of(2, {2}));
  next_generation(writer);
  EXPECT_EQ(writer.live_bytes(), 4 * kBlockSize + 4 * kBlockSize + kBlockSize);
  writer.retire(3);
  EXPECT_EQ(log.segments.numbers(), std::vector<std::uint32_t>{3});
  EXPECT_EQ(writer.first_segment(), 3u);
  EXPECT_EQ(writer.live_bytes(), kBlockSize);
  writer.prepare_successor();
  EXPECT_EQ(writer.segment_count(), 2u);
  writer.delete_all();
  EXPECT_TRUE(log.segments.numbers().empty());
}

TEST(LogWriter, TakesAsMuchAheadAsTheLastGenerationNeeded) {
  TestLog log;
  LogWriter writer(log.segments, log.start.identity, {8 * kBlockSize, 64 * kBlockSize});
  writer.start(0);
  for (Seq seq = 1; seq <= 10; ++seq) commit(writer, commit_of(seq, {2}));
  next_generation(writer);
  EXPECT_EQ(log.content(writer.current_segment()).size(), 32 * kBlockSize);
  next_generation(writer);
  EXPECT_EQ(log.content(writer.current_segment()).size(), 8 * kBlockSize);
}

TEST(LogWriter, RefusesSizesThatCannotBe) {
  TestLog log;
  for (const std::uint64_t bytes :
       {std::uint64_t{0}, std::uint64_t{4} * kBlockSize, 10 * kBlockSize + 1, kMaxSegmentBytes})
    EXPECT_THROW(LogWriter(log.segments, log.start.identity, {bytes, bytes}), InvalidArgument);
  EXPECT_THROW(LogWriter(log.segments, log.start.identity, {10 * kBlockSize, 20 * kBlockSize + 1}),
               InvalidArgument);
}

TEST(LogWriter, RefusesAChunkThatFitsIntoNoSegment) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  const std::size_t longest[] = {1, writer.max_body()};
  const std::size_t longer[] = {1, writer.max_body() + 1};
  EXPECT_THROW(writer.reserve(1, longer), InvalidArgument);
  EXPECT_EQ(writer.segment_count(), 1u) << "nothing is kept for it";
  EXPECT_NO_THROW(writer.reserve(1, longest));
}

}  // namespace
}  // namespace quire::wal
