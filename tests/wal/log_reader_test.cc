#include "wal/log_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <quire/error.h>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

std::vector<Pid> page_seven(Seq) { return {7}; }

std::vector<Pid> many(Seq seq) {
  std::vector<Pid> pids;
  for (Pid pid = 2; pid < 2 + 20 * seq; ++pid) pids.push_back(pid);
  return pids;
}

/// Commits 1..count of page 7, each a group of its own; the last is what nothing proves.
void write_commits(LogWriter& writer, Seq count) {
  for (Seq seq = 1; seq <= count; ++seq) commit(writer, commit_of(seq, {7}));
}

EncodedCommit small_commit(Seq seq) {
  CommitEncoder encoder;
  encoder.add_page({static_cast<Pid>(seq + 10), 4, 9}, sparse_page(static_cast<unsigned>(seq)));
  return encoder.finish(seq, 1000, Durability::immediate);
}

std::map<Pid, Page> small_pages(Seq newest) {
  std::map<Pid, Page> pages;
  for (Seq seq = 1; seq <= newest; ++seq)
    pages[static_cast<Pid>(seq + 10)] = sparse_page(static_cast<unsigned>(seq));
  return pages;
}

TEST(LogReader, ReadsWhatWasCommitted) {
  TestLog log;
  LogWriter& writer = log.writer();
  write_commits(writer, 3);
  LogReader reader(log.segments, log.start);
  EXPECT_EQ(reader.scan().newest_seq(), 3u);
  EXPECT_EQ(reader.scan().commits(), 3u);
  Page page;
  const ReplayedPage replayed = reader.read_page(7, page);
  EXPECT_EQ(replayed.seq, 3u);
  EXPECT_EQ(replayed.type, 4u);
  EXPECT_EQ(replayed.owner, 9u);
  EXPECT_EQ(pages_of(reader), pages_after(3, page_seven));
  EXPECT_THROW(reader.read_page(8, page), InvalidArgument);
}

TEST(LogReader, ReadsCommitsThatFillManyChunksAndSegments) {
  for (const std::uint64_t blocks : {8u, 16u, 80u}) {
    TestLog log;
    LogWriter& writer = log.writer(blocks);
    for (Seq seq = 1; seq <= 5; ++seq) {
      commit(writer, commit_of(seq, many(seq), writer.max_body()));
      if (seq == 3) next_generation(writer);
    }
    EXPECT_EQ(writer.durable_seq(), 5u);
    EXPECT_EQ(pages_of(log), pages_after(5, many)) << blocks;
  }
}

TEST(LogReader, ReadsACommitOfManyWholeChunks) {
  TestLog log;
  LogWriter writer(log.segments, log.start.identity, {});
  writer.start(0);
  std::vector<Pid> pids;
  for (Pid pid = 2; pid < 400; ++pid) pids.push_back(pid);
  commit(writer, commit_of(1, pids, writer.max_body()));
  EXPECT_EQ(writer.current_segment(), 2u);
  EXPECT_EQ(pages_of(log), pages_after(1, [&](Seq) { return pids; }));
}

TEST(LogReader, WritesNothingWhileItScansAndReads) {
  TestLog log;
  LogWriter& writer = log.writer();
  write_commits(writer, 3);
  take_journal(log);
  pages_of(log);
  EXPECT_EQ(take_journal(log), Lines{});
}

TEST(LogReader, KeepsWhatStandsBeforeTheDamageIfToldTo) {
  TestLog log;
  LogWriter& writer = log.writer();
  write_commits(writer, 3);
  LogReader(log.segments, log.start).rewrite_tail();
  log.damage(1, 3 * kBlockSize + 100);  // in commit 2
  EXPECT_THROW(LogReader(log.segments, log.start), CorruptionError);
  LogReader reader(log.segments, log.start, OnDamage::stop);
  EXPECT_EQ(pages_of(reader), pages_after(1, page_seven));
  EXPECT_EQ(reader.scan().newest_seq(), 1u);
  EXPECT_NE(reader.scan().damage().find("wal.000001"), std::string::npos);
}

TEST(LogReader, HasNoPagesOfALogWithoutItsFirstSegmentIfToldToStop) {
  TestLog log;
  const LogReader reader(log.segments, log.start, OnDamage::stop);
  EXPECT_TRUE(reader.scan().index().pages().empty());
  EXPECT_EQ(reader.scan().newest_seq(), log.start.complete_seq);
  EXPECT_NE(reader.scan().damage(), "");
}

// ---- the tail

TEST(LogReader, WritesTheUnprovenTailAgainAndMarksIt) {
  TestLog log;
  LogWriter& writer = log.writer();
  write_commits(writer, 3);
  Bytes before = log.content(1);
  take_journal(log);
  LogReader(log.segments, log.start).rewrite_tail();
  EXPECT_EQ(take_journal(log), (Lines{"write shop-wal.000001 20480 8192", "sync shop-wal.000001",
                                      "write shop-wal.000001 28672 4096", "sync shop-wal.000001"}));
  Bytes after = log.content(1);
  EXPECT_NE(before, after);
  std::fill_n(after.begin() + 28672, sizeof(ChunkHeader), std::byte{0});
  EXPECT_EQ(before, after) << "but for the mark, every byte is as it was";
  EXPECT_EQ(pages_of(log), pages_after(3, page_seven));
}

TEST(LogReader, DoesNotMarkAMark) {
  TestLog log;
  LogWriter& writer = log.writer();
  write_commits(writer, 3);
  LogReader(log.segments, log.start).rewrite_tail();
  const Bytes before = log.content(1);
  take_journal(log);
  LogReader(log.segments, log.start).rewrite_tail();
  EXPECT_EQ(take_journal(log), (Lines{"write shop-wal.000001 28672 4096", "sync shop-wal.000001"}));
  EXPECT_EQ(log.content(1), before);
}

TEST(LogReader, HasNothingToWriteAgainInAFreshLog) {
  TestLog log;
  log.writer();
  take_journal(log);
  LogReader(log.segments, log.start).rewrite_tail();
  EXPECT_EQ(take_journal(log), Lines{});
}

TEST(LogReader, ProvesTheTailByItsMark) {
  TestLog log;
  LogWriter& writer = log.writer();
  write_commits(writer, 2);
  log.files.fail = [](const std::string&) { return 0; };
  LogReader(log.segments, log.start).rewrite_tail();
  log.damage(1, 3 * kBlockSize + 100);  // in commit 2
  EXPECT_THROW(pages_of(log), CorruptionError);
}

TEST(LogReader, WritesATailOfSeveralSegmentsAgain) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  EncodedCommit first = commit_of(1, {7});
  writer.append({&first, 1});  // synced together with the END, of which nothing tells yet
  next_generation(writer);
  take_journal(log);
  LogReader(log.segments, log.start).rewrite_tail();
  EXPECT_EQ(take_journal(log), (Lines{"write shop-wal.000001 4096 8192",
                                      "write shop-wal.000001 12288 4096", "sync shop-wal.000001",
                                      "write shop-wal.000002 4096 4096", "sync shop-wal.000002"}));
  EXPECT_EQ(pages_of(log), pages_after(1, page_seven));
}

TEST(LogReader, SyncsEachSegmentOfATailThatIsAllUnproven) {
  TestLog log;
  HandLog hand(log);  // its chunks name no durable end
  hand.commit(1, image({7, 4, 9}, full_page(1))).end(2).begin_segment(2, 1);
  hand.commit(2, image({8, 4, 9}, full_page(2)));
  take_journal(log);
  LogReader(log.segments, log.start).rewrite_tail();
  EXPECT_EQ(take_journal(log), (Lines{"write shop-wal.000001 4096 8192", "sync shop-wal.000001",
                                      "write shop-wal.000002 4096 8192", "sync shop-wal.000002",
                                      "write shop-wal.000002 8192 4096", "sync shop-wal.000002"}));
}

TEST(LogReader, MarksAnEndInTheMiddleOfABlock) {
  TestLog log;
  LogWriter& writer = log.writer();
  std::vector<EncodedCommit> group;
  for (Seq seq = 1; seq <= 3; ++seq) group.push_back(small_commit(seq));
  writer.append(group);
  LogPosition second;
  {
    const LogScan scan(log.segments, log.start);
    ASSERT_EQ(scan.unproven().size(), 3u);
    second = scan.unproven()[1].at;
  }
  ASSERT_LT(second.offset, 2 * kBlockSize);
  log.damage(1, second.offset + 50);  // torn: the group was not synced
  LogReader(log.segments, log.start).rewrite_tail();
  LogReader reader(log.segments, log.start);
  EXPECT_EQ(pages_of(reader), small_pages(1));
  ASSERT_EQ(reader.scan().unproven().size(), 1u);
  EXPECT_EQ(reader.scan().unproven()[0].header.kind, static_cast<std::uint8_t>(ChunkKind::mark));
}

TEST(LogReader, MarksAFullSegment) {
  TestLog log;
  LogWriter& writer = log.writer(5);
  commit(writer, commit_of(1, {7}));  // two blocks: no room but the reserve
  LogReader(log.segments, log.start).rewrite_tail();
  EXPECT_EQ(pages_of(log), pages_after(1, page_seven));
}

TEST(LogReader, RefusesATailBehindWhichAMarkHasNoRoom) {
  constexpr std::size_t kOtherBytes =
      kChunkHeaderSize + kPageRecordHeaderSize + sizeof(ByteRange) + kCommitTrailerSize;
  for (const std::size_t room_left : {0u, 16u, 40u}) {
    TestLog log;
    HandLog hand(log);
    hand.begin_segment(1, 1, [](SegmentHeader& header) { header.segment_bytes = 2 * kBlockSize; });
    Page page{};
    const std::size_t filled = (kBlockSize - kOtherBytes - room_left) / 8 * 8;
    std::fill_n(page.begin() + 32, filled, std::byte{7});
    hand.commit(1, image({7, 4, 9}, page));
    ASSERT_EQ(hand.at.offset, 2 * kBlockSize - room_left);
    Bytes segment = log.content(1);
    segment.resize(2 * kBlockSize);
    log.set_content(1, segment);
    LogReader reader(log.segments, log.start);
    EXPECT_EQ(reader.scan().newest_seq(), 1u);
    EXPECT_THROW(reader.rewrite_tail(), CorruptionError) << room_left;
    EXPECT_EQ(log.content(1), segment);
  }
}

TEST(LogReader, WritesALongTailInPieces) {
  TestLog log;
  LogWriter& writer = log.writer(256);
  std::vector<EncodedCommit> group;
  for (Seq seq = 1; seq <= 3; ++seq) group.push_back(commit_of(seq, many(seq)));
  writer.append(group);
  const Bytes before = log.content(1);
  take_journal(log);
  LogReader(log.segments, log.start).rewrite_tail();
  const Lines journal = take_journal(log);
  EXPECT_GE(std::count_if(journal.begin(), journal.end(),
                          [](const std::string& line) { return line.starts_with("write"); }),
            4)
      << "each commit is longer than what is gathered, and a mark follows";
  EXPECT_EQ(std::count(journal.begin(), journal.end(), "sync shop-wal.000001"), 2);
  const Bytes after = log.content(1);
  const auto mark = std::mismatch(before.begin(), before.end(), after.begin());
  EXPECT_EQ((mark.first - before.begin()) % static_cast<std::ptrdiff_t>(kBlockSize), 0);
  EXPECT_EQ(pages_of(log), pages_after(3, many));
}

TEST(LogReader, ReadsMoreSegmentsThanItKeepsOpen) {
  const auto one = [](Seq seq) { return std::vector<Pid>{static_cast<Pid>(seq + 1)}; };
  TestLog log;
  LogWriter& writer = log.writer(8);
  for (Seq seq = 1; seq <= 70; ++seq) {
    commit(writer, commit_of(seq, one(seq)));
    next_generation(writer);
  }
  LogReader reader(log.segments, log.start);
  EXPECT_EQ(pages_of(reader), pages_after(70, one));
  Page first;
  reader.read_page(2, first);
  EXPECT_EQ(first, pages_after(1, one).at(2));
}

TEST(LogReader, RefusesATailThatIsNoLongerWhatItScanned) {
  for (const std::uint64_t offset : {0u, 20u, 48u, 4000u}) {
    TestLog log;
    LogWriter& writer = log.writer();
    write_commits(writer, 1);
    LogReader reader(log.segments, log.start);
    log.damage(1, kBlockSize + offset);  // as if the cache was dropped and the disk never had it
    EXPECT_THROW(reader.rewrite_tail(), CorruptionError) << offset;
  }
}

TEST(LogReader, RefusesAPageThatIsNoLongerWhatItScanned) {
  TestLog log;
  LogWriter& writer = log.writer();
  write_commits(writer, 1);
  LogReader reader(log.segments, log.start);
  log.damage(1, kBlockSize + 1000);
  Page page;
  EXPECT_THROW(reader.read_page(7, page), CorruptionError);
  log.set_content(1, Bytes(kBlockSize + 1000));
  EXPECT_THROW(reader.read_page(7, page), CorruptionError);
  log.segments.remove(1);
  LogReader* again = &reader;
  EXPECT_THROW(again->rewrite_tail(), CorruptionError);
}

TEST(LogReader, CanBeRunAgainAfterAFailure) {
  for (const std::string step :
       {"write shop-wal.000001 4096", "sync", "write shop-wal.000001 12288"}) {
    TestLog log;
    LogWriter& writer = log.writer();
    write_commits(writer, 1);
    log.files.fail = [&](const std::string& line) { return line.starts_with(step) ? EIO : 0; };
    EXPECT_THROW(LogReader(log.segments, log.start).rewrite_tail(), IoError) << step;
    log.files.fail = [](const std::string&) { return 0; };
    LogReader(log.segments, log.start).rewrite_tail();
    EXPECT_EQ(pages_of(log), pages_after(1, page_seven));
  }
}

// ---- every byte

/// What the log says with one byte flipped: the newest seq, or nothing if it is refused. Its pages
/// are those of that seq, whatever happens.
std::optional<Seq> newest_with_flip(TestLog& log, std::uint32_t no, const Bytes& whole,
                                    std::size_t offset, std::uint8_t mask) {
  Bytes bad = whole;
  bad[offset] ^= static_cast<std::byte>(mask);
  log.set_content(no, bad);
  try {
    LogReader reader(log.segments, log.start);
    EXPECT_EQ(pages_of(reader), small_pages(reader.scan().newest_seq()));
    return reader.scan().newest_seq();
  } catch (const CorruptionError&) {
    return std::nullopt;
  }
}

TEST(LogReader, NeverGivesWrongContentWhateverByteIsFlipped) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  for (Seq seq = 1; seq <= 3; ++seq) commit(writer, small_commit(seq));
  constexpr std::size_t kChunk = 48 + 16 + 8 + 16 + 32;
  const Bytes whole = log.content(1);
  for (std::size_t offset = 0; offset < whole.size(); ++offset) {
    const std::size_t block = offset / kBlockSize;
    const bool in_chunk = offset % kBlockSize < kChunk;
    std::optional<Seq> expected = 3;
    if (block == 0 || (block <= 2 && in_chunk)) expected = std::nullopt;
    if (block == 3 && in_chunk) expected = 2;  // of the last group nobody can tell
    for (const std::uint8_t mask : {std::uint8_t{1}, std::uint8_t{0x80}})
      ASSERT_EQ(newest_with_flip(log, 1, whole, offset, mask), expected) << offset;
  }
}

TEST(LogReader, NeverGivesWrongContentWhateverByteOfASuccessorIsFlipped) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  commit(writer, small_commit(1));
  next_generation(writer);
  commit(writer, small_commit(2));
  const Bytes first = log.content(1);
  const Bytes second = log.content(2);
  for (std::size_t offset = 0; offset < 3 * kBlockSize; ++offset) {
    const bool padding =
        (offset >= kBlockSize + 120 && offset < 2 * kBlockSize) || offset >= 2 * kBlockSize + 56;
    const auto expected = padding ? std::optional<Seq>(2) : std::nullopt;
    ASSERT_EQ(newest_with_flip(log, 1, first, offset, 4), expected) << offset;
  }
  log.set_content(1, first);
  for (std::size_t offset = 0; offset < 2 * kBlockSize; ++offset) {
    std::optional<Seq> expected = 2;
    if (offset < kBlockSize) expected = std::nullopt;
    if (offset >= kBlockSize && offset < kBlockSize + 120) expected = 1;
    ASSERT_EQ(newest_with_flip(log, 2, second, offset, 4), expected) << offset;
  }
}

TEST(LogReader, TakesAPrefixOrRefusesWhereverTheLogIsCutToZeros) {
  TestLog log;
  LogWriter& writer = log.writer(8);
  for (Seq seq = 1; seq <= 3; ++seq) commit(writer, small_commit(seq));
  Bytes bytes = log.content(1);
  for (std::size_t cut = 4 * kBlockSize; cut-- > 3 * kBlockSize;) {
    bytes[cut] = std::byte{0};
    log.set_content(1, bytes);
    LogReader reader(log.segments, log.start);
    ASSERT_EQ(pages_of(reader), small_pages(reader.scan().newest_seq()));
  }
  EXPECT_EQ(LogScan(log.segments, log.start).newest_seq(), 2u);
}

}  // namespace
}  // namespace quire::wal
