#include "wal/log_record.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/checksum.h"
#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

std::uint64_t number_at(const Bytes& bytes, std::size_t offset, std::size_t size) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data() + offset, size);
  return value;
}

constexpr std::uint64_t kSalt = 0x0807060504030201;  // what FaultyFileSystem draws first

/// One segment with one small commit, as LogWriter writes it.
Bytes small_log() {
  TestLog log;
  LogWriter& writer = log.writer();
  CommitEncoder encoder(writer.max_body());
  encoder.add_page({7, 4, 9}, sparse_page(0x01020304));
  commit(writer, encoder.finish(1, 1000, Durability::relaxed));
  writer.mark();
  return log.content(1);
}

TEST(LogFormat, HasThisBlockZero) {
  const Bytes log = small_log();
  EXPECT_EQ(ByteView(log).sub(0, 8).text(), "QUIRELOG");
  EXPECT_EQ(number_at(log, 8, 8), checksum64(ByteView(log).sub(16, 4080), 0x474f4c4552495551));
  EXPECT_EQ(number_at(log, 16, 2), 1u);
  EXPECT_EQ(number_at(log, 18, 2), 0u);
  EXPECT_EQ(number_at(log, 20, 4), 4096u);
  EXPECT_EQ(ByteView(log).sub(24, 16).text(), std::string(16, 0x11));
  EXPECT_EQ(ByteView(log).sub(40, 16).text(), std::string(16, 0x22));
  EXPECT_EQ(number_at(log, 56, 8), 1u);  // segment
  EXPECT_EQ(number_at(log, 64, 8), 1u);  // generation
  EXPECT_EQ(number_at(log, 72, 8), kSalt);
  EXPECT_EQ(number_at(log, 80, 8), 16u * 4096);  // segment bytes
  EXPECT_EQ(number_at(log, 88, 8), 0u);          // seq before
  EXPECT_EQ(ByteView(log).sub(96, 4000).text(), std::string(4000, '\0'));
}

TEST(LogFormat, HasThisCommit) {
  const Bytes log = small_log();
  const std::size_t at = 4096;
  const std::uint64_t seed = kSalt ^ at;
  EXPECT_EQ(number_at(log, at, 8), checksum64(ByteView(log).sub(at + 8, 40), seed));
  EXPECT_EQ(number_at(log, at + 8, 4), 72u);  // body: header 16, ranges 8, bytes 16, trailer 32
  EXPECT_EQ(number_at(log, at + 12, 1), 2u);  // COMMIT
  EXPECT_EQ(number_at(log, at + 13, 1), 3u);  // relaxed, group ends
  EXPECT_EQ(number_at(log, at + 14, 2), 0u);
  EXPECT_EQ(number_at(log, at + 16, 8), 1u);  // seq
  EXPECT_EQ(number_at(log, at + 24, 8), 0u);  // nothing before
  EXPECT_EQ(number_at(log, at + 32, 8), checksum64(ByteView(log).sub(at + 48, 72), seed));
  EXPECT_EQ(number_at(log, at + 40, 4), 1u);         // durable: segment 1
  EXPECT_EQ(number_at(log, at + 44, 4), 4096u / 8);  // up to block 0
  const std::size_t trailer = at + 48 + 40;
  EXPECT_EQ(number_at(log, trailer, 4), 1u);       // chunks
  EXPECT_EQ(number_at(log, trailer + 4, 4), 1u);   // page records
  EXPECT_EQ(number_at(log, trailer + 8, 8), 72u);  // bytes of bodies
  EXPECT_EQ(number_at(log, trailer + 16, 4), 1000u);
  EXPECT_EQ(number_at(log, trailer + 20, 4), 0u);
  EXPECT_EQ(number_at(log, trailer + 24, 8), checksum64({}, 0));
  EXPECT_EQ(ByteView(log).sub(at + 120, 4096 - 120).text(), std::string(4096 - 120, '\0'));
}

TEST(LogFormat, HasThisMark) {
  const Bytes log = small_log();
  const std::size_t at = 2 * 4096;
  EXPECT_EQ(number_at(log, at, 8), checksum64(ByteView(log).sub(at + 8, 40), kSalt ^ at));
  EXPECT_EQ(number_at(log, at + 8, 4), 0u);
  EXPECT_EQ(number_at(log, at + 12, 1), 3u);
  EXPECT_EQ(number_at(log, at + 13, 1), 2u);
  EXPECT_EQ(number_at(log, at + 16, 8), 1u);
  EXPECT_EQ(number_at(log, at + 24, 8), number_at(log, 4096, 8)) << "the chain";
  EXPECT_EQ(number_at(log, at + 32, 8), checksum64({}, kSalt ^ at));
  EXPECT_EQ(number_at(log, at + 40, 4), 1u);
  EXPECT_EQ(number_at(log, at + 44, 4), 2u * 4096 / 8);
  EXPECT_EQ(ByteView(log).sub(at + 48).text(), std::string(16 * 4096 - at - 48, '\0'));
}

TEST(LogFormat, EndsASegmentWithTheNumberOfTheNext) {
  TestLog log;
  LogWriter& writer = log.writer();
  next_generation(writer);
  const Bytes first = log.content(1);
  EXPECT_EQ(number_at(first, 4096 + 8, 4), 8u);
  EXPECT_EQ(number_at(first, 4096 + 12, 1), 4u);
  EXPECT_EQ(number_at(first, 4096 + 48, 8), 2u);
  const Bytes second = log.content(2);
  EXPECT_EQ(number_at(second, 56, 8), 2u);
  EXPECT_EQ(number_at(second, 64, 8), 2u);
  EXPECT_EQ(number_at(second, 96, 8), 1u);
  EXPECT_EQ(number_at(second, 112, 8), number_at(first, 4096, 8));
}

/// The sums of this file, once computed: they tell if seeds or ranges of bytes change unnoticed.
TEST(LogFormat, KeepsItsSums) {
  const Bytes log = small_log();
  EXPECT_EQ(number_at(log, 8, 8), 14302340729337806818u);
  EXPECT_EQ(number_at(log, 4096, 8), 3779868541920043914u);
  EXPECT_EQ(number_at(log, 4096 + 32, 8), 13120200430071437908u);
}

TEST(LogRecord, FailsItsSumAnywhereElseAndWithAnyOtherByte) {
  ChunkHeader header{};
  header.kind = static_cast<std::uint8_t>(ChunkKind::mark);
  header.seq = 12;
  seal(header, kSalt, 8192);
  EXPECT_TRUE(is_intact(header, kSalt, 8192));
  EXPECT_FALSE(is_intact(header, kSalt, 4096));
  EXPECT_FALSE(is_intact(header, kSalt + 1, 8192));
  for (std::size_t i = 0; i < sizeof(header); ++i) {
    ChunkHeader bad = header;
    reinterpret_cast<unsigned char*>(&bad)[i] ^= 1;
    EXPECT_FALSE(is_intact(bad, kSalt, 8192)) << i;
  }
}

TEST(LogRecord, ReadsBlockZeroOnlyIfEachByteIsRight) {
  TestLog log;
  log.writer();
  const Bytes whole = log.content(1);
  const auto read = [&] {
    const auto file = log.segments.open(1, OpenMode::read_only);
    return read_segment_header(*file).has_value();
  };
  EXPECT_TRUE(read());
  for (std::size_t i = 0; i < kBlockSize; ++i) {
    Bytes bad(whole.begin(), whole.begin() + kBlockSize);
    bad[i] ^= std::byte{0x10};
    log.set_content(1, bad);
    EXPECT_FALSE(read()) << i;
  }
  log.set_content(1, Bytes(whole.begin(), whole.begin() + kBlockSize - 1));
  EXPECT_FALSE(read());
}

TEST(LogPosition, IsOrderedBySegmentThenOffset) {
  EXPECT_LT((LogPosition{1, 9000}), (LogPosition{2, 4096}));
  EXPECT_LT((LogPosition{2, 4096}), (LogPosition{2, 4104}));
  EXPECT_LT((LogPosition{}), (LogPosition{1, 0}));
}

}  // namespace
}  // namespace quire::wal
