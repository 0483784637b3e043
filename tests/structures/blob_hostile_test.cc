// A hostile file: bytes of roots and tables are not what was written although their checksums hold
// (the page map checks none on structure pages). Whatever they say, an operation either finds the
// right data or throws CorruptionError; it never crashes, hangs or touches memory it does not own.

#include <gtest/gtest.h>
#include <quire/error.h>

#include <algorithm>
#include <functional>

#include "structures/blob_format.h"
#include "tests/structures/blob_fixture.h"

namespace quire::structures {
namespace {

using testing::pattern;

constexpr std::uint64_t kTableBytes = kBlobTableEntries * kPageSize;
constexpr std::uint64_t kFar =
    blob_pages_per_entry(4) * kPageSize;  // entry 1 of a root of height 4

class BlobHostileTest : public testing::BlobTest {
 protected:
  BlobRootPage& root() { return *reinterpret_cast<BlobRootPage*>(pages.raw(blob.root())); }
  BlobTablePage& table(Pid pid) { return *reinterpret_cast<BlobTablePage*>(pages.raw(pid)); }

  /// Runs `operation` and undoes it; true if it threw CorruptionError.
  bool refuses(const std::function<void()>& operation) {
    bool refused = false;
    try {
      operation();
    } catch (const CorruptionError&) {
      refused = true;
    }
    pages.rollback();
    return refused;
  }

  /// Every operation, each from the last commit. What they do to a damaged blob is of no interest
  /// as long as they end, with no error but CorruptionError.
  void try_everything() {
    refuses([&] { blob.write(100, pattern(10)); });
    refuses([&] { blob.write(0, pattern(3 * kPageSize)); });
    refuses([&] { blob.write(kTableBytes - 2 * kPageSize, pattern(4 * kPageSize)); });
    refuses([&] { blob.resize(blob_reach(3) * kPageSize); });
    refuses([&] { blob.resize(kTableBytes + 10); });
    refuses([&] { blob.resize(5000); });
    refuses([&] { blob.resize(10); });
    refuses([&] { blob.punch(10, kTableBytes); });
    refuses([&] { blob.punch(kTableBytes - 5 * kPageSize, 6 * kPageSize); });
    refuses([&] { blob.destroy(); });
    refuses([&] {
      while (!blob.destroy_some(1)) {
      }
    });
    walk();
  }

  bool read_is_refused() {
    return refuses([&] { content(); });
  }
};

/// Two tables, of which the second is nearly empty, and holes. No flip makes one table's number the
/// other's: that only the checksum of the root page would see.
class BlobFlipTest : public BlobHostileTest {
 protected:
  BlobFlipTest() {
    blob.write(0, pattern(4 * kPageSize));
    blob.write(kTableBytes + 7 * kPageSize, pattern(50));
    pages.commit();
  }

  /// The bytes that tests read: what is mapped, and the page that entry `slot` of a node at
  /// `first_page` speaks for.
  std::string sample(std::uint64_t page_index) const {
    return read(0, 5 * kPageSize) + read(kTableBytes + 6 * kPageSize, 2 * kPageSize) +
           read(page_index * kPageSize, kPageSize);
  }

  void flip_each_byte(Pid pid, std::size_t begin, std::size_t end,
                      const std::function<std::uint64_t(std::size_t slot)>& page_of_slot) {
    for (std::size_t at = begin; at < end; ++at) {
      const std::uint64_t page_index = page_of_slot((at - begin) / sizeof(BlobEntry));
      const std::string before = sample(page_index);
      for (const int flip : {0x01, 0x80, 0xff}) {
        pages.raw(pid)[at] ^= static_cast<std::byte>(flip);
        std::string after = before;
        refuses([&] { after = sample(page_index); });
        ASSERT_TRUE(after == before) << "page " << pid << " byte " << at << " flip " << flip;
        try_everything();
        pages.raw(pid)[at] ^= static_cast<std::byte>(flip);
      }
    }
  }
};

TEST_F(BlobFlipTest, NoFlipInTheRootsEntriesYieldsWrongData) {
  flip_each_byte(blob.root(), offsetof(BlobRootPage, entries), kPageSize,
                 [](std::size_t slot) { return slot * kBlobTableEntries; });
}

TEST_F(BlobFlipTest, NoFlipInTheFirstTableYieldsWrongData) {
  flip_each_byte(root().entries[0].pid, offsetof(BlobTablePage, entries), kPageSize,
                 [](std::size_t slot) { return slot; });
}

TEST_F(BlobFlipTest, NoFlipInTheLastTableYieldsWrongData) {
  flip_each_byte(root().entries[1].pid, offsetof(BlobTablePage, entries), kPageSize,
                 [](std::size_t slot) { return kBlobTableEntries + slot; });
}

TEST_F(BlobFlipTest, AFlipInTheRootsFieldsIsRefusedOrSeenByTheWalk) {
  constexpr std::size_t kEndOfChecked = offsetof(BlobRootPage, flags);
  for (std::size_t at = offsetof(BlobRootPage, size); at < kEndOfChecked; ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      const std::uint64_t size = root().size;
      pages.raw(blob.root())[at] ^= static_cast<std::byte>(flip);
      // A greater size within the height's reach is a blob that ends in a hole: nothing to see.
      if (root().size <= size || blob_height(root().size) != 2) {
        EXPECT_FALSE(walk().problems().empty()) << "byte " << at << " flip " << flip;
      }
      try_everything();
      pages.raw(blob.root())[at] ^= static_cast<std::byte>(flip);
    }
  }
}

TEST_F(BlobFlipTest, ReservedBytesAreIgnored) {
  const std::string before = sample(0);
  for (std::size_t at = offsetof(BlobRootPage, flags); at < offsetof(BlobRootPage, entries); ++at) {
    pages.raw(blob.root())[at] = std::byte{0xff};
  }
  EXPECT_EQ(sample(0), before);
  expect_sound();
}

TEST_F(BlobHostileTest, RefusesEveryHeightButTheOneOfItsSize) {
  for (const std::uint64_t size : {std::uint64_t{10}, std::uint64_t{5000}, kTableBytes}) {
    blob.resize(size);
    pages.commit();
    for (unsigned height = 0; height < 256; ++height) {
      root().height = static_cast<std::uint8_t>(height);
      EXPECT_EQ(read_is_refused(), height != blob_height(size)) << size << " height " << height;
      EXPECT_EQ(walk().problems().empty(), height == blob_height(size));
      try_everything();
    }
    root().height = static_cast<std::uint8_t>(blob_height(size));
  }
}

TEST_F(BlobHostileTest, RefusesWildSizes) {
  blob.write(0, "abc");
  pages.commit();
  for (const std::uint64_t size : {std::uint64_t{kBlobInlineBytes + 1}, kBlobMaxSize + 1,
                                   std::uint64_t{1} << 63, UINT64_MAX, UINT64_MAX - 4095}) {
    root().size = size;
    EXPECT_THROW(blob.size(), CorruptionError) << size;
    EXPECT_THROW(blob.piece(0, 1), CorruptionError) << size;
    EXPECT_THROW(blob.append("x"), CorruptionError) << size;
    EXPECT_FALSE(walk().problems().empty()) << size;
    try_everything();
  }
}

TEST_F(BlobHostileTest, RefusesACountOfPagesThatDoesNotAddUp) {
  blob.write(0, pattern(3 * kPageSize));
  pages.commit();
  for (const std::uint64_t owned : {std::uint64_t{0}, std::uint64_t{2}, std::uint64_t{4},
                                    std::uint64_t{pages.page_count()} + 1, UINT64_MAX}) {
    root().pages_owned = owned;
    EXPECT_TRUE(refuses([&] { blob.resize(0); })) << owned;
    EXPECT_EQ(refuses([&] { blob.destroy(); }), owned != 4) << owned;
    EXPECT_FALSE(walk().problems().empty()) << owned;
    try_everything();
  }
}

TEST_F(BlobHostileTest, RefusesInlineContentThatOwnsPages) {
  blob.write(0, "abc");
  pages.commit();
  root().pages_owned = 1;
  EXPECT_THROW(blob.size(), CorruptionError);
}

TEST_F(BlobHostileTest, RefusesAHoleWithASum) {
  blob.resize(5000);
  pages.commit();
  root().entries[1].sum = 1;
  EXPECT_TRUE(read_is_refused());
  EXPECT_TRUE(refuses([&] { blob.punch(0, 5000); }));
  EXPECT_EQ(walk().problems().size(), 1u);
}

TEST_F(BlobHostileTest, RefusesPagesOutsideTheFile) {
  blob.write(0, pattern(2 * kPageSize));
  pages.commit();
  for (const Pid pid : {pages.page_count(), Pid{UINT32_MAX}, Pid{1}}) {
    root().entries[1].pid = pid;
    EXPECT_TRUE(read_is_refused()) << pid;
    EXPECT_TRUE(refuses([&] { blob.resize(0); })) << pid;
    EXPECT_TRUE(refuses([&] { blob.write(0, pattern(2 * kPageSize)); })) << pid;
    EXPECT_FALSE(walk().problems().empty());
    try_everything();
  }
}

TEST_F(BlobHostileTest, RefusesDataPagesThatLeadToThemselves) {
  blob.write(0, pattern(600 * kPageSize));
  pages.commit();
  const Pid first_table = root().entries[0].pid;
  const Pid beside = root().entries[1].pid;  // freed unread, as any page that claims to be data
  for (const Pid pid : {blob.root(), first_table, beside}) {
    table(first_table).entries[2].pid = pid;
    EXPECT_TRUE(read_is_refused()) << pid;
    EXPECT_TRUE(refuses([&] { blob.write(0, pattern(5 * kPageSize)); })) << pid;
    EXPECT_TRUE(refuses([&] { blob.resize(0); })) << pid;
    EXPECT_EQ(refuses([&] { blob.punch(0, 5 * kPageSize); }), pid != beside) << pid;
    EXPECT_FALSE(walk().problems().empty());
    try_everything();
  }
}

TEST_F(BlobHostileTest, RefusesTablesInACircle) {
  blob.write(kFar, "x");  // height 4: three tables
  pages.commit();
  const Pid upper = root().entries[1].pid;
  const Pid middle = table(upper).entries[0].pid;
  for (const Pid pid : {blob.root(), upper, middle}) {
    SCOPED_TRACE(pid);
    const BlobEntry before = table(middle).entries[0];
    table(middle).entries[0].pid = pid;
    EXPECT_TRUE(refuses([&] { blob.write(kFar, "y"); }));
    EXPECT_TRUE(refuses([&] { blob.resize(0); }));
    EXPECT_TRUE(refuses([&] { blob.destroy(); }));
    EXPECT_FALSE(walk().problems().empty());
    table(middle).entries[0] = before;
  }
}

TEST_F(BlobHostileTest, EndsOnTablesThatAreSharedAtEveryLevel) {
  blob.write(kFar, "x");
  pages.commit();
  const Pid upper = root().entries[1].pid;
  const Pid middle = table(upper).entries[0].pid;
  const Pid lower = table(middle).entries[0].pid;
  root().entries.fill({upper, 0});
  table(upper).entries.fill({middle, 0});
  table(middle).entries.fill({lower, 0});
  table(lower).entries = {};  // 66 thousand million holes
  EXPECT_TRUE(refuses([&] { blob.destroy(); }));
  EXPECT_TRUE(refuses([&] { blob.resize(0); }));
  EXPECT_TRUE(refuses([&] { blob.punch(5, blob.size() - 10); }));
  EXPECT_FALSE(walk().problems().empty());
}

TEST_F(BlobHostileTest, GivesBackPagesOrderedForHolesThatAreSharedTwice) {
  blob.write(0, "x");
  blob.write(kTableBytes, "y");
  pages.commit();
  const std::size_t used = pages.used();
  root().entries[1].pid = root().entries[0].pid;
  blob.write(0, pattern(2 * kTableBytes));
  EXPECT_EQ(pages.used() - used, 507u) << "all holes of the table, which has one page";
}

TEST_F(BlobHostileTest, WalkGoesOnBesideABadTable) {
  blob.write(0, pattern(1200 * kPageSize));
  pages.commit();
  const Pid bad = root().entries[1].pid;
  reinterpret_cast<StructurePageHeader*>(pages.raw(bad))->type = 0;
  const auto visitor = walk();
  EXPECT_EQ(visitor.all().size(), 1u + 3u + 1200u - 508u);
  EXPECT_EQ(visitor.problems().size(), 2u) << "the table, and the count";
}

TEST_F(BlobHostileTest, WalkSeesWhatLiesBehindTheEnd) {
  blob.write(0, pattern(2 * kPageSize + 100));
  pages.commit();
  root().size = 2 * kPageSize + 99;
  EXPECT_EQ(walk().problems().size(), 1u) << "a byte that is not zero";
  root().size = 2 * kPageSize;
  EXPECT_EQ(walk().problems().size(), 1u) << "a page";
}

TEST_F(BlobHostileTest, WalkSeesBytesBehindInlineContent) {
  blob.write(0, pattern(100));
  root().size = 99;
  EXPECT_EQ(walk().problems().size(), 1u);
}

TEST_F(BlobHostileTest, WalkReadsDataPagesOnlyIfDeep) {
  blob.write(0, pattern(3 * kPageSize));
  pages.commit();
  pages.raw(data_pids()[1])[9] ^= std::byte{4};
  EXPECT_EQ(walk().problems().size(), 1u);
  testing::CollectingVisitor shallow(pages.page_count(), false);
  blob.walk(shallow);
  EXPECT_TRUE(shallow.problems().empty());
  EXPECT_EQ(shallow.all().size(), 4u);
}

}  // namespace
}  // namespace quire::structures
