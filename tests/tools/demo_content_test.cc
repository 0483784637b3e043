#include "tools/demo_content.h"

#include <gtest/gtest.h>

namespace quire::tools {

namespace {

TEST(DemoContentTest, NamesBlobsWithSixDigitsOrMore) {
  EXPECT_EQ(demo_blob_name(1), "file/000001");
  EXPECT_EQ(demo_blob_name(1234567), "file/1234567");
}

TEST(DemoContentTest, PathRecordIsFixedLittleEndian) {
  const PathRecord record{0x01020304, 0644, 0x1122334455667788, -2};
  const std::string bytes = record.encode();
  constexpr std::string_view kExpected(
      "\x04\x03\x02\x01\xa4\x01\x00\x00\x88\x77\x66\x55\x44\x33\x22\x11\xfe\xff\xff\xff\xff\xff\xff"
      "\xff",
      24);
  EXPECT_EQ(bytes, kExpected);
  const auto decoded = PathRecord::decode(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->number, record.number);
  EXPECT_EQ(decoded->mode, record.mode);
  EXPECT_EQ(decoded->size, record.size);
  EXPECT_EQ(decoded->mtime_ns, record.mtime_ns);
}

TEST(DemoContentTest, BytesOfAnotherLengthAreNoPathRecord) {
  const std::string bytes = PathRecord().encode();
  EXPECT_FALSE(PathRecord::decode(bytes.substr(1)));
  EXPECT_FALSE(PathRecord::decode(bytes + "x"));
}

TEST(DemoContentTest, ProgressIsZeroUntilItIsWrittenAndThenWhatWasWritten) {
  Database database = Database::create_in_memory();
  EXPECT_EQ(read_progress(database.snapshot()).files, 0U);
  database.transact([](Transaction& transaction) {
    write_progress(transaction, {7, std::uint64_t{1} << 40, 3});
  });
  const DemoProgress progress = read_progress(database.snapshot());
  EXPECT_EQ(progress.files, 7U);
  EXPECT_EQ(progress.bytes, std::uint64_t{1} << 40);
  EXPECT_EQ(progress.transactions, 3U);
  EXPECT_TRUE(database.check().ok());
}

}  // namespace

}  // namespace quire::tools
