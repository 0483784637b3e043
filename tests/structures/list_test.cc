#include "structures/list.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>

#include "tests/structures/list_fixture.h"

namespace quire::structures {
namespace {

using testing::ListTest;
using testing::pattern;
using testing::TinyListTest;

TEST_F(ListTest, IsOnePageAtFirst) {
  EXPECT_EQ(list.size(), 0u);
  EXPECT_EQ(list.pages(), 1u);
  EXPECT_THROW(list.at(0), std::out_of_range);
  expect_sound();
}

TEST_F(ListTest, KeepsItemsInTheirOrder) {
  push_back("b");
  push_front("a");
  push_back("d");
  insert(2, "c");
  insert(4, "");
  expect_sound();
  EXPECT_EQ(list.at(2).text(), "c");
  set(2, "C");
  set(0, "");
  erase(1);
  expect_sound();
}

TEST_F(ListTest, LiesOnDiskAsTheFormatSays) {
  push_back("xy");
  push_back("");
  push_front("z");
  std::string expected(4096, '\0');
  const auto at = [&](std::size_t offset, const std::string& text) {
    expected.replace(offset, text.size(), text);
  };
  using namespace std::string_literals;
  at(16, "\x04\0\0\0\x07\0\0\0\x04"s);  // pid, owner, type
  at(32, "\0\0\x03\0\xf7\x0f\0\0"s);    // height, flags, count, heap start, dead bytes
  at(40, "\x03\0\0\0\0\0\0\0"s);        // items; no pages owned
  at(56, "\xf7\x0f\xfc\x0f\xfa\x0f"s);  // offsets in the order of the list
  at(0xff7, "\0\x01z\0\0\0\x02xy"s);    // records in the order of their coming
  EXPECT_TRUE(std::string(reinterpret_cast<const char*>(pages.raw(4)), 4096) == expected);
}

TEST_F(ListTest, InnerNodesAndLongItemsLieOnDiskAsTheFormatSays) {
  push_back(pattern(5000));
  for (int i = 0; i < 5; ++i) push_back(pattern(1000));
  using namespace std::string_literals;
  const std::string root(reinterpret_cast<const char*>(pages.raw(4)), 4096);
  EXPECT_TRUE(root.substr(32, 24) == "\x01\0\x02\0\0\0\0\0\x06\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0"s)
      << "height 1, two entries, six items, four pages";
  EXPECT_TRUE(root.substr(56, 32) ==
              "\x05\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0"
              "\x01\0\0\0\0\0\0\0\x07\0\0\0\0\0\0\0"s);
  EXPECT_TRUE(root.substr(88) == std::string(4096 - 88, '\0'));
  const std::string leaf(reinterpret_cast<const char*>(pages.raw(8)), 4096);
  EXPECT_TRUE(leaf.substr(4096 - 9) == "\x01\x88\x27\x01\x05\0\0\0\x01"s)
      << "extents, 5000 bytes, one of two pages from page 5";
}

TEST_F(ListTest, RefusesIndexesOutOfRangeAndChangesNothing) {
  for (int i = 0; i < 3; ++i) push_back(std::to_string(i));
  pages.commit();
  EXPECT_THROW(list.at(3), std::out_of_range);
  EXPECT_THROW(list.set(3, "x"), std::out_of_range);
  EXPECT_THROW(list.insert(4, "x"), std::out_of_range);
  EXPECT_THROW(list.erase(3), std::out_of_range);
  EXPECT_THROW(list.erase(2, 2), std::out_of_range);
  EXPECT_THROW(list.erase(1, UINT64_MAX), std::out_of_range);
  EXPECT_THROW(list.erase(4, 0), std::out_of_range);
  list.erase(3, 0);
  EXPECT_EQ(pages.touched(), 0u);
  expect_sound();
}

TEST_F(ListTest, HoldsItemsOfAnyLength) {
  for (const std::size_t size :
       {0u, 1u, 127u, 128u, 999u, 1000u, 1001u, 4056u, 4057u, 65536u, 65537u, 1u << 20}) {
    push_back(pattern(size));
    push_front(pattern(size, 1));
  }
  expect_sound();
  pages.commit();
  expect_sound();
  while (!model.empty()) erase(model.size() / 2);
  EXPECT_EQ(pages.used(), 1u);
  expect_sound();
}

TEST_F(ListTest, ReplacesItemsAcrossAllForms) {
  push_back("first");
  push_back("");
  push_back("last");
  for (const std::size_t size :
       {0u, 10u, 1000u, 1001u, 60000u, 60000u, 70000u, 70000u, 1500u, 3u, 90000u, 0u}) {
    set(1, pattern(size, size % 7));
    expect_sound();
    pages.commit();
  }
}

TEST_F(ListTest, OverwritesALongItemOfTheSameLengthWhereItLies) {
  push_back(pattern(20000));
  pages.commit();
  std::string changed = pattern(20000);
  changed[9000] = '\0';
  set(0, changed);
  EXPECT_EQ(pages.touched(), 1u) << "the page that differs";
  expect_sound();
}

TEST_F(ListTest, FilledFromTheEndLeavesFullLeaves) {
  for (int i = 0; i < 10000; ++i) push_back(pattern(96));
  const auto counts = leaf_counts();
  EXPECT_TRUE(std::all_of(counts.begin(), counts.end() - 1, [](auto n) { return n == 40; }))
      << "forty items of 98 bytes and an offset";
  expect_sound();
}

TEST_F(ListTest, FilledFromTheFrontLeavesFullLeaves) {
  for (int i = 0; i < 10000; ++i) push_front(pattern(96));
  const auto counts = leaf_counts();
  EXPECT_TRUE(std::all_of(counts.begin() + 1, counts.end(), [](auto n) { return n == 40; }));
  expect_sound();
}

TEST_F(ListTest, FilledInTheMiddleLeavesHalfFullLeavesOrFuller) {
  for (int i = 0; i < 5000; ++i) insert(model.size() / 2, pattern(96));
  for (const std::size_t count : leaf_counts()) EXPECT_GE(count, 20u);
  expect_sound();
}

TEST_F(ListTest, TakesAThousandEmptyItemsToALeaf) {
  for (int i = 0; i < 5000; ++i) push_back("");
  EXPECT_EQ(leaf_counts(), (std::vector<std::size_t>{1010, 1010, 1010, 1010, 960}));
  expect_sound();
}

TEST_F(ListTest, AChangeCostsOnePageALevel) {
  for (int i = 0; i < 20000; ++i) push_back(pattern(200));
  ASSERT_EQ(raw_root().height, 2);
  const auto cost = [&](const auto& change) {
    pages.commit();
    change();
    return pages.touched();
  };
  EXPECT_EQ(cost([&] { push_back("x"); }), 3u);
  EXPECT_EQ(cost([&] { erase(10000); }), 3u);
  EXPECT_EQ(cost([&] { insert(10000, pattern(150)); }), 3u);
  EXPECT_EQ(cost([&] { set(10000, pattern(180)); }), 1u) << "no count changes";
  EXPECT_EQ(cost([&] { insert(5000, pattern(200)); }), 5u) << "two full nodes split";
  EXPECT_EQ(cost([&] { insert(5000, pattern(200)); }), 3u);
  EXPECT_LE(cost([&] { erase(100, 19000); }), 8u) << "both ends; the rest is freed unread";
  expect_sound();
}

TEST_F(TinyListTest, GrowsAndShrinksThroughAllHeights) {
  fill(2000);
  EXPECT_GE(raw_root().height, 4);
  expect_sound();
  pages.commit();
  while (model.size() > 1) {
    erase(model.size() / 2);
    if (model.size() % 100 == 0) expect_sound();
  }
  EXPECT_EQ(pages.used(), 1u) << "the last item lies in the root";
  erase(0);
  expect_sound();
}

TEST_F(TinyListTest, GivesBackEveryPageFromTheFrontAndFromTheEnd) {
  for (const bool from_front : {true, false}) {
    fill(500);
    while (!model.empty()) {
      erase(from_front ? 0 : model.size() - 1);
      if (model.size() % 37 == 0) expect_sound();
    }
    EXPECT_EQ(pages.used(), 1u);
  }
}

TEST_F(TinyListTest, IsAQueueOfAFewPages) {
  fill(20);
  for (int i = 0; i < 2000; ++i) {
    push_back(std::to_string(i));
    erase(0);
    EXPECT_LE(pages.used(), 16u);
  }
  expect_sound();
}

TEST_F(TinyListTest, ErasesAnyRange) {
  fill(120);
  pages.commit();
  const auto whole = model;
  for (std::uint64_t first = 0; first < 120; first += 3) {
    for (std::uint64_t count = 1; first + count <= 120; count += count < 8 ? 1 : 7) {
      erase(first, count);
      ASSERT_NO_FATAL_FAILURE(expect_sound()) << first << " " << count;
      pages.rollback();
      model = whole;
    }
  }
  expect_sound();
}

TEST_F(TinyListTest, MendsNodesThatComeTogetherAfterARangeHasGone) {
  std::mt19937 random(1);
  fill(3000);
  while (model.size() > 20) {
    const std::uint64_t first = random() % model.size();
    erase(first, std::min<std::uint64_t>(random() % 60, model.size() - first));
    expect_sound();
  }
}

TEST_F(TinyListTest, ClearFreesEverythingButTheRoot) {
  fill(300);
  for (int i = 0; i < 30; ++i) insert(static_cast<std::uint64_t>(i) * 7, pattern(3000));
  push_back(pattern(80000));
  pages.commit();
  list.clear();
  model.clear();
  EXPECT_EQ(pages.used(), 1u);
  expect_sound();
  fill(100);
  expect_sound();
  list.destroy();
  EXPECT_EQ(pages.used(), 0u);
}

TEST_F(TinyListTest, RollbackBringsBackTheLastCommit) {
  fill(200);
  pages.commit();
  const auto committed = model;
  for (int i = 0; i < 60; ++i) {
    insert(static_cast<std::uint64_t>(i) * 3, pattern(700));
    erase(static_cast<std::uint64_t>(i));
    set(static_cast<std::uint64_t>(i) * 2, pattern(2000));
  }
  expect_sound();
  pages.rollback();
  model = committed;
  expect_sound();
}

TEST_F(ListTest, ReturnsValuesThatOutliveLaterChanges) {
  for (const std::size_t size : {10u, 900u, 4000u, 9000u, 90000u}) push_back(pattern(size));
  pages.commit();
  std::vector<Value> kept;
  for (std::size_t i = 0; i < model.size(); ++i) kept.push_back(list.at(i));
  list.clear();
  pages.commit();
  for (std::size_t i = 0; i < model.size(); ++i) EXPECT_TRUE(kept[i] == ByteView(model[i]));
}

TEST_F(ListTest, SplitsLeavesOfRecordsThatNoWriterOfOursMakes) {
  for (const std::size_t size : {2000u, 2020u, 3500u, 4030u, 5u}) {
    ListLeaf leaf = ListLeaf::format(list.root(), pages.modify(list.root(), PageType::list_node));
    const std::string item = pattern(size);
    std::string record(1, '\0');
    record += encode_varint(size).view().str() + item;
    leaf.insert(0, record);
    model = {item};
    for (std::size_t i = 0; i < 12; ++i) insert(i % 3, pattern(1000, i));
    for (std::size_t i = 0; i < model.size(); ++i) {
      ASSERT_TRUE(list.at(i) == ByteView(model[i])) << size;
    }
    while (!model.empty()) erase(model.size() / 3);
    expect_sound();
  }
}

}  // namespace
}  // namespace quire::structures
