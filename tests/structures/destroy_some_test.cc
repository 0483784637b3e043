// Structures that are taken apart in steps: after each one a walk finds the rest sound, and the next
// transaction goes on from the root alone.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "structures/blob_format.h"
#include "tests/structures/hash_fixture.h"
#include "tests/structures/list_fixture.h"

namespace quire::structures {
namespace {

using testing::CollectingVisitor;
using testing::kSeed;
using testing::kShortDirectories;
using testing::kTinyList;
using testing::PageMap;
using testing::pattern;

/// Pages that the largest step has freed.
using MostFreed = std::size_t;

void expect_sound(const PageMap& pages, const auto& structure) {
  CollectingVisitor visitor(pages.page_count());
  structure.walk(visitor);
  ASSERT_EQ(visitor.problems(), std::vector<std::string>());
  ASSERT_TRUE(visitor.all() == pages.states());
}

/// Takes apart what `open()` returns, a new object for each step; every other step is tried once in
/// vain, as by a transaction that is rolled back.
MostFreed take_apart(PageMap& pages, std::uint32_t step, auto open) {
  pages.commit();
  MostFreed most = 0;
  for (bool again = true;; again = !again) {
    const std::size_t before = pages.used();
    const bool done = open().destroy_some(step);
    EXPECT_LT(pages.used(), before);
    most = std::max(most, before - pages.used());
    if (done) break;
    expect_sound(pages, open());
    if (::testing::Test::HasFailure()) return most;
    if (again) {
      pages.rollback();
    } else {
      pages.commit();
    }
  }
  EXPECT_EQ(pages.used(), 0u);
  return most;
}

class BlobDestroySomeTest : public ::testing::Test {
 protected:
  MostFreed take_apart(std::uint32_t step) {
    return structures::take_apart(pages, step, [&] { return Blob(pages, root); });
  }

  PageMap pages;
  const Pid root = Blob::create(pages);
};

TEST_F(BlobDestroySomeTest, FreesAboutAsManyPagesAsAsked) {
  Blob(pages, root).write(0, pattern(1500 * kPageSize));
  EXPECT_LE(take_apart(100), 103u) << "and tables that are empty then";
}

TEST_F(BlobDestroySomeTest, FreesOnePageAtATime) {
  Blob(pages, root).write(500 * kPageSize, pattern(20 * kPageSize));
  EXPECT_LE(take_apart(1), 3u);
}

TEST_F(BlobDestroySomeTest, FindsPagesBetweenHoles) {
  Blob blob(pages, root);
  for (const std::uint64_t at : {std::uint64_t{7}, std::uint64_t{600}, blob_reach(2) + 5,
                                 blob_reach(3) - 1, blob_reach(3) + 3}) {
    blob.write(at * kPageSize, pattern(2 * kPageSize));
  }
  blob.resize(kBlobMaxSize);
  EXPECT_LE(take_apart(2), 8u);
}

TEST_F(BlobDestroySomeTest, CountsTheTablesOfSparsePages) {
  for (std::uint64_t i = 0; i < 50; ++i) {
    Blob(pages, root).write(i * kBlobTableEntries * kPageSize, pattern(kPageSize));
  }
  EXPECT_LE(take_apart(10), 12u);
}

TEST_F(BlobDestroySomeTest, FreesAnInlineBlobInOneStep) {
  Blob(pages, root).write(0, "content");
  EXPECT_EQ(take_apart(1), 1u);
}

TEST_F(BlobDestroySomeTest, TakesNoPagesForOne) {
  Blob(pages, root).write(0, pattern(3 * kPageSize));
  EXPECT_EQ(take_apart(0), 1u);
}

class ListDestroySomeTest : public ::testing::Test {
 protected:
  MostFreed take_apart(std::uint32_t step) {
    return structures::take_apart(pages, step, [&] { return List(pages, root, kTinyList); });
  }
  List list() { return List(pages, root, kTinyList); }

  PageMap pages;
  const Pid root = List::create(pages);
};

TEST_F(ListDestroySomeTest, FreesAboutAsManyPagesAsAsked) {
  for (std::size_t i = 0; i < 3000; ++i) list().push_back(pattern(i % 100, i));
  EXPECT_LE(take_apart(50), 60u) << "and nodes that merge";
}

TEST_F(ListDestroySomeTest, FreesOnePageAtATime) {
  for (std::size_t i = 0; i < 300; ++i) list().push_back(pattern(i * 10, i));
  EXPECT_LE(take_apart(1), 8u);
}

TEST_F(ListDestroySomeTest, TakesLongItemsApartToo) {
  for (const std::size_t pages_of_item : {300u, 1u, 0u, 0u, 16u, 40u, 0u, 900u, 30u}) {
    list().push_back(pattern(pages_of_item * kPageSize));
  }
  EXPECT_LE(take_apart(50), 70u);
}

TEST_F(ListDestroySomeTest, FreesAnEmptyListInOneStep) { EXPECT_EQ(take_apart(1), 1u); }

class HashDestroySomeTest : public ::testing::Test {
 protected:
  MostFreed take_apart(std::uint32_t step) {
    return structures::take_apart(pages, step, [&] { return hash(); });
  }
  Hash hash() { return Hash(pages, root, kShortDirectories); }
  void fill(std::size_t count, std::size_t value_size) {
    for (std::size_t i = 0; i < count; ++i) {
      hash().put("key " + std::to_string(i), pattern(value_size, i));
    }
  }

  PageMap pages;
  const Pid root = Hash::create(pages, kSeed, kShortDirectories);
};

TEST_F(HashDestroySomeTest, FreesAboutAsManyPagesAsAsked) {
  fill(2000, 300);
  EXPECT_LE(take_apart(30), 40u) << "and the last segment, and overflow pages";
}

TEST_F(HashDestroySomeTest, FreesOnePageAtATime) {
  fill(200, 500);
  EXPECT_LE(take_apart(1), 10u) << "a segment of four, a directory, overflow pages";
}

TEST_F(HashDestroySomeTest, TakesLongValuesApartToo) {
  fill(100, 10'000);
  hash().put("blob", pattern(900 * kPageSize));
  hash().put("another", pattern(300 * kPageSize));
  hash().put(pattern(5000), pattern(400 * kPageSize));
  EXPECT_LE(take_apart(50), 70u);
}

TEST_F(HashDestroySomeTest, FreesALongKeyAsAWhole) {
  hash().put(pattern(100 * kPageSize), "value");
  EXPECT_LE(take_apart(10), 110u);
}

TEST_F(HashDestroySomeTest, FreesAnEmptyTableInOneStep) { EXPECT_EQ(take_apart(1), 2u); }

}  // namespace
}  // namespace quire::structures
