#include "structures/hash.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <algorithm>
#include <string>

#include "structures/hash_chain.h"
#include "tests/structures/hash_fixture.h"

namespace quire::structures {
namespace {

using testing::CountingReader;
using testing::kSeed;
using testing::kShortDirectories;
using testing::kTinyGeometry;
using testing::PageMap;
using testing::pattern;

class HashTest : public testing::HashTest {
 protected:
  using testing::HashTest::HashTest;

  std::uint32_t longest_chain() {
    std::uint32_t longest = 0;
    for (std::uint32_t b = 0; b < root().fields().bucket_count; ++b) {
      std::uint32_t length = 1;
      const HashRoot table = root();
      for (ChainReader chain(pages, table, b); chain.next();) ++length;
      longest = std::max(longest, length);
    }
    return longest;
  }
  void grow_to(std::uint32_t buckets) {
    for (int i = 0; root().fields().bucket_count < buckets; ++i) {
      put("key " + std::to_string(i), pattern(600, static_cast<std::size_t>(i)));
    }
  }
};

class ShortDirectoriesTest : public HashTest {
 protected:
  ShortDirectoriesTest() : HashTest(kShortDirectories) {}
};

class TinyHashTest : public HashTest {
 protected:
  TinyHashTest() : HashTest(kTinyGeometry) {}
};

TEST_F(HashTest, IsEmptyAtFirst) {
  EXPECT_EQ(hash.size(), 0u);
  EXPECT_EQ(hash.pages(), 2u);
  EXPECT_FALSE(hash.get("key"));
  EXPECT_FALSE(hash.get(""));
  EXPECT_FALSE(hash.erase("key"));
  HashCursor cursor;
  EXPECT_FALSE(hash.next(cursor));
  expect_sound();
}

TEST_F(HashTest, LiesInAPageThatIsAllocatedAlready) {
  const Pid fixed = pages.allocate(1, PageState::structure);
  Hash::create_at(pages, fixed, kSeed);
  Hash second(pages, fixed);
  second.put("key", "value");
  EXPECT_EQ(second.get("key")->text(), "value");
  second.destroy();
  expect_sound();
}

TEST_F(HashTest, ReplacesTheValueOfAKey) {
  put("key", "one");
  put("key", "two");
  put("key", "three");
  EXPECT_EQ(hash.get("key")->text(), "three");
  expect_sound();
}

TEST_F(HashTest, InsertKeepsTheOldValue) {
  put("key", "one");
  pages.commit();
  EXPECT_FALSE(hash.insert("key", "two"));
  EXPECT_EQ(pages.touched(), 0u) << "nothing changes";
  EXPECT_TRUE(hash.insert("other", "three"));
  model["other"] = "three";
  expect_sound();
}

TEST_F(HashTest, TakesTheEmptyKeyAndTheEmptyValue) {
  put("", "value of the empty key");
  put("key", "");
  expect_sound();
  EXPECT_TRUE(hash.contains(""));
  EXPECT_TRUE(hash.get("key")->empty());
  erase("");
  put("", "");
  expect_sound();
}

TEST_F(HashTest, KeepsKeysApartThatShareABucketAndAFingerprint) {
  std::map<std::uint8_t, std::string> first;
  for (int i = 0, pairs = 0; pairs < 20; ++i) {
    const std::string key = "key " + std::to_string(i);
    const auto [other, is_new] = first.emplace(fingerprint_of(root().hash(ByteView(key))), key);
    if (is_new) continue;
    put(other->second, "first " + key);
    put(key, "second " + key);
    ++pairs;
  }
  EXPECT_EQ(root().fields().bucket_count, 1u);
  expect_sound();
}

TEST_F(HashTest, GrowsToThousandsOfBuckets) {
  grow_to(3000);
  EXPECT_EQ(root().fields().directory_pages, 0u);
  expect_sound();
}

TEST_F(HashTest, FillsItsBucketsToThreeQuarters) {
  for (int i = 0; i < 20000; ++i) put("key " + std::to_string(i), pattern(40));
  const HashRoot table = root();
  const double used = static_cast<double>(table.fields().record_bytes + 3 * model.size());
  const double load = used / (table.fields().bucket_count * double{kBucketUsable});
  EXPECT_LE(load, 0.75);
  EXPECT_GT(load, 0.74);
  expect_sound();
}

TEST_F(HashTest, KeepsChainsShortForSmallAndForLargeRecords) {
  for (int i = 0; i < 20000; ++i) put("key " + std::to_string(i), "v");
  EXPECT_LE(longest_chain(), 2u);
  hash.clear();
  model.clear();
  for (int i = 0; i < 2000; ++i) put(pattern(990) + std::to_string(i), pattern(1000));
  EXPECT_LE(longest_chain(), 8u);
  EXPECT_LT(root().fields().overflow_pages, 2 * root().fields().bucket_count);
  expect_sound();
}

TEST_F(ShortDirectoriesTest, NameTheSegmentsThatTheRootHasNoRoomFor) {
  grow_to(1000);
  EXPECT_EQ(root().fields().directory_pages, 124u);
  expect_sound();
  pages.commit();
  expect_sound();
}

TEST_F(TinyHashTest, GoesOnWithChainsWhenNoSegmentCanBeNamed) {
  for (int i = 0; i < 1000; ++i) put("key " + std::to_string(i), pattern(300));
  EXPECT_EQ(root().fields().bucket_count, root().max_buckets());
  EXPECT_EQ(root().max_buckets(), 24u);
  EXPECT_GT(longest_chain(), 2u);
  expect_sound();
  for (int i = 0; i < 1000; ++i) erase("key " + std::to_string(i));
  EXPECT_EQ(root().fields().overflow_pages, 0u) << "emptied overflow pages are freed";
  expect_sound();
}

TEST_F(HashTest, UsesTheFirstRoomInAChain) {
  for (int i = 0; i < 12; ++i) put(key_of_bucket(0, i), pattern(900));
  const std::uint32_t overflow = root().fields().overflow_pages;
  ASSERT_GT(overflow, 0u);
  erase(key_of_bucket(0, 0));
  erase(key_of_bucket(0, 1));
  put(key_of_bucket(0, 12), pattern(900));
  put(key_of_bucket(0, 13), pattern(900));
  EXPECT_LE(root().fields().overflow_pages, overflow);
  expect_sound();
}

TEST_F(HashTest, MovesAnEntryThatOutgrowsItsPage) {
  for (int i = 0; i < 12; ++i) put(key_of_bucket(0, i), pattern(400));
  for (int i = 0; i < 12; ++i) {
    put(key_of_bucket(0, i), pattern(1000, static_cast<std::size_t>(i)));
    expect_sound();
  }
  for (int i = 0; i < 12; ++i) {
    put(key_of_bucket(0, i), "");
    expect_sound();
  }
}

TEST_F(HashTest, HoldsKeysAndValuesOfAnyLength) {
  const std::size_t sizes[] = {0, 1, 999, 1000, 1001, 4056, 4057, 65536, 65537, 1 << 20};
  for (const std::size_t key : sizes) {
    for (const std::size_t value : sizes) put(pattern(key, value), pattern(value, key));
  }
  expect_sound();
  pages.commit();
  expect_sound();
  for (const std::size_t key : sizes) {
    for (const std::size_t value : sizes) erase(pattern(key, value));
  }
  expect_sound();
  EXPECT_EQ(pages.used(), hash.pages());
  EXPECT_EQ(root().fields().pages_owned, root().fields().overflow_pages);
}

TEST_F(HashTest, TellsLongKeysApartByTheirLastByte) {
  for (const std::size_t size : {5000u, 70000u}) {
    std::string key = pattern(size);
    put(key, "one");
    key.back() = '\0';
    EXPECT_FALSE(hash.contains(key));
    put(key, "two");
  }
  expect_sound();
}

TEST_F(HashTest, DoesNotReadLongKeysOfAnotherHash) {
  std::map<std::uint8_t, std::string> first;
  std::string other;
  for (std::size_t i = 0; other.empty(); ++i) {
    const std::string key = pattern(2000, i);
    const auto fingerprint = fingerprint_of(root().hash(ByteView(key)));
    if (!first.emplace(fingerprint, key).second) {
      put(first[fingerprint], "value");
      other = key;
    }
  }
  CountingReader counting(pages);
  const HashView view(counting, hash.root());
  EXPECT_FALSE(view.contains(other));
  EXPECT_EQ(counting.count, 2u) << "the root and the bucket";
  EXPECT_TRUE(view.contains(model.begin()->first));
  EXPECT_EQ(counting.count, 5u) << "and the page of the key";
}

TEST_F(HashTest, ReplacesValuesAcrossAllForms) {
  const std::size_t sizes[] = {0, 10, 1000, 1001, 60000, 60000, 70000, 70000, 1500, 3, 90000, 0};
  for (const std::size_t size : sizes) {
    put("key", pattern(size, size % 7));
    expect_sound();
    pages.commit();
  }
}

TEST_F(HashTest, AppendsAcrossAllForms) {
  append("key", "");
  EXPECT_EQ(hash.size(), 1u) << "an append makes the key";
  for (const std::size_t size : {0u, 1u, 998u, 1u, 1u, 3000u, 60u, 4056u, 50000u, 9000u, 300000u}) {
    append("key", pattern(size, size % 5));
    expect_sound();
    pages.commit();
  }
}

TEST_F(HashTest, AppendsInSmallStepsUpToABlob) {
  for (std::size_t i = 0; i < 300; ++i) append("key", pattern(333, i));
  expect_sound();
}

TEST_F(HashTest, AppendCostsTheLastPageAndTheEntry) {
  put("key", pattern(20000));
  pages.commit();
  append("key", "more");
  EXPECT_EQ(pages.touched(), 2u) << "the value's last page and the bucket";
  pages.commit();
  append("key", pattern(5000));
  EXPECT_EQ(pages.touched(), 5u) << "its last page, two new ones, the bucket, the root";
  put("key", pattern(1 << 20));
  pages.commit();
  append("key", "more");
  EXPECT_LE(pages.touched(), 4u) << "the blob's page and root, the bucket, here no table";
  expect_sound();
}

TEST_F(HashTest, PutCostsTheBucketAndTheRoot) {
  grow_to(100);
  pages.commit();
  put("another key", "value");
  EXPECT_EQ(pages.touched(), 2u);
  pages.commit();
  put("another key", "other");
  EXPECT_EQ(pages.touched(), 1u) << "the counters stay";
}

TEST_F(HashTest, SplitMovesRecordsWithoutTouchingLongKeysAndValues) {
  for (std::size_t i = 0; i < 100; ++i) put(pattern(2000, i), pattern(5000, i));
  while (root().overloaded()) put("x" + std::to_string(hash.size()), "");
  pages.commit();
  const std::uint32_t buckets = root().fields().bucket_count;
  std::size_t most = 0;
  for (int i = 0; root().fields().bucket_count == buckets; ++i) {
    put("filler " + std::to_string(i), pattern(100));
    most = pages.touched();
    if (root().fields().bucket_count == buckets) pages.commit();
  }
  EXPECT_LE(most, 4u) << "the put's bucket, the parent, the new bucket, the root";
  expect_sound();
}

TEST_F(HashTest, UpdatesInPlace) {
  for (const std::size_t size : {0u, 5u, 1000u, 30000u, 100000u}) {
    put("key", pattern(size));
    pages.commit();
    EXPECT_TRUE(hash.update("key", [&](std::span<std::byte> bytes) {
      EXPECT_EQ(bytes.size(), size);
      if (!bytes.empty()) bytes[size / 2] = std::byte{0};
    }));
    if (size > 0) model["key"][size / 2] = '\0';
    EXPECT_LE(pages.touched(), 2u);
    expect_sound();
  }
  EXPECT_FALSE(hash.update("none", [](std::span<std::byte>) { FAIL(); }));
}

TEST_F(HashTest, UpdateMayChangeOtherKeysButNotItsOwn) {
  put("key", "value");
  hash.update("key", [&](std::span<std::byte> bytes) {
    for (int i = 0; i < 500; ++i) put("key " + std::to_string(i), pattern(100));
    bytes[0] = std::byte{'V'};
  });
  model["key"] = "Value";
  expect_sound();
  EXPECT_THROW(hash.update("key", [&](std::span<std::byte>) { put("key", "longer value"); }),
               InvalidArgument);
  EXPECT_THROW(hash.update("key", [&](std::span<std::byte>) { erase("key"); }), InvalidArgument);
  expect_sound();
}

TEST_F(HashTest, UpdateLeavesTheValueAloneIfTheCallThrows) {
  put("key", "value");
  EXPECT_THROW(hash.update("key",
                           [](std::span<std::byte> bytes) {
                             bytes[0] = std::byte{0};
                             throw std::runtime_error("no");
                           }),
               std::runtime_error);
  expect_sound();
}

TEST_F(ShortDirectoriesTest, ClearLeavesAnEmptyTable) {
  for (std::size_t i = 0; i < 300; ++i) put(std::to_string(i) + pattern(i * 20), pattern(i * 300));
  pages.commit();
  hash.clear();
  model.clear();
  EXPECT_EQ(pages.used(), 2u);
  expect_sound();
  grow_to(30);
  expect_sound();
  hash.destroy();
  EXPECT_EQ(pages.used(), 0u);
}

TEST_F(ShortDirectoriesTest, ClearOfATableWithoutLongRecordsReadsNoBucket) {
  const auto key = [](std::size_t i) { return "key " + std::to_string(i); };
  for (std::size_t i = 0; root().fields().bucket_count < 40; ++i) put(key(i), "");
  while (root().fields().overflow_pages > 0) erase(key(model.size() - 1));
  ASSERT_EQ(root().fields().bucket_count, 40u);
  for (std::uint32_t b = 0; b < 40; ++b) raw_bucket(root().bucket_page(b)).header.type = 99;
  hash.clear();
  EXPECT_EQ(pages.used(), 2u);
}

TEST_F(ShortDirectoriesTest, RollbackBringsBackTheLastCommit) {
  for (std::size_t i = 0; i < 200; ++i) put("key " + std::to_string(i), pattern(i * 30, i));
  pages.commit();
  const auto committed = model;
  for (std::size_t i = 0; i < 400; i += 2) {
    put("key " + std::to_string(i), pattern(i * 40));
    append("key " + std::to_string(i / 2), pattern(700));
    erase("key " + std::to_string(i / 4));
  }
  expect_sound();
  pages.rollback();
  model = committed;
  expect_sound();
}

TEST_F(HashTest, ReturnsValuesThatOutliveLaterChanges) {
  put("short", pattern(10));
  put("in the page", pattern(900));
  put("a page", pattern(4000));
  put("pages", pattern(9000));
  put("blob", pattern(90000));
  pages.commit();
  std::map<std::string, Value> kept;
  for (const auto& [key, value] : model) kept[key] = *hash.get(key);
  hash.clear();
  pages.commit();
  for (const auto& [key, value] : model) EXPECT_TRUE(kept[key] == ByteView(value)) << key;
}

TEST_F(TinyHashTest, IteratesOverChainsWithoutRepeating) {
  for (int i = 0; i < 500; ++i) put("key " + std::to_string(i), pattern(500));
  EXPECT_TRUE(content() == model);
  HashCursor cursor;
  for (std::size_t i = 0; i < model.size(); ++i) EXPECT_TRUE(hash.next(cursor));
  EXPECT_FALSE(hash.next(cursor));
  EXPECT_FALSE(hash.next(cursor)) << "the end stays the end";
}

}  // namespace
}  // namespace quire::structures
