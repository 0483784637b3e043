#include "wal/segment_reader.h"

#include <gtest/gtest.h>

#include <functional>

#include <quire/error.h>

#include "base/checksum.h"
#include "tests/wal/test_log.h"
#include "wal/log_scan.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

TEST(SegmentReader, FindsNoSegmentThatIsNotThere) {
  TestLog log;
  EXPECT_FALSE(SegmentReader::open_any(log.segments, 1));
  EXPECT_FALSE(SegmentReader::open(log.segments, log.start.identity, 1, OpenMode::read_only));
}

TEST(SegmentReader, FindsTheNextIntactHeader) {
  TestLog log;
  LogWriter& writer = log.writer();
  commit(writer, commit_of(1, {7}));
  auto reader = SegmentReader::open_any(log.segments, 1);
  ASSERT_TRUE(reader);
  ChunkHeader header;
  EXPECT_EQ(reader->find_header(8, header), kBlockSize);
  EXPECT_EQ(header.seq, 1u);
  EXPECT_FALSE(reader->find_header(kBlockSize + 8, header));
}

TEST(SegmentReader, EndsWhereTheFileHasBecomeShorterMeanwhile) {
  TestLog log;
  LogWriter& writer = log.writer();
  commit(writer, commit_of(1, {7}));
  auto reader = SegmentReader::open_any(log.segments, 1);
  log.set_content(1, Bytes(kBlockSize + 8));
  ChunkHeader header;
  EXPECT_FALSE(reader->find_header(kBlockSize, header));
  EXPECT_FALSE(reader->chunk(kBlockSize));
}

/// Changes what seal() sets in block 0 of segment 1, and makes the sum right.
void change_block_0(TestLog& log, const std::function<void(SegmentHeader&)>& edit) {
  Bytes bytes = log.content(1);
  auto* header = reinterpret_cast<SegmentHeader*>(bytes.data());
  edit(*header);
  header->sum = checksum64(ByteView(bytes).sub(16, 4080), 0x474f4c4552495551);
  log.set_content(1, bytes);
}

TEST(SegmentReader, RefusesALogOfANewerVersion) {
  TestLog log;
  HandLog hand(log);
  change_block_0(log, [](SegmentHeader& header) { header.major = 2; });
  EXPECT_THROW(LogScan(log.segments, log.start), FormatError);
  EXPECT_THROW(LogScan(log.segments, log.start, OnDamage::stop), FormatError) << "no damage";
}

TEST(SegmentReader, TakesNoSegmentWithBlocksOfAnotherSize) {
  TestLog log;
  HandLog hand(log);
  const auto opens = [&] {
    return SegmentReader::open(log.segments, log.start.identity, 1, OpenMode::read_only)
        .has_value();
  };
  EXPECT_TRUE(opens());
  change_block_0(log, [](SegmentHeader& header) { header.block_size = 8192; });
  EXPECT_FALSE(opens());
}

}  // namespace
}  // namespace quire::wal
