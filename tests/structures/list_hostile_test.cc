// A hostile file: bytes of nodes are not what was written although their checksums hold (the page
// map checks none on structure pages). Whatever they say, an operation ends, with data or with
// CorruptionError; and a list whose bytes changed where no item lies either holds the right data
// still, or its damage is found.

#include <gtest/gtest.h>
#include <quire/error.h>

#include <cstring>
#include <functional>
#include <set>
#include <stdexcept>

#include "structures/list_node.h"
#include "tests/structures/list_fixture.h"

namespace quire::structures {
namespace {

using testing::CollectingVisitor;
using testing::pattern;

class ListHostileTest : public testing::TinyListTest {
 protected:
  static constexpr std::uint64_t kLong = 19;  // the item in extents
  static constexpr std::uint64_t kBlob = 39;

  ListHostileTest() {
    fill(60);
    for (std::uint64_t i = 0; i < 60; i += 9) insert(i, pattern(i * 15, i));
    insert(kLong + 1, pattern(20000));
    insert(kBlob + 1, pattern(80000));
    erase(50);
    erase(10);
    pages.commit();
  }

  /// Runs `operation` and undoes it; true if it threw CorruptionError. A size that is wrong may
  /// make an index one that does not exist; anything else fails.
  bool refuses(const std::function<void()>& operation) {
    bool refused = false;
    try {
      operation();
    } catch (const CorruptionError&) {
      refused = true;
    } catch (const std::out_of_range&) {
    }
    pages.rollback();
    return refused;
  }

  /// Every operation, each from the last commit; what they do to a damaged list is of no interest
  /// as long as they end.
  void try_everything() {
    for (const std::uint64_t at :
         {std::uint64_t{0}, std::uint64_t{11}, kLong, kBlob, std::uint64_t{60}}) {
      refuses([&] { list.insert(at, "new"); });
      refuses([&] { list.insert(at, pattern(1000)); });
      refuses([&] { list.set(at, pattern(990)); });
      refuses([&] { list.set(at, pattern(3000)); });
      refuses([&] { list.erase(at); });
      refuses([&] { list.erase(at, 8); });
    }
    refuses([&] {
      for (int i = 0; i < 30; ++i) list.push_back(pattern(700));
    });
    refuses([&] {
      while (list.size() > 0) list.erase(list.size() / 2);
    });
    refuses([&] { list.clear(); });
    refuses([&] { list.destroy(); });
    refuses([&] {
      while (!list.destroy_some(2)) {
      }
    });
  }

  void read_all() {
    for (std::uint64_t i = 0; i < list.size(); ++i) list.at(i);
  }
  bool damage_is_seen() {
    return !walk().problems().empty() || refuses([&] { read_all(); });
  }
  bool is_right() {
    if (list.size() != model.size()) return false;
    for (std::size_t i = 0; i < model.size(); ++i) {
      if (list.at(i) != ByteView(model[i])) return false;
    }
    return true;
  }

  /// Changes each byte of a node in turn, but for the page header, flags and bytes that `skip`
  /// names.
  void flip_bytes(Pid pid, const std::set<std::size_t>& skip = {}) {
    for (std::size_t at = kPageHeaderSize; at < kPageSize; ++at) {
      if (at == offsetof(ListNodeHeader, flags) || skip.contains(at)) continue;
      // The page is looked up anew: a change that was rolled back may have left another frame.
      const std::byte good = pages.raw(pid)[at];
      const std::byte mask{static_cast<std::uint8_t>(at % 3 == 0 ? 0xff : 1u << at % 8)};
      pages.raw(pid)[at] = good ^ mask;
      EXPECT_TRUE(damage_is_seen() || is_right()) << "page " << pid << ", byte " << at;
      if (at % 61 == 0 || at < 160 || at > 4000) try_everything();
      pages.raw(pid)[at] = good;
    }
    ASSERT_TRUE(is_right());
  }

  /// The bytes of items in a leaf: nothing but the page's sum guards those.
  std::set<std::size_t> item_bytes(Pid pid) {
    const ListLeafView leaf(pid, pager::PageBytes(pages.raw(pid), kPageSize));
    std::set<std::size_t> at;
    for (std::size_t i = 0; i < leaf.count(); ++i) {
      const ListRecord record = leaf.record(i);
      if (record.item.form != PartForm::bytes) continue;
      const auto begin = static_cast<std::size_t>(record.item.stored.data() - leaf.bytes().data());
      for (std::size_t n = 0; n < record.item.stored.size(); ++n) at.insert(begin + n);
    }
    return at;
  }
};

TEST_F(ListHostileTest, SeesEveryByteOfTheRoot) {
  ASSERT_GE(raw_root().height, 2);
  flip_bytes(list.root(), {36, 37, 38, 39});  // the heap of a leaf
}

TEST_F(ListHostileTest, SeesEveryByteOfAnInnerNode) {
  flip_bytes(raw(list.root()).entries[1].pid, {36, 37, 38, 39});
}

TEST_F(ListHostileTest, SeesEveryByteOfLeavesThatIsNoItem) {
  for (const std::uint64_t index : {std::uint64_t{0}, kLong, kBlob}) {
    flip_bytes(leaf_of(index), item_bytes(leaf_of(index)));
  }
}

TEST_F(ListHostileTest, SeesEveryByteOfARootThatIsALeaf) {
  list.clear();
  model.clear();
  for (int i = 0; i < 4; ++i) push_back("item " + std::to_string(i));
  pages.commit();
  flip_bytes(list.root(), item_bytes(list.root()));
}

TEST_F(ListHostileTest, EndsWhereAllEntriesPointAtOneNode) {
  for (int level = 0; level < 2; ++level) {
    const auto good = raw(list.root());
    for (std::size_t slot = 0; slot < good.node.count; ++slot) {
      raw(list.root()).entries[slot] = good.entries[0];
    }
    EXPECT_TRUE(damage_is_seen());
    try_everything();
    raw(list.root()) = good;
    fill(400);
    pages.commit();
  }
}

TEST_F(ListHostileTest, EndsWhereANodePointsAtItselfOrItsParent) {
  const Pid child = raw(list.root()).entries[0].pid;
  const auto good = raw(child);
  for (const Pid target : {child, list.root(), Pid{0}, Pid{1u << 30}}) {
    raw(child).entries[0].pid = target;
    EXPECT_TRUE(refuses([&] { list.at(0); })) << target;
    EXPECT_TRUE(damage_is_seen());
    try_everything();
    raw(child) = good;
  }
}

TEST_F(ListHostileTest, EndsWhereAnItemClaimsTheNodesAboveIt) {
  const Pid leaf = leaf_of(kLong);
  const auto good = raw(leaf);
  const FoundItem item = find_list_item(pages, list.root(), kLong);
  const auto second_extent =
      static_cast<std::size_t>(item.record.item.stored.data() - item.page.bytes().data()) +
      sizeof(std::uint8_t) + sizeof(ExtentEntry);
  const auto states = pages.states();
  for (const auto& [pid, state] : states) {
    if (state != PageState::structure) continue;
    const Le32 claimed = pid;
    std::memcpy(pages.raw(leaf) + second_extent, &claimed, sizeof claimed);
    EXPECT_TRUE(damage_is_seen());
    refuses([&] { list.erase(kLong); });
    refuses([&] { list.erase(12, 20); });
    refuses([&] { list.set(kLong, "short"); });
    refuses([&] { list.clear(); });
    raw(leaf) = good;
  }
}

TEST_F(ListHostileTest, BelievesNoSizeThatTheFileCannotHold) {
  raw_root().items = std::uint64_t{1} << 40;
  EXPECT_TRUE(refuses([&] { list.size(); }));
  EXPECT_TRUE(refuses([&] { list.push_back("x"); }));
  EXPECT_FALSE(walk().problems().empty());
}

TEST_F(ListHostileTest, RefusesToGrowBeyondTheHighestRoot) {
  // A tower of full nodes whose entries all point at the one node below.
  for (int i = 0; i < 2; ++i) pages.allocate(pages.kMaxRun, PageState::structure);
  Pid below = kNoPid;
  std::uint64_t items = 0;
  for (unsigned height = 0; height <= kListMaxHeight; ++height) {
    const bool is_root = height == kListMaxHeight;
    const Pid pid = is_root ? list.root() : pages.allocate(1, PageState::structure);
    const auto bytes = pages.renew(pid, PageType::list_node);
    if (height == 0) {
      ListLeaf leaf = ListLeaf::format(pid, bytes);
      for (int i = 0; i < 5; ++i) leaf.insert(0, NewListRecord(inline_part("x")).bytes());
      items = leaf.items();
    } else {
      const std::vector<ListEntry> entries(5, {.items = items, .pid = below, .zero = {}});
      items = ListInner::format(pid, bytes, height, entries).items();
    }
    below = pid;
  }
  raw_root().pages_owned = pages.page_count() - 1;
  ASSERT_EQ(list.size(), items);
  std::string field;
  try {
    list.push_front("one more");
  } catch (const CorruptionError& error) {
    field = error.field();
  }
  EXPECT_EQ(field, "height");
}

TEST_F(ListHostileTest, NamesEachLawThatIsBroken) {
  const auto problem_after = [&](const std::function<void()>& damage) {
    const auto states = pages.states();
    std::map<Pid, ListInnerPage> good;
    for (const auto& [pid, state] : states) {
      if (state == PageState::structure) good[pid] = raw(pid);
    }
    damage();
    const auto problems = walk().problems();
    for (const auto& [pid, page] : good) raw(pid) = page;
    return problems.empty() ? "none" : problems[0];
  };
  const auto expect = [](const std::string& problem, const std::string& what) {
    EXPECT_NE(problem.find(what), std::string::npos) << problem;
  };
  const Pid child = raw(list.root()).entries[1].pid;
  expect(problem_after([&] { raw_root().pages_owned = raw_root().pages_owned + 1; }),
         "pages_owned is");
  expect(problem_after([&] { raw(child).node.pages_owned = 1; }), "below the root is not zero");
  expect(problem_after([&] { raw_root().items = raw_root().items + 1; }), "not the sum");
  expect(problem_after([&] { raw(child).node.items = 1; }), "its parent says");
  expect(problem_after([&] { raw(child).entries[0].zero = 1; }), "should be zero");
  expect(problem_after([&] { raw(child).zero = 1; }), "behind the last entry");
  expect(problem_after([&] { raw(leaf_of(kLong)).entries[40].zero = 1; }), "hole");
  expect(problem_after([&] {
           ListLeaf::format(leaf_of(0), pager::MutablePageBytes(pages.raw(leaf_of(0)), kPageSize));
         }),
         "its parent says");
  expect(problem_after([&] { raw(leaf_of(0)).node.height = 1; }), "height");
}

TEST_F(ListHostileTest, NamesALowNodeBesideOneWithRoom) {
  list.clear();
  model.clear();
  fill(25);
  ASSERT_EQ(walk().problems(), std::vector<std::string>());
  // Taken from leaves and counts alike, so that no other law is broken.
  auto& root = raw(list.root());
  ASSERT_EQ(root.node.height, 1);
  const auto shrink = [&](std::size_t slot, std::size_t to) {
    const Pid pid = root.entries[slot].pid;
    ListLeaf leaf(pid, pager::MutablePageBytes(pages.raw(pid), kPageSize));
    while (leaf.count() > to) leaf.erase(0);
    root.node.items = root.node.items - root.entries[slot].items + to;
    root.entries[slot].items = to;
  };
  shrink(1, 1);
  shrink(2, 4);
  const auto problems = walk().problems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_NE(problems[0].find("less than a quarter full"), std::string::npos) << problems[0];
}

TEST_F(ListHostileTest, GoesOnWalkingBehindAPageThatItCannotRead) {
  raw(leaf_of(30)).node.header.type = 99;
  const CollectingVisitor visitor = walk();
  EXPECT_EQ(visitor.problems().size(), 1u) << "pages are not counted then";
  EXPECT_GT(visitor.all().size(), pages.used() / 2);
}

TEST_F(ListHostileTest, ReadsLongItemsOnlyIfAsked) {
  const auto states = pages.states();
  for (const auto& [pid, state] : states) {
    if (state != PageState::owned) continue;
    pages.raw(pid)[36] ^= std::byte{1};  // the index of a value page
    EXPECT_EQ(walk(false).problems(), std::vector<std::string>());
    EXPECT_EQ(walk(true).problems().size(), 1u);
    return;
  }
  FAIL() << "no long item";
}

}  // namespace
}  // namespace quire::structures
