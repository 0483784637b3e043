#include "structures/list_node.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace quire::structures {
namespace {

constexpr Pid kPid = 9;

std::string field_of_error(const std::function<void()>& operation) {
  try {
    operation();
  } catch (const CorruptionError& error) {
    EXPECT_EQ(error.page(), kPid);
    return error.field();
  }
  return "none";
}

class ListLeafTest : public ::testing::Test {
 protected:
  static std::string record(std::size_t size, char fill = 'x') {
    return NewListRecord(inline_part(std::string(size, fill))).bytes().str();
  }
  void insert(std::size_t index, const std::string& bytes) {
    leaf.insert(index, bytes);
    model.insert(model.begin() + static_cast<std::ptrdiff_t>(index), bytes);
  }
  void erase(std::size_t index) {
    leaf.erase(index);
    model.erase(model.begin() + static_cast<std::ptrdiff_t>(index));
  }
  void replace(std::size_t index, const std::string& bytes) {
    leaf.replace(index, bytes);
    model[index] = bytes;
  }
  void expect_sound() const {
    EXPECT_EQ(leaf.broken_laws(), std::vector<std::string>());
    ASSERT_EQ(leaf.count(), model.size());
    EXPECT_EQ(leaf.items(), model.size());
    std::size_t used = 0;
    for (std::size_t i = 0; i < model.size(); ++i) {
      EXPECT_EQ(leaf.record(i).bytes, ByteView(model[i])) << i;
      used += model[i].size() + 2;
    }
    EXPECT_EQ(leaf.used(), used);
  }
  ListNodeHeader& header() { return *reinterpret_cast<ListNodeHeader*>(frame.data()); }
  void set_offset(std::size_t index, std::uint16_t offset) {
    const Le16 stored = offset;
    std::memcpy(frame.data() + kListHeaderSize + 2 * index, &stored, 2);
  }
  std::string field_of_opening() {
    return field_of_error([&] { ListLeafView(kPid, pager::PageBytes(frame)); });
  }

  std::array<std::byte, kPageSize> frame{};
  ListLeaf leaf = ListLeaf::format(kPid, frame);
  std::vector<std::string> model;
};

TEST_F(ListLeafTest, KeepsRecordsInTheirOrder) {
  insert(0, record(5, 'b'));
  insert(0, record(0));
  insert(2, record(300, 'd'));
  insert(2, record(1000, 'c'));
  expect_sound();
  erase(1);
  expect_sound();
  replace(1, record(7));
  replace(1, record(7, 'y'));
  replace(0, record(900));
  expect_sound();
}

TEST_F(ListLeafTest, HasRoomToTheLastByte) {
  for (int i = 0; i < 4; ++i) insert(0, record(1000));
  insert(2, record(16, 'y'));
  EXPECT_EQ(leaf.used(), kLeafUsable);
  EXPECT_FALSE(leaf.has_room(2));
  expect_sound();
  erase(1);
  EXPECT_TRUE(leaf.has_room(1003));
  EXPECT_FALSE(leaf.has_room(1004));
  insert(4, record(1000, 'z'));
  expect_sound();
}

TEST_F(ListLeafTest, UsesTheRoomOfErasedRecordsAgain) {
  for (int i = 0; i < 3000; ++i) {
    const std::string bytes = record(static_cast<std::size_t>(i * 37 % 700), 'a' + i % 26);
    while (!leaf.has_room(bytes.size())) erase(static_cast<std::size_t>(i) % leaf.count());
    insert(static_cast<std::size_t>(i) % (leaf.count() + 1), bytes);
  }
  expect_sound();
  while (leaf.count() > 0) erase(leaf.count() / 2);
  expect_sound();
  EXPECT_EQ(header().heap_start, kPageSize);
}

TEST_F(ListLeafTest, RefusesNumbersThatDoNotFit) {
  insert(0, record(10));
  const auto good = frame;
  const auto field_after = [&](const std::function<void(ListNodeHeader&)>& damage) {
    damage(header());
    const std::string field = field_of_opening();
    frame = good;
    return field;
  };
  EXPECT_EQ(field_of_opening(), "none");
  EXPECT_EQ(field_after([](auto& h) { h.height = 1; }), "height");
  EXPECT_EQ(field_after([](auto& h) { h.heap_start = 4097; }), "heap_start");
  EXPECT_EQ(field_after([](auto& h) { h.heap_start = 57; }), "count");
  EXPECT_EQ(field_after([](auto& h) { h.count = 65535; }), "count");
  EXPECT_EQ(field_after([](auto& h) { h.dead_bytes = 13; }), "dead_bytes");
  EXPECT_EQ(field_after([](auto& h) { h.items = 2; }), "items");
}

TEST_F(ListLeafTest, RefusesRecordsThatDoNotFit) {
  insert(0, record(10));
  const auto field = [&] { return field_of_error([&] { leaf.record(0); }); };
  for (const std::uint16_t at : {0, 56, 4083, 4096, 65535}) {
    set_offset(0, at);
    EXPECT_EQ(field(), "offset") << at;
  }
  set_offset(0, 4084);
  frame[4084] = std::byte{3};
  EXPECT_EQ(field(), "record") << "no such form";
  frame[4084] = std::byte{0};
  frame[4085] = std::byte{11};
  EXPECT_EQ(field(), "record") << "beyond the page";
  frame[4084] = std::byte{1};
  frame[4086] = std::byte{2};
  EXPECT_EQ(field(), "record") << "two extents in nine bytes";
  frame[4084] = std::byte{2};
  EXPECT_EQ(field(), "none") << "a blob takes four bytes";
}

TEST_F(ListLeafTest, RefusesToCountBytesAsDeadThatAreNot) {
  for (int i = 0; i < 4; ++i) insert(0, record(900));
  header().dead_bytes = 3000;
  EXPECT_TRUE(leaf.has_room(1003));
  EXPECT_EQ(field_of_error([&] { leaf.insert(0, record(1000)); }), "dead_bytes");
}

TEST_F(ListLeafTest, RefusesRecordsThatOverlap) {
  for (int i = 0; i < 4; ++i) insert(0, record(900));
  set_offset(0, header().heap_start);
  set_offset(1, header().heap_start);
  EXPECT_EQ(leaf.broken_laws().front().substr(0, 15), "records overlap");

  const std::vector<ByteView> five(5, leaf.record(0).bytes);
  std::array<std::byte, kPageSize> other{};
  ListLeaf to = ListLeaf::format(kPid, other);
  EXPECT_EQ(field_of_error([&] { to.assign(five); }), "records");
}

TEST_F(ListLeafTest, RefusesToReplaceOneOfManyRecordsThatAreTheSame) {
  insert(0, record(497));
  header().count = 1750;
  header().items = 1750;
  header().dead_bytes = 490;
  EXPECT_EQ(field_of_error([&] { leaf.replace(0, record(1000)); }), "dead_bytes");
}

class ListInnerTest : public ::testing::Test {
 protected:
  static ListEntry entry(std::uint64_t items, Pid pid) {
    return {.items = items, .pid = pid, .zero = {}};
  }
  std::array<std::byte, kPageSize> frame{};
  ListInner node = ListInner::format(kPid, frame, 2, std::array{entry(3, 20), entry(4, 21)});
};

TEST_F(ListInnerTest, CountsItemsBelow) {
  EXPECT_EQ(node.items(), 7u);
  node.insert(1, entry(10, 22));
  node.set_items(0, 5);
  EXPECT_EQ(node.items(), 19u);
  node.erase(1, 1);
  EXPECT_EQ(node.items(), 9u);
  EXPECT_EQ(node.entry(1).pid, 21u);
  node.assign(std::array{entry(1, 30)});
  EXPECT_EQ(node.items(), 1u);
  EXPECT_EQ(node.broken_laws(), std::vector<std::string>());
}

TEST_F(ListInnerTest, FindsItemsAndGaps) {
  const auto find = [&](std::uint64_t index) {
    const std::size_t slot = node.find(index);
    return std::pair(slot, index);
  };
  const auto find_gap = [&](std::uint64_t index) {
    const std::size_t slot = node.find_gap(index);
    return std::pair(slot, index);
  };
  using Place = std::pair<std::size_t, std::uint64_t>;
  EXPECT_EQ(find(0), Place(0, 0));
  EXPECT_EQ(find(2), Place(0, 2));
  EXPECT_EQ(find(3), Place(1, 0));
  EXPECT_EQ(find(6), Place(1, 3));
  EXPECT_EQ(find_gap(3), Place(0, 3));
  EXPECT_EQ(find_gap(7), Place(1, 4));
  EXPECT_EQ(field_of_error([&] { find(7); }), "items");
  EXPECT_EQ(field_of_error([&] { find_gap(8); }), "items");
}

TEST_F(ListInnerTest, RefusesCountsThatDoNotFit) {
  auto& header = *reinterpret_cast<ListNodeHeader*>(frame.data());
  for (const std::uint16_t count : {0, 253, 65535}) {
    header.count = count;
    EXPECT_EQ(field_of_error([&] { ListInnerView(kPid, pager::PageBytes(frame), 2); }), "count");
  }
  EXPECT_EQ(field_of_error([&] { ListInnerView(kPid, pager::PageBytes(frame), 1); }), "height");
}

}  // namespace
}  // namespace quire::structures
