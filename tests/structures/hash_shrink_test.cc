// Tables that lose their entries: buckets merge, and segments and directories go with them.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/structures/hash_fixture.h"

namespace quire::structures {
namespace {

using testing::kShortDirectories;
using testing::pattern;

class HashShrinkTest : public testing::HashTest {
 protected:
  using testing::HashTest::HashTest;

  static std::string key(std::size_t i) { return "key " + std::to_string(i); }
  std::uint32_t buckets() { return root().fields().bucket_count; }
  double load() {
    const HashRoot table = root();
    const auto bytes =
        static_cast<double>(table.fields().record_bytes + kSlotSize * table.fields().entries);
    return bytes / (table.fields().bucket_count * double{kBucketUsable});
  }
};

class ShortDirectoriesShrinkTest : public HashShrinkTest {
 protected:
  ShortDirectoriesShrinkTest() : HashShrinkTest(kShortDirectories) {}
};

TEST_F(HashShrinkTest, HasThePagesOfAnEmptyTableWhenAllIsErased) {
  for (std::size_t i = 0; i < 3000; ++i) put(key(i), pattern(i % 1300));
  ASSERT_GT(buckets(), 300u);
  pages.commit();
  for (std::size_t i = 0; i < 3000; ++i) erase(key(i));
  EXPECT_EQ(pages.used(), 2u);
  EXPECT_EQ(root().fields().record_bytes, 0u);
  expect_sound();
  put("key", "value");
  expect_sound();
}

TEST_F(ShortDirectoriesShrinkTest, IsSoundAfterEachMerge) {
  for (std::size_t i = 0; buckets() < 60; ++i) put(key(i), pattern(i % 700, i));
  ASSERT_GT(root().fields().directory_pages, 5u);
  pages.commit();
  for (std::size_t i = 0; i < 1000 && !model.empty(); ++i) {
    const std::uint32_t before = buckets();
    if (model.contains(key(i))) erase(key(i));
    if (buckets() != before) expect_sound();
  }
  EXPECT_EQ(pages.used(), 2u);
}

TEST_F(ShortDirectoriesShrinkTest, GrowsAgainThroughTheSameSegments) {
  for (int round = 0; round < 3; ++round) {
    for (std::size_t i = 0; buckets() < 40; ++i) put(key(i), pattern(500, i));
    while (buckets() > 5) erase(std::string(model.begin()->first));
    expect_sound();
    pages.commit();
  }
}

TEST_F(HashShrinkTest, StaysAtAQuarterOfItsBucketsOrMore) {
  for (std::size_t i = 0; i < 20'000; ++i) put(key(i), pattern(40));
  const std::size_t most = pages.used();
  for (std::size_t i = 0; i < 19'000; ++i) {
    erase(key(i));
    ASSERT_GE(load(), 0.24) << i;
  }
  EXPECT_LT(pages.used(), most / 4);
  expect_sound();
}

TEST_F(HashShrinkTest, KeepsTheLoadUpWhenRecordsAreAsLongAsTheyGet) {
  for (std::size_t i = 0; i < 300; ++i) put(pattern(1000, i % 250) + key(i), pattern(1000));
  for (std::size_t i = 0; i < 300; ++i) put(key(i), pattern(1000));
  while (!model.empty()) {
    erase(std::string(model.rbegin()->first));
    ASSERT_TRUE(buckets() == 1 || load() > 0.125) << buckets();
  }
  EXPECT_EQ(pages.used(), 2u);
}

TEST_F(HashShrinkTest, ShrinksWhenValuesGetShorter) {
  for (std::size_t i = 0; i < 500; ++i) put(key(i), pattern(900));
  const std::uint32_t before = buckets();
  for (std::size_t i = 0; i < 500; ++i) put(key(i), "");
  EXPECT_LT(buckets(), before / 10);
  expect_sound();
}

TEST_F(HashShrinkTest, OnePutAndItsEraseNeverSplitAndMerge) {
  std::size_t changes = 0;
  for (std::size_t i = 0; i < 400; ++i) {
    const std::string longest = pattern(1000, i % 250);
    const std::uint32_t before = buckets();
    put(longest, pattern(1000));
    const std::uint32_t between = buckets();
    erase(longest);
    ASSERT_TRUE(between == before || buckets() == between) << i;
    changes += between != before;
    put(key(i), pattern(300));
  }
  EXPECT_GT(changes, 10u) << "some of the puts split a bucket";
  expect_sound();
}

TEST_F(HashShrinkTest, MergesChainsOfOverflowPages) {
  put(key_of_bucket(0, 0), "");
  for (int i = 0; buckets() < 8; ++i) put(key_of_bucket(3, i), pattern(900));
  ASSERT_GT(root().fields().overflow_pages, 3u);
  while (buckets() > 1) {
    erase(std::string(model.rbegin()->first));
    expect_sound();
  }
  EXPECT_GT(model.size(), 0u);
}

TEST_F(HashShrinkTest, MergingDoesNotTouchLongKeysAndValues) {
  for (std::size_t i = 0; i < 100; ++i) put(pattern(2000, i), pattern(5000, i));
  for (std::size_t i = 0; i < 200; ++i) put(key(i), pattern(200));
  pages.commit();
  std::size_t most = 0;
  for (std::size_t i = 0; i < 200; ++i) {
    const std::uint32_t before = buckets();
    erase(key(i));
    if (buckets() != before) most = std::max(most, pages.touched());
    pages.commit();
  }
  EXPECT_GE(most, 2u) << "the parent of a merged bucket, the root";
  EXPECT_LE(most, 4u) << "and the bucket of the erased key, and an overflow page before it";
  expect_sound();
}

TEST_F(ShortDirectoriesShrinkTest, RollbackBringsBackWhatMergesTookAway) {
  for (std::size_t i = 0; i < 300; ++i) put(key(i), pattern(400, i));
  pages.commit();
  const auto committed = model;
  for (std::size_t i = 0; i < 290; ++i) erase(key(i));
  pages.rollback();
  model = committed;
  expect_sound();
}

}  // namespace
}  // namespace quire::structures
