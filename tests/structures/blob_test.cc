#include "structures/blob.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/checksum.h"
#include "structures/blob_format.h"
#include "tests/structures/blob_fixture.h"
#include "tests/support/page_map.h"

namespace quire::structures {
namespace {

using testing::BlobTest;
using testing::CollectingVisitor;
using testing::pattern;

constexpr std::uint64_t kReach1 = 504 * kPageSize;
constexpr std::uint64_t kReach2 = 508 * kReach1;
constexpr std::uint64_t kReach3 = 508 * kReach2;

TEST_F(BlobTest, IsEmptyWhenMade) {
  EXPECT_EQ(blob.size(), 0u);
  EXPECT_EQ(blob.pages_owned(), 0u);
  EXPECT_EQ(content(), "");
  expect_sound();
}

TEST_F(BlobTest, KeepsItsContentAtEverySizeAroundTheBoundaries) {
  for (const std::size_t size :
       {std::size_t{1}, kBlobInlineBytes - 1, kBlobInlineBytes, kBlobInlineBytes + 1, kPageSize - 1,
        kPageSize, kPageSize + 1, 2 * kPageSize, kReach1 - 1, kReach1, kReach1 + 1,
        kReach1 + kPageSize, 509 * kPageSize, 1017 * kPageSize}) {
    SCOPED_TRACE(size);
    const std::string text = pattern(size);
    blob.write(0, text);
    EXPECT_EQ(blob.size(), size);
    EXPECT_TRUE(content() == text) << "before commit";
    expect_sound();
    pages.commit();
    EXPECT_TRUE(content() == text) << "after commit";
    expect_sound();
    blob.resize(0);
    EXPECT_EQ(pages.used(), 1u);
    expect_sound();
  }
}

TEST_F(BlobTest, TakesPagesOnlyForContentOutsideTheRoot) {
  blob.write(0, pattern(kBlobInlineBytes));
  EXPECT_EQ(blob.pages_owned(), 0u);
  blob.append("x");
  EXPECT_EQ(blob.pages_owned(), 1u);
  blob.resize(kBlobInlineBytes);
  EXPECT_EQ(blob.pages_owned(), 0u);
  EXPECT_EQ(content(), pattern(kBlobInlineBytes));
  expect_sound();
}

TEST_F(BlobTest, GrowsByAppendsOfAnySize) {
  std::string text;
  for (std::size_t i = 1; text.size() < kReach1 + 50000; i = i * 5 / 4 + 1) {
    const std::string part = pattern(i, i);
    blob.append(part);
    text += part;
    if (i % 3 == 0) pages.commit();
  }
  EXPECT_TRUE(content() == text);
  pages.commit();
  EXPECT_TRUE(content() == text);
  expect_sound();
}

TEST_F(BlobTest, OverwritesWithinAndAcrossPages) {
  std::string text = pattern(10 * kPageSize + 100);
  blob.write(0, text);
  pages.commit();
  for (const std::size_t offset :
       {std::size_t{0}, kPageSize - 1, 3 * kPageSize, text.size() - 50}) {
    const std::string part = pattern(2 * kPageSize + 7, offset);
    text.resize(std::max(text.size(), offset + part.size()));
    text.replace(offset, part.size(), part);
    blob.write(offset, part);
    EXPECT_TRUE(content() == text) << offset;
    pages.commit();
    EXPECT_TRUE(content() == text) << offset;
    expect_sound();
  }
}

TEST_F(BlobTest, WritesNothingForNoBytes) {
  pages.commit();
  blob.write(100, "");
  EXPECT_EQ(blob.size(), 0u);
  EXPECT_EQ(pages.touched(), 0u);
}

TEST_F(BlobTest, ReadsShortOnlyAtTheEnd) {
  blob.write(0, pattern(5000));
  EXPECT_EQ(read(4990, 100), pattern(5000).substr(4990));
  EXPECT_EQ(read(5000, 1), "");
  EXPECT_EQ(read(UINT64_MAX, 1), "");
}

TEST_F(BlobTest, ReadsZerosAfterCuttingAndRegrowing) {
  for (const std::size_t size : {std::size_t{1000}, 3 * kPageSize + 5, kReach1 + 3 * kPageSize}) {
    for (const std::size_t cut :
         {std::size_t{0}, size / 2, size - 1, size > kBlobInlineBytes ? kBlobInlineBytes : 0}) {
      SCOPED_TRACE(std::to_string(size) + " to " + std::to_string(cut));
      blob.write(0, pattern(size));
      pages.commit();
      blob.resize(cut);
      expect_sound();
      blob.resize(size);
      EXPECT_TRUE(content() == pattern(size).substr(0, cut) + std::string(size - cut, '\0'));
      pages.commit();
      expect_sound();
      blob.resize(0);
    }
  }
}

TEST_F(BlobTest, WriteBehindTheEndLeavesAGapOfZeros) {
  blob.write(0, "ab");
  blob.write(10, "cd");
  EXPECT_EQ(content(), std::string("ab\0\0\0\0\0\0\0\0cd", 12));
  blob.write(5 * kPageSize + 1, "ef");
  EXPECT_EQ(blob.pages_owned(), 2u) << "page 0 and page 5";
  EXPECT_EQ(read(12, 5 * kPageSize - 12 + 3), std::string(5 * kPageSize - 11, '\0') + "ef");
  expect_sound();
}

TEST_F(BlobTest, HolesTakeNoPages) {
  for (const std::uint64_t size : {kReach1, kReach2, kReach3, kBlobMaxSize}) {
    blob.resize(size);
    EXPECT_EQ(blob.size(), size);
    EXPECT_EQ(pages.used(), 1u);
    EXPECT_EQ(read(size - 5000, 6000), std::string(5000, '\0'));
    EXPECT_EQ(blob.piece(size - 5000, UINT64_MAX).str(), std::string(904, '\0'));
    expect_sound();
  }
}

TEST_F(BlobTest, ASparseWriteTakesOnePagePerLevel) {
  struct Case {
    std::uint64_t offset, pages_owned;
  };
  for (const auto [offset, pages_owned] : {Case{kReach1 - 1, 1}, Case{kReach1, 2}, Case{kReach2, 3},
                                           Case{kReach3, 4}, Case{kBlobMaxSize - 1, 4}}) {
    SCOPED_TRACE(offset);
    blob.write(offset, "x");
    EXPECT_EQ(blob.size(), offset + 1);
    EXPECT_EQ(blob.pages_owned(), pages_owned);
    expect_sound();
    pages.commit();
    EXPECT_EQ(read(offset - 3, 10), std::string("\0\0\0x", 4));
    expect_sound();
    blob.resize(0);
    EXPECT_EQ(pages.used(), 1u);
  }
}

TEST_F(BlobTest, GrowsAndShrinksThroughAllHeightsWithinOneTransaction) {
  const std::string text = pattern(600 * kPageSize + 10);
  blob.write(0, text);
  for (const std::uint64_t offset : {kReach2 + 1, kReach3 + 1}) blob.write(offset, "far");
  EXPECT_EQ(read(kReach2 + 1, 3), "far");
  EXPECT_TRUE(read(0, text.size()) == text);
  expect_sound();
  pages.commit();
  expect_sound();

  blob.write(500 * kPageSize, "changed before its entry moves");
  blob.resize(kReach2 + 4);
  EXPECT_EQ(read(kReach2 + 1, 3), "far");
  blob.resize(text.size());
  EXPECT_EQ(blob.pages_owned(), 601u + 2u) << "two tables";
  blob.resize(503 * kPageSize);
  EXPECT_EQ(blob.pages_owned(), 503u) << "no table is left";
  pages.commit();
  expect_sound();
  EXPECT_EQ(read(500 * kPageSize, 30), "changed before its entry moves");
  EXPECT_TRUE(read(0, 500 * kPageSize) == text.substr(0, 500 * kPageSize));
}

TEST_F(BlobTest, ABigWriteTakesLongRuns) {
  const std::string text = pattern(2048 * kPageSize);
  blob.write(0, text);
  const std::vector<Pid> data = data_pids();
  ASSERT_EQ(data.size(), 2048u);
  EXPECT_EQ(data[1023] - data[0], 1023u);
  EXPECT_EQ(data[2047] - data[1024], 1023u);
  EXPECT_TRUE(content() == text);
  expect_sound();
}

TEST_F(BlobTest, ABigWriteOverSomePagesOrdersExactlyWhatIsMissing) {
  for (std::uint64_t page = 0; page < 1200; page += 100) blob.write(page * kPageSize, "there");
  pages.commit();
  const Pid pages_before = pages.page_count();
  blob.write(0, pattern(1200 * kPageSize));
  EXPECT_EQ(pages.page_count() - pages_before, 1200u - 12u);
  expect_sound();
  pages.commit();
  EXPECT_TRUE(content() == pattern(1200 * kPageSize));
}

TEST_F(BlobTest, ASmallWriteTouchesOnePagePerLevel) {
  blob.write(0, pattern(600 * kPageSize));
  pages.commit();
  blob.write(555 * kPageSize + 10, "small");
  EXPECT_EQ(pages.touched(), 3u) << "root, table, data";
}

TEST_F(BlobTest, OverwritesWholePagesUnread) {
  blob.write(0, pattern(3 * kPageSize + 100));
  pages.commit();
  const auto data = data_pids();
  for (const Pid pid : data) pages.raw(pid)[7] ^= std::byte{1};

  EXPECT_THROW(blob.write(10, "part of a page"), CorruptionError);
  pages.rollback();
  const std::string text = pattern(3 * kPageSize + 100, 1);
  blob.write(0, text);
  EXPECT_EQ(data_pids(), data) << "pages keep their place";
  pages.commit();
  EXPECT_EQ(content(), text);
}

TEST_F(BlobTest, OverwritesAShortLastPageUnreadOnlyIfNothingOfItStays) {
  blob.write(0, pattern(kPageSize + 100));
  pages.commit();
  pages.raw(data_pids().back())[0] ^= std::byte{1};
  EXPECT_THROW(blob.write(kPageSize, pattern(99)), CorruptionError);
  pages.rollback();
  EXPECT_THROW(blob.write(kPageSize + 1, pattern(200)), CorruptionError);
  pages.rollback();
  blob.write(kPageSize, pattern(100, 1));
  EXPECT_EQ(read(kPageSize, 100), pattern(100, 1));
}

TEST_F(BlobTest, FreesUnreadDataPages) {
  blob.write(0, pattern(700 * kPageSize));
  pages.commit();
  for (const Pid pid : data_pids()) pages.raw(pid)[7] ^= std::byte{1};
  blob.punch(100 * kPageSize, 500 * kPageSize);
  blob.resize(50 * kPageSize);
  EXPECT_EQ(pages.used(), 51u);
  blob.resize(0);
  EXPECT_EQ(pages.used(), 1u);
}

TEST_F(BlobTest, PunchMakesZerosAndFreesWholePages) {
  struct Case {
    std::uint64_t offset, count, pages_freed;
  };
  const std::uint64_t size = 1100 * kPageSize + 100;  // three tables
  const std::string text = pattern(size);
  for (const auto [offset, count, pages_freed] :
       {Case{0, 1, 0}, Case{0, kPageSize, 1}, Case{1, kPageSize, 0}, Case{10, 20, 0},
        Case{kPageSize - 1, kPageSize + 2, 1}, Case{size - 100, 99, 0}, Case{size - 100, 100, 1},
        Case{size - 100, UINT64_MAX, 1}, Case{5, 508 * kPageSize, 507},
        Case{508 * kPageSize, 508 * kPageSize, 509}, Case{1016 * kPageSize, UINT64_MAX, 86},
        Case{500 * kPageSize, 520 * kPageSize, 521}, Case{0, size, 1104}}) {
    SCOPED_TRACE(std::to_string(offset) + " + " + std::to_string(count));
    blob.resize(0);
    blob.write(0, text);
    pages.commit();
    blob.punch(offset, count);
    std::string expected = text;
    const std::size_t there = std::min(count, size - offset);
    expected.replace(offset, there, there, '\0');
    EXPECT_TRUE(content() == expected);
    EXPECT_EQ(pages.used(), 1 + 1104 - pages_freed);
    expect_sound();
    pages.commit();
    EXPECT_TRUE(content() == expected);
    expect_sound();
  }
}

TEST_F(BlobTest, HasThePagesOfAnEmptyBlobWhenEverythingIsPunchedOrCut) {
  const std::uint64_t far = blob_reach(2) * kPageSize;
  const auto fill = [&] {
    for (const std::uint64_t at : {std::uint64_t{0}, 600 * kPageSize, far, 2 * far}) {
      blob.write(at, pattern(3 * kPageSize));
    }
    pages.commit();
  };
  fill();
  for (std::uint64_t at = 2 * far; at < blob.size(); at += kPageSize) blob.punch(at, kPageSize);
  blob.punch(0, 2 * far);
  EXPECT_EQ(pages.used(), 1u) << "tables go with their last page";
  expect_sound();
  fill();
  blob.resize(0);
  EXPECT_EQ(pages.used(), 1u);
  expect_sound();
}

TEST_F(BlobTest, PunchOfInlineContentMakesZeros) {
  blob.write(0, "0123456789");
  blob.punch(2, 3);
  EXPECT_EQ(content(), std::string("01\0\0\0"
                                   "56789",
                                   10));
  blob.punch(8, 100);
  EXPECT_EQ(content(), std::string("01\0\0\0"
                                   "567\0\0",
                                   10));
}

TEST_F(BlobTest, PunchOfNothingChangesNothing) {
  blob.write(0, pattern(5000));
  pages.commit();
  blob.punch(5000, 10);
  blob.punch(0, 0);
  blob.resize(5000);
  EXPECT_EQ(pages.touched(), 0u);
}

TEST_F(BlobTest, PunchOfAHoleAllocatesNothing) {
  blob.resize(kReach3);
  blob.punch(12345, kReach2);
  blob.punch(kReach2 + 1, 5);
  EXPECT_EQ(pages.used(), 1u);
  expect_sound();
}

TEST_F(BlobTest, EditChangesBytesWhereTheyLie) {
  for (const std::size_t size : {std::size_t{100}, 3 * kPageSize, 600 * kPageSize}) {
    const std::uint64_t at = size - 60;
    blob.write(0, pattern(size));
    pages.commit();
    const BlobEdit edit = blob.edit(at, 50);
    EXPECT_EQ(read(at, 50), pattern(size).substr(at, 50)) << "the old bytes are there";
    std::ranges::fill(edit.bytes, std::byte{'x'});
    EXPECT_EQ(content(), pattern(size).replace(at, 50, 50, 'x'));
    pages.commit();
    EXPECT_EQ(content(), pattern(size).replace(at, 50, 50, 'x'));
    expect_sound();
  }
}

TEST_F(BlobTest, EditOfAHoleGivesItAPage) {
  blob.resize(10 * kPageSize);
  const BlobEdit edit = blob.edit(5 * kPageSize, kPageSize);
  EXPECT_EQ(pages.used(), 2u);
  edit.bytes[1] = std::byte{'x'};
  EXPECT_EQ(read(5 * kPageSize, 3), std::string("\0x\0", 3));
  pages.commit();
  expect_sound();
}

TEST_F(BlobTest, EditGoesOnWhileOtherBytesChange) {
  blob.write(0, pattern(10 * kPageSize));
  const BlobEdit edit = blob.edit(3 * kPageSize + 100, 10);
  blob.write(3 * kPageSize, pattern(100, 1));
  blob.write(4 * kPageSize, pattern(5 * kPageSize, 2));
  blob.resize(blob_reach(2) * kPageSize + 1);
  blob.resize(4 * kPageSize);
  blob.punch(0, 3 * kPageSize + 50);
  std::ranges::fill(edit.bytes, std::byte{'x'});
  EXPECT_EQ(read(3 * kPageSize + 100, 10), "xxxxxxxxxx");
  pages.commit();
  EXPECT_EQ(read(3 * kPageSize + 100, 10), "xxxxxxxxxx");
  expect_sound();
}

TEST_F(BlobTest, EditEndsHarmlesslyWhenItsBytesMoveOrGo) {
  const auto scribble = [](const BlobEdit& edit) {
    std::ranges::fill(edit.bytes, std::byte{0xee});
  };
  blob.write(0, pattern(4000));
  const BlobEdit in_root = blob.edit(0, 4000);
  blob.append(pattern(kPageSize));
  scribble(in_root);
  EXPECT_EQ(content(), pattern(4000) + pattern(kPageSize));
  const BlobEdit overwritten = blob.edit(0, kPageSize);
  blob.write(0, pattern(2 * kPageSize, 1));
  scribble(overwritten);
  const BlobEdit cut = blob.edit(kPageSize, kPageSize);
  blob.resize(kPageSize);
  scribble(cut);
  EXPECT_EQ(content(), pattern(2 * kPageSize, 1).substr(0, kPageSize));
  const BlobEdit moved = blob.edit(0, 100);
  blob.resize(50);
  scribble(moved);
  EXPECT_EQ(content(), pattern(50, 1));
  pages.commit();
  expect_sound();
}

TEST_F(BlobTest, EditRefusesBytesOfTwoPagesAndBytesThatAreNotThere) {
  blob.write(0, pattern(2 * kPageSize));
  pages.commit();
  EXPECT_THROW(blob.edit(kPageSize - 1, 2), InvalidArgument);
  EXPECT_THROW(blob.edit(0, kPageSize + 1), InvalidArgument);
  EXPECT_THROW(blob.edit(2 * kPageSize - 1, 2), std::out_of_range);
  EXPECT_THROW(blob.edit(UINT64_MAX, 2), std::out_of_range);
  EXPECT_TRUE(blob.edit(2 * kPageSize, 0).bytes.empty());
  EXPECT_EQ(pages.touched(), 0u);
}

TEST_F(BlobTest, ViewSharesTheFrameOfOnePage) {
  blob.write(0, pattern(3 * kPageSize));
  pages.commit();
  const Value shared = blob.view(kPageSize + 10, 3000);
  EXPECT_EQ(shared.str(), pattern(3 * kPageSize).substr(kPageSize + 10, 3000));
  EXPECT_EQ(shared.data(), pages.raw(data_pids()[1]) + 10);
  EXPECT_EQ(blob.view(kPageSize - 1, 2).str(), pattern(3 * kPageSize).substr(kPageSize - 1, 2));
  EXPECT_EQ(blob.view(3 * kPageSize, 0).size(), 0u);
}

TEST_F(BlobTest, ViewOfAHoleIsZeros) {
  blob.resize(kReach2);
  EXPECT_EQ(blob.view(5, 10).str(), std::string(10, '\0'));
  EXPECT_EQ(blob.view(5, 10000).str(), std::string(10000, '\0'));
}

TEST_F(BlobTest, ViewBehindTheEndIsOutOfRange) {
  blob.write(0, "abc");
  EXPECT_THROW(blob.view(0, 4), std::out_of_range);
  EXPECT_THROW(blob.view(4, 0), std::out_of_range);
  EXPECT_THROW(blob.view(1, SIZE_MAX), std::out_of_range);
}

TEST_F(BlobTest, PiecesCoverTheContent) {
  std::string text = pattern(3 * kPageSize + 10) + std::string(2 * kPageSize, '\0') + "end";
  blob.write(0, text.substr(0, 3 * kPageSize + 10));
  blob.write(5 * kPageSize + 10, "end");
  std::string seen;
  while (seen.size() < text.size()) {
    const Value piece = blob.piece(seen.size(), 3000);
    ASSERT_FALSE(piece.empty());
    ASSERT_LE(piece.size(), 3000u);
    seen += piece.text();
  }
  EXPECT_EQ(seen, text);
  EXPECT_TRUE(blob.piece(text.size(), 1).empty());
  EXPECT_TRUE(blob.piece(0, 0).empty());
}

TEST_F(BlobTest, RollbackRestoresEverything) {
  const std::string text = pattern(600 * kPageSize);
  blob.write(0, text);
  pages.commit();
  const std::size_t used = pages.used();
  blob.write(kReach3, "far");
  blob.punch(0, 550 * kPageSize);
  blob.resize(10);
  pages.rollback();
  EXPECT_EQ(pages.used(), used);
  EXPECT_TRUE(content() == text);
  expect_sound();
}

TEST_F(BlobTest, DestroyLeavesNothing) {
  blob.write(0, pattern(600 * kPageSize));
  blob.write(kReach3, "far");
  pages.commit();
  blob.destroy();
  EXPECT_EQ(pages.used(), 0u);
}

TEST_F(BlobTest, RefusesWhatItCannotReachBeforeAnythingChanges) {
  blob.write(0, pattern(5000));
  pages.commit();
  constexpr std::uint64_t kMost = INT64_MAX;
  EXPECT_THROW(blob.write(kMost, "x"), InvalidArgument);
  EXPECT_THROW(blob.write(UINT64_MAX, "x"), InvalidArgument);
  EXPECT_THROW(blob.resize(kMost + 1), InvalidArgument);
  EXPECT_THROW(blob.write(kMost - 1, "x"), OutOfSpace);
  EXPECT_THROW(blob.write(kBlobMaxSize, "x"), OutOfSpace);
  EXPECT_THROW(blob.resize(kBlobMaxSize + 1), OutOfSpace);
  EXPECT_EQ(pages.touched(), 0u);
}

TEST_F(BlobTest, LaysContentIntoTheRoot) {
  blob.write(0, "hello");
  const std::byte* root = pages.raw(blob.root());
  EXPECT_EQ(ByteView(root + 32, 16), std::string("\5\0\0\0\0\0\0\0"
                                                 "\0\0\0\0\0\0\0\0",
                                                 16));
  EXPECT_EQ(ByteView(root + 48, 16), std::string(16, '\0')) << "height 0, flags 0";
  EXPECT_EQ(ByteView(root + 64, 4032), "hello" + std::string(4027, '\0'));
}

TEST_F(BlobTest, LaysEntriesIntoRootAndTables) {
  blob.write(4096, "page one");
  blob.write(0x201000, "page 513");  // slot 5 of the second table
  pages.commit();
  const std::byte* root = pages.raw(blob.root());
  // The pages in the order in which they were allocated: root 4, page one 5, its table 6, the
  // second table 7, page 513 8.
  EXPECT_EQ(ByteView(root + 32, 17), std::string("\x08\x10\x20\0\0\0\0\0"
                                                 "\4\0\0\0\0\0\0\0"
                                                 "\2",
                                                 17));
  EXPECT_EQ(ByteView(root + 64, 24), std::string("\6\0\0\0\0\0\0\0"
                                                 "\7\0\0\0\0\0\0\0"
                                                 "\0\0\0\0\0\0\0\0",
                                                 24));
  const Le32 sum = static_cast<Sum32>(checksum64({pages.raw(8), kPageSize}, page_seed(0, 8)));
  const ByteView sum_bytes(reinterpret_cast<const std::byte*>(&sum), sizeof sum);
  const std::byte* table = pages.raw(7);
  EXPECT_EQ(ByteView(table + 32, 40), std::string(40, '\0'));
  EXPECT_EQ(ByteView(table + 72, 8), std::string("\x08\0\0\0", 4) + sum_bytes.str());
  EXPECT_EQ(ByteView(table + 80, 4016), std::string(4016, '\0'));
  EXPECT_EQ(ByteView(pages.raw(8), kPageSize), "page 513" + std::string(4088, '\0'));
}

}  // namespace
}  // namespace quire::structures
