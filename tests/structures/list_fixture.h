#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "structures/list.h"
#include "structures/list_format.h"
#include "structures/list_lookup.h"
#include "tests/structures/blob_fixture.h"
#include "tests/support/page_map.h"

namespace quire::testing {

/// Five children or items to a node: a hundred items make a tree of several levels.
inline constexpr structures::ListGeometry kTinyList{.inner_entries = 5, .leaf_items = 5};

/// A list, and in `model` what it should hold.
class ListTest : public ::testing::Test {
 protected:
  explicit ListTest(const structures::ListGeometry& geometry = {})
      : list(pages, structures::List::create(pages), geometry) {}

  void insert(std::uint64_t index, const std::string& item) {
    list.insert(index, item);
    model.insert(model.begin() + static_cast<std::ptrdiff_t>(index), item);
  }
  void push_back(const std::string& item) {
    list.push_back(item);
    model.push_back(item);
  }
  void push_front(const std::string& item) {
    list.push_front(item);
    model.push_front(item);
  }
  void set(std::uint64_t index, const std::string& item) {
    list.set(index, item);
    model[index] = item;
  }
  void erase(std::uint64_t index, std::uint64_t count = 1) {
    list.erase(index, count);
    const auto first = model.begin() + static_cast<std::ptrdiff_t>(index);
    model.erase(first, first + static_cast<std::ptrdiff_t>(count));
  }

  CollectingVisitor walk(bool deep = true) const {
    CollectingVisitor visitor(pages.page_count(), deep);
    list.walk(visitor);
    return visitor;
  }

  /// No law is broken, no page is lost or owned twice, and the content is the model's.
  void expect_sound() const {
    const CollectingVisitor visitor = walk();
    EXPECT_EQ(visitor.problems(), std::vector<std::string>());
    EXPECT_TRUE(visitor.all() == pages.states());
    EXPECT_EQ(list.pages(), pages.used());
    ASSERT_EQ(list.size(), model.size());
    for (std::size_t i = 0; i < model.size(); ++i) {
      ASSERT_TRUE(list.at(i) == ByteView(model[i])) << "item " << i;
    }
  }

  structures::ListInnerPage& raw(Pid pid) {
    return *reinterpret_cast<structures::ListInnerPage*>(pages.raw(pid));
  }
  structures::ListNodeHeader& raw_root() { return raw(list.root()).node; }
  /// The leaf that holds an item.
  Pid leaf_of(std::uint64_t index) {
    return structures::find_list_item(pages, list.root(), index).pid;
  }
  std::vector<std::size_t> leaf_counts() {
    std::vector<std::size_t> counts;
    for (std::uint64_t i = 0; i < model.size(); i += counts.back()) {
      counts.push_back(raw(leaf_of(i)).node.count);
    }
    return counts;
  }

  PageMap pages;
  structures::List list;
  std::deque<std::string> model;
};

class TinyListTest : public ListTest {
 protected:
  TinyListTest() : ListTest(kTinyList) {}

  void fill(int count) {
    for (int i = 0; i < count; ++i) push_back("item " + std::to_string(i));
  }
};

}  // namespace quire::testing
