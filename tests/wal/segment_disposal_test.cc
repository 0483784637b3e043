#include "wal/segment_disposal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

/// The same database's log in another life.
LogIdentity another(const LogIdentity& identity) {
  LogIdentity other = identity;
  other.log_id.fill(0x33);
  return other;
}

const std::string kAside = "shop-wal-aside." + std::string(32, '2') + ".00000";

TEST(SegmentDisposal, RemovesSegmentsOfItsOwnLogWhateverTheyHold) {
  TestLog log;
  LogWriter& writer = log.writer();
  commit(writer, commit_of(1, {7}));
  EXPECT_TRUE(dispose_of_segments(log.segments, log.start.identity).empty());
  EXPECT_TRUE(log.memory.list("/db").empty());
}

TEST(SegmentDisposal, SetsAsideForeignSegmentsThatHoldRecords) {
  TestLog log;
  LogWriter& writer = log.writer();
  commit(writer, commit_of(1, {7}));
  next_generation(writer);
  commit(writer, commit_of(2, {7}));
  writer.prepare_successor();  // segment 3, without a block 0
  const Bytes first = log.content(1);
  take_journal(log);
  const auto aside = dispose_of_segments(log.segments, another(log.start.identity));
  EXPECT_EQ(aside, (Lines{"/db/" + kAside + "1", "/db/" + kAside + "2"}));
  EXPECT_EQ(
      take_journal(log),
      (Lines{"link shop-wal.000001 " + kAside + "1", "sync directory", "remove shop-wal.000001",
             "link shop-wal.000002 " + kAside + "2", "sync directory", "remove shop-wal.000002",
             "sync directory", "remove shop-wal.000003"}));
  Bytes kept(first.size());
  log.memory.open("/db/" + kAside + "1", OpenMode::read_only)->read_at(0, kept);
  EXPECT_EQ(kept, first);
}

TEST(SegmentDisposal, SetsAsideWhatBelongsToAnotherDatabase) {
  TestLog log;
  LogWriter& writer = log.writer();
  commit(writer, commit_of(1, {7}));
  LogIdentity other = log.start.identity;
  other.uuid[0] ^= 1;
  EXPECT_EQ(dispose_of_segments(log.segments, other).size(), 1u);
}

TEST(SegmentDisposal, FindsARecordBehindABrokenOne) {
  TestLog log;
  LogWriter& writer = log.writer();
  commit(writer, commit_of(1, {7}));
  commit(writer, commit_of(2, {7}));
  log.damage(1, kBlockSize);
  EXPECT_EQ(dispose_of_segments(log.segments, another(log.start.identity)).size(), 1u);
}

TEST(SegmentDisposal, RemovesForeignSegmentsWithoutARecord) {
  TestLog log;
  log.writer();
  log.set_content(2, Bytes(5000));  // prepared: zeros
  Bytes torn(5000);
  std::copy(kLogMagic.begin(), kLogMagic.end(), reinterpret_cast<char*>(torn.data()));
  log.set_content(3, torn);  // prepared, and its block 0 torn
  log.set_content(4, Bytes(300'000));
  EXPECT_TRUE(dispose_of_segments(log.segments, another(log.start.identity)).empty());
  EXPECT_TRUE(log.memory.list("/db").empty());
}

TEST(SegmentDisposal, SetsAsideFilesThatOnlyHaveASegmentsName) {
  TestLog log;
  Bytes late(20000);
  late.back() = std::byte{1};
  log.set_content(1, Bytes(100, std::byte{7}));
  log.set_content(2, late);
  late.insert(late.begin(), 300'000, std::byte{0});
  log.set_content(3, late);
  const auto aside = dispose_of_segments(log.segments, log.start.identity);
  ASSERT_EQ(aside.size(), 3u);
  EXPECT_EQ(log.memory.status(aside[0])->size, 100u);
  EXPECT_EQ(log.memory.status(aside[1])->size, 20000u);
  EXPECT_EQ(log.memory.status(aside[2])->size, 320'000u);
}

// Who has made it, and how long it was to be, nobody can tell; but there are bytes in it.
TEST(SegmentDisposal, SetsAsideASegmentOfALengthThatCannotBe) {
  TestLog log;
  HandLog hand(log);
  hand.begin_segment(1, 1, [](SegmentHeader& header) { header.segment_bytes = UINT64_MAX; });
  hand.commit(1, image({7, 4, 9}, full_page(1)));
  const Bytes bytes = log.content(1);
  const auto aside = dispose_of_segments(log.segments, log.start.identity);
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(log.memory.status(aside[0])->size, bytes.size());
}

TEST(SegmentDisposal, RemovesTemporariesAndWritesNothingElse) {
  TestLog log;
  log.memory.open("/db/shop", OpenMode::create);
  take_journal(log);
  dispose_of_segments(log.segments, log.start.identity);
  EXPECT_EQ(take_journal(log), Lines{});
  log.memory.open("/db/shop-wal-new.0011223344556677", OpenMode::create);
  dispose_of_segments(log.segments, log.start.identity);
  EXPECT_EQ(take_journal(log), Lines{"remove shop-wal-new.*"});
}

}  // namespace
}  // namespace quire::wal
