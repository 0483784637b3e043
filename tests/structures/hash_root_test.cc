#include "structures/hash_root.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include "base/checksum.h"
#include "tests/structures/hash_fixture.h"

namespace quire::structures {
namespace {

TEST(BucketOf, TakesTheLowBitsThatTheBucketsReach) {
  EXPECT_EQ(bucket_of(UINT64_MAX, 1), 0u);
  EXPECT_EQ(bucket_of(0b101, 2), 1u);
  EXPECT_EQ(bucket_of(0b111, 4), 3u);
  EXPECT_EQ(bucket_of(0b110, 6), 2u) << "bucket 6 is not there yet";
  EXPECT_EQ(bucket_of(0b101, 6), 5u);
  EXPECT_EQ(bucket_of(UINT64_MAX, UINT32_MAX), UINT32_MAX >> 1);
}

TEST(BucketOf, MovesKeysFromTheParentOnlyWhenABucketIsAdded) {
  for (std::uint32_t count = 1; count < 300; ++count) {
    for (std::uint64_t hash = 0; hash < 1024; ++hash) {
      const std::uint32_t before = bucket_of(hash, count), after = bucket_of(hash, count + 1);
      ASSERT_LT(before, count);
      if (after != before) {
        ASSERT_EQ(after, count);
        ASSERT_EQ(before, split_parent(count));
      }
    }
  }
}

TEST(SegmentLayout, DoublesUpToTheCap) {
  constexpr SegmentLayout layout{10};
  const std::uint32_t sizes[] = {1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024};
  std::uint64_t first = 0;
  for (std::uint32_t s = 0; s < std::size(sizes); ++s) {
    EXPECT_EQ(layout.first_bucket(s), first);
    EXPECT_EQ(layout.pages(s), sizes[s]);
    first += sizes[s];
  }
  EXPECT_EQ(layout.segment_of(1023), 10u);
  EXPECT_EQ(layout.segment_of(1024), 11u);
  EXPECT_EQ(layout.segment_of(2048), 12u);
}

TEST(SegmentLayout, PutsEachBucketIntoTheSegmentThatHoldsIt) {
  for (unsigned cap_log2 = 0; cap_log2 <= kMaxSegmentCapLog2; ++cap_log2) {
    const SegmentLayout layout{cap_log2};
    for (std::uint32_t bucket = 0; bucket < 5000; ++bucket) {
      const std::uint32_t segment = layout.segment_of(bucket);
      ASSERT_GE(bucket, layout.first_bucket(segment));
      ASSERT_LT(bucket, layout.first_bucket(segment) + layout.pages(segment));
    }
  }
}

class HashRootTest : public testing::HashTest {
 protected:
  std::string field_of_error() {
    try {
      root();
    } catch (const CorruptionError& error) {
      EXPECT_EQ(error.page(), hash.root());
      return error.field();
    }
    return "none";
  }
};

TEST_F(HashRootTest, LiesOnDiskAsTheFormatSays) {
  put("key", "value");
  std::string expected(4096 - 32, '\0');
  const auto at = [&](std::size_t offset, const std::string& text) {
    expected.replace(offset - 32, text.size(), text);
  };
  at(32, "\x2a");  // seed
  at(40, "\x01");  // entries
  at(48, "\x0b");  // record bytes
  at(56, "\x01");  // buckets
  at(64, "\x0a");  // log2 of the cap
  at(96, "\x05");  // segment 0: the page after the root
  EXPECT_TRUE(ByteView(pages.raw(hash.root()) + 32, kPageSize - 32) == ByteView(expected));
}

TEST_F(HashRootTest, NamesAPartOfTwoTebibytes) {
  EXPECT_EQ(root().max_buckets(), (488u + 512u * 1016u - 10u) << 10);
}

TEST_F(HashRootTest, HashesWithTheSeedOfTheTable) {
  EXPECT_EQ(root().hash(ByteView("key")), checksum64("key", testing::kSeed));
  EXPECT_EQ(root().hash(RecordPart{PartForm::extents, 5000, 1234, {}}), 1234u);
}

TEST_F(HashRootTest, RefusesNumbersThatContradictEachOtherOrTheFile) {
  const auto good = raw_root();
  const auto refuses = [&](auto damage) {
    raw_root() = good;
    damage(raw_root());
    return field_of_error();
  };
  EXPECT_EQ(refuses([](auto&) {}), "none");
  EXPECT_EQ(refuses([](auto& r) { r.cap_log2 = 11; }), "cap_log2");
  EXPECT_EQ(refuses([](auto& r) { r.cap_log2 = 255; }), "cap_log2");
  EXPECT_EQ(refuses([](auto& r) { r.bucket_count = 0; }), "bucket_count");
  EXPECT_EQ(refuses([](auto& r) { r.bucket_count = 9; }), "bucket_count");
  EXPECT_EQ(refuses([](auto& r) { r.bucket_count = UINT32_MAX; }), "bucket_count");
  EXPECT_EQ(refuses([](auto& r) { r.directory_pages = 1; }), "directory_pages");
  EXPECT_EQ(refuses([](auto& r) { r.pages_owned = 1000; }), "pages_owned");
  EXPECT_EQ(refuses([](auto& r) { r.overflow_pages = 1; }), "overflow_pages");
}

TEST_F(HashRootTest, RefusesSegmentsOutsideTheFile) {
  raw_root().segments[0] = pages.page_count();
  EXPECT_THROW(hash.get("key"), CorruptionError);
  raw_root().segments[0] = 0;
  EXPECT_THROW(hash.get("key"), CorruptionError);
}

}  // namespace
}  // namespace quire::structures
