// Random operations on a list and on a std::deque. Sizes lie near the places where the form of an
// item changes, and where few items fill a leaf.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/structures/list_fixture.h"

namespace quire::structures {
namespace {

using testing::CollectingVisitor;
using testing::kTinyList;
using testing::PageMap;
using testing::pattern;

enum class ListOp {
  insert,
  push_back,
  push_front,
  fill,
  set,
  erase,
  erase_range,
  clear,
  commit,
  rollback
};

rc::Gen<ListOp> list_operations() {
  return rc::gen::weightedElement<ListOp>({{20, ListOp::insert},
                                           {10, ListOp::push_back},
                                           {6, ListOp::push_front},
                                           {3, ListOp::fill},
                                           {10, ListOp::set},
                                           {15, ListOp::erase},
                                           {4, ListOp::erase_range},
                                           {1, ListOp::clear},
                                           {5, ListOp::commit},
                                           {3, ListOp::rollback}});
}

rc::Gen<std::string> items() {
  const auto size =
      rc::gen::weightedOneOf<std::size_t>({{10, rc::gen::inRange<std::size_t>(0, 100)},
                                           {10, rc::gen::inRange<std::size_t>(0, 1003)},
                                           {5, rc::gen::inRange<std::size_t>(900, 1003)},
                                           {3, rc::gen::inRange<std::size_t>(998, 9000)},
                                           {1, rc::gen::inRange<std::size_t>(60000, 70000)}});
  return rc::gen::apply(
      [](std::size_t bytes, std::size_t variant) { return pattern(bytes, variant); }, size,
      rc::gen::inRange<std::size_t>(0, 250));
}

/// A number in [low, high), of the whole range however small the case is meant to be.
std::size_t pick(std::size_t low, std::size_t high) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(low, high));
}

class ListRun {
 public:
  explicit ListRun(const ListGeometry& geometry) : list_(pages_, List::create(pages_), geometry) {
    pages_.commit();
  }

  void step(ListOp op) {
    switch (op) {
      case ListOp::insert:
        return insert(pick(0, now_.size() + 1), *items());
      case ListOp::push_back:
        return insert(now_.size(), *items());
      case ListOp::push_front:
        return insert(0, *items());
      case ListOp::fill: {
        const std::size_t at = pick(0, now_.size() + 1);
        const std::string item = pattern(pick(0, 200));
        for (std::size_t i = pick(1, 60); i > 0; --i) insert(at, item);
        return;
      }
      case ListOp::set: {
        if (now_.empty()) return;
        const std::size_t at = pick(0, now_.size());
        const std::string item = *items();
        list_.set(at, item);
        now_[at] = item;
        return;
      }
      case ListOp::erase:
        if (!now_.empty()) erase(pick(0, now_.size()), 1);
        return;
      case ListOp::erase_range: {
        const std::size_t at = pick(0, now_.size() + 1);
        return erase(at, pick(0, now_.size() - at + 1));
      }
      case ListOp::clear:
        list_.clear();
        now_.clear();
        return;
      case ListOp::commit:
        pages_.commit();
        committed_ = now_;
        return;
      case ListOp::rollback:
        pages_.rollback();
        now_ = committed_;
        return;
    }
  }

  void expect_sound() const {
    expect_lawful();
    RC_ASSERT(list_.size() == now_.size());
  }
  /// The same whatever it holds.
  void expect_lawful() const {
    CollectingVisitor visitor(pages_.page_count());
    list_.walk(visitor);
    RC_ASSERT(visitor.problems() == std::vector<std::string>());
    RC_ASSERT(visitor.all() == pages_.states());
    RC_ASSERT(list_.pages() == pages_.used());
  }

  void expect_equal() const {
    for (std::size_t i = 0; i < now_.size(); ++i) RC_ASSERT(list_.at(i) == ByteView(now_[i]));
  }

  void finish() {
    expect_sound();
    expect_equal();
    pages_.commit();
    expect_equal();
    if (*rc::gen::arbitrary<bool>()) return take_apart();
    while (!now_.empty()) erase(pick(0, now_.size()), 1);
    expect_sound();
    RC_ASSERT(pages_.used() == 1u);
  }

 private:
  void take_apart() {
    const auto pages = *rc::gen::inRange<std::uint32_t>(0, 40);
    while (!list_.destroy_some(pages)) expect_lawful();
    RC_ASSERT(pages_.used() == 0u);
  }
  void insert(std::size_t index, const std::string& item) {
    list_.insert(index, item);
    now_.insert(now_.begin() + static_cast<std::ptrdiff_t>(index), item);
  }
  void erase(std::size_t index, std::size_t count) {
    list_.erase(index, count);
    const auto first = now_.begin() + static_cast<std::ptrdiff_t>(index);
    now_.erase(first, first + static_cast<std::ptrdiff_t>(count));
  }

  PageMap pages_;
  List list_;
  std::deque<std::string> now_, committed_;
};

void change_list(const ListGeometry& geometry) {
  ListRun run(geometry);
  const int steps = *rc::gen::inRange(1, 1500);
  for (int i = 0; i < steps; ++i) {
    run.step(*list_operations());
    if (i % 8 == 0) run.expect_sound();
    if (i % 64 == 0) run.expect_equal();
  }
  run.finish();
}

RC_GTEST_PROP(ListProperty, HoldsWhatADequeHolds, ()) { change_list({}); }

RC_GTEST_PROP(ListProperty, HoldsWhatADequeHoldsInATinyGeometry, ()) { change_list(kTinyList); }

}  // namespace
}  // namespace quire::structures
