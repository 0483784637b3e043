// Logs written by hand, so that everything can be wrong while all sums are right.

#include "wal/log_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include <quire/error.h>

#include "base/checksum.h"
#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

const PageName kPage{7, 4, 9};

Seq newest(TestLog& log) { return LogScan(log.segments, log.start).newest_seq(); }

/// The field that the scan finds corrupt, or "" if it finds nothing.
std::string corrupt_field(TestLog& log) {
  try {
    LogScan(log.segments, log.start);
  } catch (const CorruptionError& error) {
    return error.field();
  }
  return "";
}

std::string corrupt_message(TestLog& log) {
  try {
    LogScan(log.segments, log.start);
  } catch (const CorruptionError& error) {
    return error.what();
  }
  return "";
}

/// Puts one good commit, then a page record with commit 2, and returns the corrupt field.
std::string field_with_record(const Bytes& record) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  hand.commit(2, record);
  return corrupt_field(log);
}

// ---- what a log can be

TEST(LogScan, FindsNothingInAFreshSegment) {
  TestLog log;
  log.start.complete_seq = 0;
  HandLog hand(log);
  const LogScan scan(log.segments, log.start);
  EXPECT_EQ(scan.newest_seq(), 0u);
  EXPECT_EQ(scan.commits(), 0u);
  EXPECT_EQ(scan.page_count(), 1000u);
  EXPECT_EQ(scan.end(), (LogPosition{1, kBlockSize}));
  EXPECT_TRUE(scan.unproven().empty());
}

TEST(LogScan, TakesThePageCountOfTheLastCommit) {
  TestLog log;
  HandLog(log)
      .commit(1, image(kPage, full_page(1)), [](CommitTrailer& trailer) { trailer.page_count = 8; })
      .commit(2, {}, [](CommitTrailer& trailer) { trailer.page_count = 50; });
  const LogScan scan(log.segments, log.start);
  EXPECT_EQ(scan.page_count(), 50u);
  EXPECT_EQ(scan.newest_seq(), 2u);
  EXPECT_EQ(scan.commits(), 2u);
}

TEST(LogScan, AppliesDeltasToTheImageBeforeThem) {
  TestLog log;
  HandLog(log)
      .commit(1, image(kPage, full_page(1)))
      .commit(2, delta(kPage, {{40, 8}}, full_page(2)))
      .commit(3, delta(kPage, {{44, 8}, {4000, 96}}, full_page(3)));
  Page expected = replayed(full_page(1), 4);
  std::copy_n(full_page(2).begin() + 40, 8, expected.begin() + 40);
  std::copy_n(full_page(3).begin() + 44, 8, expected.begin() + 44);
  std::copy_n(full_page(3).begin() + 4000, 96, expected.begin() + 4000);
  EXPECT_EQ(pages_of(log), (std::map<Pid, Page>{{7, expected}}));
}

TEST(LogScan, KeepsNoRecordBeforeTheLastImage) {
  TestLog log;
  HandLog(log)
      .commit(1, image(kPage, full_page(1)))
      .commit(2, delta(kPage, {{40, 8}}, full_page(2)))
      .commit(3, image(kPage, full_page(3)))
      .commit(4, delta(kPage, {{40, 8}}, full_page(4)));
  const LogScan scan(log.segments, log.start);
  EXPECT_EQ(scan.index().pages().at(7).records.size(), 2u);
  EXPECT_EQ(scan.index().pages().at(7).seq, 4u);
}

TEST(LogScan, AppliesDeltasToAnInit) {
  TestLog log;
  HandLog(log)
      .commit(1, image(kPage, sparse_page(1)))
      .commit(2, delta(kPage, {{100, 8}}, full_page(2)));
  Page expected = sparse_page(1);
  std::copy_n(full_page(2).begin() + 100, 8, expected.begin() + 100);
  EXPECT_EQ(pages_of(log), (std::map<Pid, Page>{{7, expected}}));
}

TEST(LogScan, LeavesTheBaseAloneWhereTheLastRecordIsBulk) {
  TestLog log;
  HandLog(log)
      .commit(1, joined(image(kPage, full_page(1)), image({8, 4, 9}, full_page(2))),
              [](CommitTrailer& trailer) { trailer.page_records = 2; })
      .commit(2, bulk(8, 5))
      .commit(3, image({9, 0, 9}, full_page(3)));
  EXPECT_EQ(pages_of(log),
            (std::map<Pid, Page>{{7, replayed(full_page(1), 4)}, {9, full_page(3)}}));
}

TEST(LogScan, TakesAnImageAfterABulk) {
  TestLog log;
  HandLog(log)
      .commit(1, bulk(2, 998))
      .commit(2, image(kPage, full_page(1)))
      .commit(3, delta(kPage, {{40, 1}}, full_page(1)));
  EXPECT_EQ(pages_of(log).size(), 1u);
}

TEST(LogScan, TakesThePartsOfACommitAndVoidsEarlierOnes) {
  TestLog log;
  HandLog hand(log);
  hand.chunk(ChunkKind::part, 1, image({100, 4, 9}, full_page(1)));  // given up
  hand.chunk(ChunkKind::part, 1, image({101, 4, 9}, full_page(1)));
  hand.forget_parts();
  hand.chunk(ChunkKind::part, 1, image({7, 4, 9}, full_page(2)));
  hand.chunk(ChunkKind::mark, 0, {});
  hand.chunk(ChunkKind::part, 1, image({8, 4, 9}, full_page(3)));
  hand.commit(1, image({9, 4, 9}, full_page(4)));
  EXPECT_EQ(pages_of(log), (std::map<Pid, Page>{{7, replayed(full_page(2), 4)},
                                                {8, replayed(full_page(3), 4)},
                                                {9, replayed(full_page(4), 4)}}));
}

TEST(LogScan, TakesPartsFromTheSegmentBeforeInTheSameGenerationOnly) {
  for (const std::uint64_t generation : {1u, 2u}) {
    TestLog log;
    HandLog hand(log);
    hand.chunk(ChunkKind::part, 1, image({7, 4, 9}, full_page(2)));
    hand.end(2).begin_segment(2, generation);
    hand.commit(1, image({9, 4, 9}, full_page(4)));
    EXPECT_EQ(newest(log), generation == 1 ? 1u : 0u);
  }
}

TEST(LogScan, GoesOnAtTheNextBlockWhereAGroupEnds) {
  TestLog log;
  HandLog hand(log);
  hand.chunk(ChunkKind::mark, 0, {}, [](ChunkHeader& header) { header.flags = kGroupEndsFlag; });
  hand.commit(1, image(kPage, full_page(1)));
  EXPECT_EQ(newest(log), 1u);
}

TEST(LogScan, BeginsAtTheSegmentAndSeqThatTheHeaderNames) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1))).end(2).begin_segment(2, 2);
  hand.commit(2, image(kPage, full_page(2))).end(3).begin_segment(3, 3);
  hand.commit(3, image({8, 4, 9}, full_page(3)));
  log.start.first_segment = 2;
  log.start.first_generation = 2;
  log.start.complete_seq = 1;
  EXPECT_EQ(newest(log), 3u);
  EXPECT_EQ(pages_of(log),
            (std::map<Pid, Page>{{7, replayed(full_page(2), 4)}, {8, replayed(full_page(3), 4)}}));
  log.segments.remove(1);
  EXPECT_EQ(newest(log), 3u) << "segment 1 is not needed";
}

// ---- missing and foreign segments

TEST(LogScan, MissesTheFirstSegmentNeeded) {
  TestLog log;
  HandLog hand(log);
  log.start.first_segment = 2;
  EXPECT_NE(corrupt_message(log).find("/db/shop-wal.000002"), std::string::npos);
  for (const std::uint64_t no :
       {std::uint64_t{0}, std::uint64_t{1} << 32, std::numeric_limits<std::uint64_t>::max()}) {
    log.start.first_segment = no;
    EXPECT_EQ(corrupt_field(log), "first segment needed");
  }
}

TEST(LogScan, MissesASuccessorBehindAnEnd) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, {}).end(2);
  EXPECT_NE(corrupt_message(log).find("/db/shop-wal.000002"), std::string::npos);
  log.set_content(2, Bytes(64 * kBlockSize));
  EXPECT_NE(corrupt_message(log).find("/db/shop-wal.000002"), std::string::npos) << "prepared";
}

TEST(LogScan, IgnoresAPreparedSegmentThatNothingLeadsTo) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, {});
  log.set_content(2, Bytes(64 * kBlockSize));
  EXPECT_EQ(newest(log), 1u);
  hand.begin_segment(2, 2);  // block 0 written, END not
  EXPECT_EQ(newest(log), 1u);
}

TEST(LogScan, RefusesASegmentThatIsNotTheNeededOne) {
  const auto field = [](const std::function<void(SegmentHeader&)>& edit) {
    TestLog log;
    HandLog hand(log);
    hand.begin_segment(1, 1, edit);
    return corrupt_field(log);
  };
  EXPECT_EQ(field([](SegmentHeader&) {}), "");
  EXPECT_EQ(field([](SegmentHeader& header) { header.uuid[3] ^= 1; }), "block 0");
  EXPECT_EQ(field([](SegmentHeader& header) { header.log_id[3] ^= 1; }), "block 0");
  EXPECT_EQ(field([](SegmentHeader& header) { header.segment_no = 2; }), "block 0");
  EXPECT_EQ(field([](SegmentHeader& header) { header.segment_bytes = UINT64_MAX; }), "block 0");
  EXPECT_EQ(field([](SegmentHeader& header) { header.generation = 2; }), "generation");
  EXPECT_EQ(field([](SegmentHeader& header) { header.seq_before = 2; }), "seq before");
}

TEST(LogScan, RefusesASuccessorThatDoesNotFit) {
  const auto field = [](const std::function<void(SegmentHeader&)>& edit,
                        std::uint64_t generation = 2) {
    TestLog log;
    HandLog hand(log);
    hand.commit(1, {}).end(2).begin_segment(2, generation, edit);
    return corrupt_field(log);
  };
  EXPECT_EQ(field([](SegmentHeader&) {}), "");
  EXPECT_EQ(field([](SegmentHeader&) {}, 1), "");
  EXPECT_EQ(field([](SegmentHeader&) {}, 3), "generation");
  EXPECT_EQ(field([](SegmentHeader&) {}, 0), "generation");
  EXPECT_EQ(field([](SegmentHeader& header) { header.log_id[0] ^= 1; }), "block 0");
  EXPECT_EQ(field([](SegmentHeader& header) { header.prev_segment = 0; }), "previous segment");
  EXPECT_EQ(field([](SegmentHeader& header) { header.seq_before = 0; }), "seq before");
  EXPECT_EQ(field([](SegmentHeader& header) { header.prev_end_sum = 0; }),
            "sum of the predecessor's end");
}

TEST(LogScan, MissesASuccessorBehindTheLastNumberThereIs) {
  TestLog log;
  HandLog hand(log);
  constexpr std::uint32_t kLast = std::numeric_limits<std::uint32_t>::max();
  hand.begin_segment(kLast, 1).commit(1, {}).end(std::uint64_t{kLast} + 1);
  log.start.first_segment = kLast;
  EXPECT_EQ(corrupt_field(log), "block 0");
}

// ---- where the log ends

TEST(LogScan, StopsAtARecordOfAnotherSalt) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  hand.commit(2, image(kPage, full_page(2)));
  const Bytes old = log.content(1);
  hand.begin_segment(1, 1, [](SegmentHeader& header) {
    header.salt = 99;
    header.seq_before = 0;
  });
  Bytes mixed = log.content(1);
  std::copy(old.begin() + kBlockSize, old.end(), mixed.begin() + kBlockSize);
  log.set_content(1, mixed);
  EXPECT_EQ(newest(log), 0u);
}

TEST(LogScan, StopsAtARecordThatLiesElsewhere) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  Bytes bytes = log.content(1);
  std::rotate(bytes.begin() + kBlockSize, bytes.end() - 8, bytes.end());
  log.set_content(1, bytes);
  EXPECT_EQ(newest(log), 0u);
}

TEST(LogScan, StopsAtARecordThatDoesNotContinueTheChain) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  hand.chain ^= 1;
  hand.commit(2, image(kPage, full_page(2)));
  EXPECT_EQ(newest(log), 1u);
}

TEST(LogScan, StopsAtStaleRecordsBehindAShorterHistory) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  const HandLog fork = hand;
  hand.commit(2, image(kPage, full_page(2)));
  hand.commit(3, image(kPage, full_page(3)));
  HandLog again = fork;  // another commit 2, of the same length
  again.commit(2, image(kPage, full_page(22)));
  EXPECT_EQ(newest(log), 2u);
  EXPECT_EQ(pages_of(log), (std::map<Pid, Page>{{7, replayed(full_page(22), 4)}}));
}

TEST(LogScan, TakesACommitWithABrokenTrailerForABrokenRecord) {
  const auto seq_with = [](const std::function<void(CommitTrailer&)>& edit) {
    TestLog log;
    HandLog hand(log);
    hand.commit(1, image(kPage, full_page(1)));
    hand.chunk(ChunkKind::part, 2, image({8, 4, 9}, full_page(2)));
    hand.commit(2, image(kPage, full_page(3)), edit);
    return newest(log);
  };
  EXPECT_EQ(seq_with([](CommitTrailer&) {}), 2u);
  EXPECT_EQ(seq_with([](CommitTrailer& trailer) { trailer.flags = 7; }), 2u) << "reserved";
  EXPECT_EQ(seq_with([](CommitTrailer& trailer) { trailer.chunks = 0; }), 1u);
  EXPECT_EQ(seq_with([](CommitTrailer& trailer) { trailer.chunks = 1; }), 1u);
  EXPECT_EQ(seq_with([](CommitTrailer& trailer) { trailer.chunks = 3; }), 1u);
  EXPECT_EQ(seq_with([](CommitTrailer& trailer) { trailer.chunks = UINT32_MAX; }), 1u);
  EXPECT_EQ(seq_with([](CommitTrailer& trailer) { trailer.page_records = 1; }), 1u);
  EXPECT_EQ(seq_with([](CommitTrailer& trailer) { trailer.body_bytes = UINT64_MAX; }), 1u);
  EXPECT_EQ(seq_with([](CommitTrailer& trailer) { trailer.part_sums = 0; }), 1u);
}

TEST(LogScan, TakesACommitOfTheWrongSeqForABrokenRecord) {
  for (const Seq seq : {Seq{0}, Seq{1}, Seq{3}, std::numeric_limits<Seq>::max()}) {
    TestLog log;
    HandLog(log).commit(1, image(kPage, full_page(1))).commit(seq, image(kPage, full_page(2)));
    EXPECT_EQ(newest(log), 1u) << seq;
  }
}

TEST(LogScan, TakesACommitWithPartsOfAnotherSeqForABrokenRecord) {
  TestLog log;
  HandLog hand(log);
  hand.chunk(ChunkKind::part, 2, image({8, 4, 9}, full_page(2)));
  hand.commit(1, image(kPage, full_page(1)));
  EXPECT_EQ(newest(log), 0u);
}

TEST(LogScan, TakesChunksThatNoWriterMakesForBrokenOnes) {
  using Edit = std::function<void(ChunkHeader&)>;
  const auto next_seq = [](ChunkKind kind, const Bytes& body, const Edit& edit) {
    TestLog log;
    HandLog hand(log);
    hand.chunk(kind, 0, body, edit);
    hand.commit(1, {});
    return newest(log);
  };
  const Edit none = [](ChunkHeader&) {};
  EXPECT_EQ(next_seq(ChunkKind::mark, {}, none), 1u);
  EXPECT_EQ(next_seq(ChunkKind::mark, Bytes(8), none), 0u);
  EXPECT_EQ(next_seq(ChunkKind::end, {}, none), 0u);
  EXPECT_EQ(next_seq(ChunkKind::end, Bytes(8), none), 0u) << "the next segment is 0";
  EXPECT_EQ(next_seq(ChunkKind::commit, Bytes(31), none), 0u);
  EXPECT_EQ(next_seq(ChunkKind::commit, {}, none), 0u);
  EXPECT_EQ(next_seq(ChunkKind::commit, Bytes(31), [](ChunkHeader& header) { header.seq = 1; }), 0u)
      << "shorter than its trailer";
  for (const std::uint8_t kind : {0, 5, 255})
    EXPECT_EQ(next_seq(ChunkKind::mark, {}, [&](ChunkHeader& header) { header.kind = kind; }), 0u);
  for (const std::uint32_t length : {8u, 262144u, 262145u, UINT32_MAX})
    EXPECT_EQ(
        next_seq(ChunkKind::mark, {}, [&](ChunkHeader& header) { header.body_length = length; }),
        0u);
  EXPECT_EQ(next_seq(ChunkKind::mark, {}, [](ChunkHeader& header) { header.body_sum = 1; }), 0u);
}

TEST(LogScan, RefusesASegmentThatHasLostItsEnd) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  hand.end(2).begin_segment(2, 1);
  for (const std::uint32_t no : {1u, 2u}) {
    const Bytes whole = log.content(no);
    for (const std::size_t size : {std::size_t{4096}, std::size_t{5000}, whole.size() - 1}) {
      log.set_content(no, Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
      EXPECT_EQ(corrupt_field(log), "segment bytes") << no << " cut to " << size;
    }
    log.set_content(no, whole);
  }
  EXPECT_EQ(newest(log), 1u);
}

TEST(LogScan, NeverReadsBehindTheEndOfTheSegment) {
  TestLog log;
  HandLog hand(log);
  hand.begin_segment(1, 1, [](SegmentHeader& header) { header.segment_bytes = 8192; });
  hand.commit(1, image(kPage, full_page(1)));
  EXPECT_EQ(newest(log), 0u) << "the record crosses the end of the segment";
}

// ---- torn end or damage (L6)

TEST(LogScan, TakesABreakThatNothingProvesForATornEnd) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  hand.durable = hand.at;
  const LogPosition second = hand.at;
  hand.commit(2, image(kPage, full_page(2)));
  hand.commit(3, image(kPage, full_page(3)));
  log.damage(1, second.offset + 60);
  EXPECT_EQ(newest(log), 1u) << "commit 3 tells only of commit 1";
}

TEST(LogScan, RefusesABreakThatALaterRecordProvesToHaveBeenSynced) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  const LogPosition second = hand.at;
  hand.commit(2, image(kPage, full_page(2)));
  hand.durable = hand.at;
  hand.chunk(ChunkKind::mark, 2, {});
  log.damage(1, second.offset + 60);
  EXPECT_EQ(corrupt_field(log), "log record");
  EXPECT_NE(
      corrupt_message(log).find("/db/shop-wal.000001 at offset " + std::to_string(second.offset)),
      std::string::npos);
}

TEST(LogScan, FindsTheProofInALaterSegment) {
  for (const bool damage_end : {true, false}) {
    TestLog log;
    HandLog hand(log);
    hand.commit(1, image(kPage, full_page(1)));
    const LogPosition end = hand.at;
    hand.end(2).begin_segment(2, 2);
    hand.durable = hand.at;
    hand.chunk(ChunkKind::mark, 1, {});
    log.damage(1, damage_end ? end.offset : kBlockSize);
    EXPECT_EQ(corrupt_field(log), "log record");
  }
}

TEST(LogScan, FindsTheProofAlthoughItsOwnBodyIsTorn) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  hand.durable = hand.at;
  const LogPosition second = hand.at;
  hand.commit(2, image(kPage, full_page(2)));
  log.damage(1, kBlockSize);
  log.damage(1, second.offset + 60);
  EXPECT_EQ(corrupt_field(log), "log record");
}

TEST(LogScan, FindsTheProofAtAnyMultipleOfEight) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  hand.durable = hand.at;
  hand.at.offset += 24;  // nothing leads there
  hand.chunk(ChunkKind::mark, 1, {});
  EXPECT_EQ(newest(log), 1u);
  log.damage(1, kBlockSize);
  EXPECT_EQ(corrupt_field(log), "log record");
}

TEST(LogScan, RefusesARecordThatCallsDurableWhatIsNotThereYet) {
  TestLog log;
  HandLog hand(log);
  hand.durable = {9, 4096};
  hand.commit(1, image(kPage, full_page(1)));
  EXPECT_EQ(corrupt_field(log), "log record");
}

TEST(LogScan, CallsUnprovenWhatLiesBehindTheNewestDurableEnd) {
  TestLog log;
  HandLog hand(log);
  hand.commit(1, image(kPage, full_page(1)));
  hand.durable = hand.at;
  const LogPosition second = hand.at;
  hand.commit(2, image(kPage, full_page(2)));
  const LogPosition mark = hand.at;
  hand.chunk(ChunkKind::mark, 2, {});
  const LogScan scan(log.segments, log.start);
  ASSERT_EQ(scan.unproven().size(), 2u);
  EXPECT_EQ(scan.unproven()[0].at, second);
  EXPECT_EQ(scan.unproven()[1].at, mark);
  EXPECT_EQ(scan.end(), hand.at);
  EXPECT_EQ(scan.chain(), hand.chain);
}

// ---- hostile page records

TEST(LogScan, RefusesPidsThatCannotBe) {
  const std::string field = "page record of page ";
  EXPECT_EQ(field_with_record(image({0, 4, 9}, full_page(1))), field + "0, pid");
  EXPECT_EQ(field_with_record(image({1, 4, 9}, full_page(1))), field + "1, pid");
  EXPECT_EQ(field_with_record(image({2, 4, 9}, full_page(1))), "");
  EXPECT_EQ(field_with_record(image({999, 4, 9}, full_page(1))), "");
  EXPECT_EQ(field_with_record(image({1000, 4, 9}, full_page(1))), field + "1000, pid");
  EXPECT_EQ(field_with_record(image({UINT32_MAX, 4, 9}, full_page(1))), field + "4294967295, pid");
  EXPECT_EQ(field_with_record(bulk(2, 998)), "");
  EXPECT_EQ(field_with_record(bulk(2, 999)), field + "2, pid");
  EXPECT_EQ(field_with_record(bulk(500, UINT32_MAX)), field + "500, pid");
  EXPECT_EQ(field_with_record(bulk(1, 1)), field + "1, pid");
}

TEST(LogScan, RefusesAPageCountThatLeavesNoDatabase) {
  const auto field_with_count = [](Pid count) {
    TestLog log;
    HandLog(log).commit(1, {}, [&](CommitTrailer& trailer) { trailer.page_count = count; });
    return corrupt_field(log);
  };
  for (const Pid count : {0u, 1u, 2u, 3u}) EXPECT_EQ(field_with_count(count), "page count");
  EXPECT_EQ(field_with_count(4), "");
}

TEST(LogScan, RefusesADeltaWithoutAnImage) {
  EXPECT_EQ(field_with_record(delta({8, 4, 9}, {{40, 1}}, full_page(1))),
            "page record of page 8, kind");
  EXPECT_EQ(field_with_record(delta({7, 5, 9}, {{40, 1}}, full_page(1))),
            "page record of page 7, type");
  EXPECT_EQ(field_with_record(delta({7, 4, 8}, {{40, 1}}, full_page(1))),
            "page record of page 7, owner");
  EXPECT_EQ(field_with_record(delta(kPage, {{40, 1}}, full_page(1))), "");
}

TEST(LogScan, RefusesADeltaWithoutAnImageInItsGeneration) {
  for (const std::uint64_t generation : {1u, 2u}) {
    TestLog log;
    HandLog hand(log);
    hand.commit(1, image(kPage, full_page(1))).end(2).begin_segment(2, generation);
    hand.commit(2, delta(kPage, {{40, 1}}, full_page(1)));
    EXPECT_EQ(corrupt_field(log), generation == 1 ? "" : "page record of page 7, kind");
  }
}

TEST(LogScan, RefusesADeltaBehindABulk) {
  TestLog log;
  HandLog(log)
      .commit(1, image(kPage, full_page(1)))
      .commit(2, bulk(7, 1))
      .commit(3, delta(kPage, {{40, 1}}, full_page(1)));
  EXPECT_EQ(corrupt_field(log), "page record of page 7, kind");
}

TEST(LogScan, RefusesAPageNamedTwiceInOneCommitByRuns) {
  const auto field_with = [](const Bytes& first, const Bytes& second) {
    TestLog log;
    HandLog(log)
        .commit(1, joined(image({7, 4, 9}, full_page(1)), bulk(30, 4)),
                [](CommitTrailer& trailer) { trailer.page_records = 2; })
        .commit(2, joined(first, second), [](CommitTrailer& trailer) { trailer.page_records = 2; });
    return corrupt_field(log);
  };
  const Bytes page = image({20, 4, 9}, full_page(2));
  EXPECT_EQ(field_with(bulk(17, 3), page), "");
  EXPECT_EQ(field_with(page, bulk(21, 3)), "");
  EXPECT_EQ(field_with(bulk(18, 3), page), "page record of page 20, pid");
  EXPECT_EQ(field_with(bulk(20, 3), page), "page record of page 20, pid");
  EXPECT_EQ(field_with(page, bulk(18, 3)), "page record of page 20, pid");
  EXPECT_EQ(field_with(bulk(17, 3), bulk(20, 3)), "");
  EXPECT_EQ(field_with(bulk(17, 3), bulk(19, 9)), "page record of page 19, pid");
  EXPECT_EQ(field_with(bulk(17, 3), bulk(10, 8)), "page record of page 10, pid");
  // Only the commit itself counts.
  EXPECT_EQ(field_with(bulk(30, 4), image({7, 4, 9}, full_page(3))), "");
  EXPECT_EQ(field_with(image({31, 4, 9}, full_page(3)), bulk(7, 1)), "");
}

TEST(LogScan, RefusesAPageNamedTwiceInOneCommit) {
  EXPECT_EQ(field_with_record(image(kPage, full_page(2))), "");
  TestLog log;
  HandLog(log).commit(1, joined(image(kPage, full_page(1)), image(kPage, full_page(2))),
                      [](CommitTrailer& trailer) { trailer.page_records = 2; });
  EXPECT_EQ(corrupt_field(log), "page record of page 7, pid");
}

TEST(LogScan, RefusesMalformedPageRecords) {
  EXPECT_EQ(field_with_record(Bytes(8)), "page record");
  EXPECT_EQ(field_with_record(Bytes(16)), "page record of page 0, kind");
  PageRecordHeader header{};
  header.pid = 7;
  header.kind = 1;
  header.page_type = 4;
  header.length = UINT32_MAX;
  EXPECT_EQ(field_with_record(raw_record(header, Bytes(4064))), "page record of page 7, length");
}

TEST(LogScan, IsNotHeldUpByManySmallRecords) {
  TestLog log;
  Bytes body;
  PageRecordHeader header{};
  header.kind = 2;
  header.page_type = 4;
  for (Pid pid = 2; pid < 1000; ++pid) {
    header.pid = pid;
    body = joined(body, raw_record(header, {}));
  }
  HandLog(log).commit(1, body, [](CommitTrailer& trailer) { trailer.page_records = 998; });
  EXPECT_EQ(pages_of(log).size(), 998u);
}

}  // namespace
}  // namespace quire::wal
