#include "tools/demo_content.h"

#include <gtest/gtest.h>

namespace quire::tools {

namespace {

TEST(DemoContentTest, NamesBlobsWithSixDigitsOrMore) {
  EXPECT_EQ(demo_blob_name(1), "file/000001");
  EXPECT_EQ(demo_blob_name(1234567), "file/1234567");
}

TEST(DemoContentTest, RecordsHaveNoPaddingAndDescribeThemselves) {
  const RecordLayout path = record_layout<PathRecord>();
  EXPECT_EQ(path.size, 24U);
  EXPECT_EQ(path.fields.size(), 4U);
  EXPECT_EQ(path.fields.back().offset, 16U);
  const RecordLayout progress = record_layout<DemoProgress>();
  EXPECT_EQ(progress.size, 40U);
  EXPECT_EQ(progress.fields.size(), 5U);
}

TEST(DemoContentTest, ProgressIsZeroUntilItIsWrittenAndThenWhatWasWritten) {
  Database database = Database::create_in_memory();
  EXPECT_EQ(read_progress(database.snapshot()).files, 0U);
  database.transact([](Transaction& transaction) {
    write_progress(transaction, {7, std::uint64_t{1} << 40, 3, 2, 9});
  });
  const DemoProgress progress = read_progress(database.snapshot());
  EXPECT_EQ(progress.files, 7U);
  EXPECT_EQ(progress.bytes, std::uint64_t{1} << 40);
  EXPECT_EQ(progress.transactions, 3U);
  EXPECT_EQ(progress.directories, 2U);
  EXPECT_EQ(progress.words, 9U);
  EXPECT_TRUE(database.check().ok());
}

}  // namespace

}  // namespace quire::tools
