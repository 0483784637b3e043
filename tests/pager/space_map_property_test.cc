// Random transactions on a space map and on a model of it: one state a page. The model predicts the
// pid of each allocation, so runs that differ anywhere show in one of the next.

#include <gtest/gtest.h>
#include <quire/error.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <vector>

#include "pager/space_map.h"

namespace quire::pager {
namespace {

/// What the transaction has done to a page: `taken` can be given again at once, `freed` only after
/// the commit.
enum class Change : std::uint8_t { none, taken, freed };

struct Cell {
  PageState state = PageState::free;
  Change change = Change::none;
};

class Model {
 public:
  Model() {
    for (Pid pid = 0; pid < kFixedPages; ++pid) cells_.push_back({fixed_state(pid), Change::none});
    committed_ = cells_;
  }

  Pid page_count() const { return static_cast<Pid>(cells_.size()); }
  PageState state(Pid pid) const { return cells_[pid].state; }

  /// Pages that allocate() may give.
  std::uint64_t allocatable() const {
    std::uint64_t count = 0;
    for (const Cell& cell : cells_) count += is_free(cell) ? 1 : 0;
    return count;
  }

  Pid allocate(Pid count, PageState state) {
    const Pid first = best_fit(count).value_or(page_count());
    const Pid begin = first == page_count() ? grow(count) : first;
    for (Pid pid = begin; pid < begin + count; ++pid) cells_[pid] = {state, Change::taken};
    return begin;
  }

  bool may_free(std::uint64_t first, std::uint64_t count) const {
    for (std::uint64_t pid = first; pid < first + count; ++pid) {
      if (pid >= cells_.size() || pid < kFixedPages || pid % kGroupSize == 0) return false;
      if (cells_[pid].state == PageState::free) return false;
    }
    return true;
  }
  void free(Pid first, Pid count) {
    for (Pid pid = first; pid < first + count; ++pid) {
      const bool is_own = cells_[pid].change == Change::taken;
      cells_[pid] = {PageState::free, is_own ? Change::none : Change::freed};
    }
  }

  void apply() {
    for (Cell& cell : cells_) cell.change = Change::none;
    committed_ = cells_;
    savepoints_.clear();
  }
  void rollback() {
    cells_ = committed_;
    savepoints_.clear();
  }

  std::size_t savepoints() const { return savepoints_.size(); }
  void set_savepoint() { savepoints_.push_back(cells_); }
  void roll_back_to(std::size_t index) {
    cells_ = savepoints_[index];
    release(index);
  }
  void release(std::size_t index) { savepoints_.resize(index); }

 private:
  static PageState fixed_state(Pid pid) {
    return pid < kFirstMapPage ? PageState::owned : PageState::structure;
  }
  static bool is_free(const Cell& cell) {
    return cell.state == PageState::free && cell.change == Change::none;
  }

  /// The first of the shortest runs that are long enough.
  std::optional<Pid> best_fit(Pid count) const {
    std::optional<Pid> best;
    Pid best_length = UINT32_MAX;
    for (Pid pid = 0; pid < page_count();) {
      const Pid first = pid;
      while (pid < page_count() && is_free(cells_[pid])) ++pid;
      const Pid length = pid - first;
      if (length >= count && length < best_length) {
        best = first;
        best_length = length;
      }
      if (pid < page_count()) ++pid;
    }
    return best;
  }

  /// Adds pages at the end until `count` follow one another without a map page between them.
  Pid grow(Pid count) {
    Pid run = 0;
    while (run < count) {
      if (run == 0 && page_count() % kGroupSize + count > kGroupSize) {
        while (page_count() % kGroupSize != 0) cells_.emplace_back();
      }
      const bool is_map = page_count() % kGroupSize == 0;
      cells_.push_back({is_map ? PageState::structure : PageState::free, Change::none});
      if (!is_map) ++run;
    }
    return page_count() - count;
  }

  std::vector<Cell> cells_;
  std::vector<Cell> committed_;
  std::vector<std::vector<Cell>> savepoints_;
};

enum class Op {
  allocate,
  free,
  free_own,
  set_savepoint,
  roll_back_to_savepoint,
  release,
  apply,
  rollback,
  reopen
};

class Run {
 public:
  Run() {
    MapPage& map = pages_[kFirstMapPage];
    for (Pid pid = 0; pid < kFixedPages; ++pid) set_state(map, pid, model_.state(pid));
    SpaceMap::count_free(map, kFirstMapPage, kFixedPages);
  }

  void step(Op op) {
    switch (op) {
      case Op::allocate:
        return allocate();
      case Op::free:
        return free(*rc::gen::inRange<Pid>(0, model_.page_count() + 2),
                    *rc::gen::inRange<Pid>(1, 30));
      case Op::free_own:
        return free_allocated();
      case Op::set_savepoint:
        return set_savepoint();
      case Op::roll_back_to_savepoint:
        return end_savepoint([](auto& map, std::size_t savepoint) { map.roll_back_to(savepoint); });
      case Op::release:
        return end_savepoint([](auto& map, std::size_t savepoint) { map.release(savepoint); });
      case Op::apply:
        return apply();
      case Op::rollback:
        space_.rollback();
        model_.rollback();
        return;
      case Op::reopen:
        space_.rollback();
        model_.rollback();
        return reopen();
    }
  }

  void expect_equal() const {
    RC_ASSERT(space_.page_count() == model_.page_count());
    RC_ASSERT(space_.free_pages() == model_.allocatable());
  }

  /// Takes every free page away, longest runs first, as the model says.
  void drain() {
    for (Pid count = kGroupSize - 1; count > 0; count /= 2) {
      while (space_.free_pages() >= count) {
        const Pid before = model_.page_count();
        RC_ASSERT(space_.allocate(count, PageState::data) ==
                  model_.allocate(count, PageState::data));
        if (model_.page_count() > before) break;  // no run of this length is left
      }
    }
    expect_equal();
  }

 private:
  /// Short and long runs, some that let the file end near the end of a group, whatever the size of
  /// the case.
  rc::Gen<Pid> counts() const {
    const Pid rest = kGroupSize - model_.page_count() % kGroupSize;
    const auto near_end = rc::gen::map(rc::gen::inRange<Pid>(0, 12), [rest](Pid left) {
      return rest > left && rest - left < kGroupSize ? rest - left : 1;
    });
    return rc::gen::resize(
        rc::kNominalSize, rc::gen::weightedOneOf<Pid>({{6, rc::gen::inRange<Pid>(1, 9)},
                                                       {3, rc::gen::inRange<Pid>(9, 1025)},
                                                       {2, rc::gen::inRange<Pid>(1025, kGroupSize)},
                                                       {2, near_end}}));
  }

  void allocate() {
    const Pid count = *counts();
    if (model_.page_count() + count > kMostPages) return;
    const auto state = *rc::gen::element(PageState::structure, PageState::data, PageState::owned);
    const Pid first = space_.allocate(count, state);
    RC_ASSERT(first == model_.allocate(count, state));
    RC_ASSERT(first % kGroupSize + count <= kGroupSize);
    RC_ASSERT(first % kGroupSize > 0u);
    allocated_.push_back({first, count});
  }

  /// Any run, in most cases one that must be refused as a whole.
  void free(Pid first, Pid count) {
    if (!model_.may_free(first, count)) {
      RC_ASSERT_THROWS_AS(space_.free(first, count), CorruptionError);
      return;
    }
    space_.free(first, count);
    model_.free(first, count);
  }

  /// A part of what was allocated at one time or another, and may have been freed since.
  void free_allocated() {
    if (allocated_.empty()) return;
    const auto [first, count] = *rc::gen::elementOf(allocated_);
    const Pid skipped = *rc::gen::inRange<Pid>(0, count);
    free(first + skipped, *rc::gen::inRange<Pid>(1, count - skipped + 1));
  }

  void set_savepoint() {
    if (model_.savepoints() == kMostSavepoints) return;
    space_.set_savepoint();
    model_.set_savepoint();
  }

  /// Any of the open ones.
  template <class End>
  void end_savepoint(const End& end) {
    if (model_.savepoints() == 0) return;
    const auto index = *rc::gen::inRange<std::size_t>(0, model_.savepoints());
    end(space_, index);
    end(model_, index);
  }

  void apply() {
    space_.seal([&](Pid pid, bool is_new) -> MapPage& {
      RC_ASSERT(is_new == !pages_.contains(pid));
      return pages_[pid];
    });
    space_.apply();
    model_.apply();
    RC_ASSERT(!space_.changed());
    RC_ASSERT(space_.committed_page_count() == model_.page_count());
    for (Pid pid = 0; pid < model_.page_count(); ++pid) {
      RC_ASSERT(get_state(pages_.at(map_page_of(pid)), pid) == model_.state(pid));
    }
  }

  void reopen() {
    space_ = SpaceMap(model_.page_count());
    for (const auto& [pid, map] : pages_) space_.load(pid, map);
  }

  static constexpr Pid kMostPages = 5 * kGroupSize;
  static constexpr std::size_t kMostSavepoints = 4;

  SpaceMap space_{kFixedPages};
  Model model_;
  std::map<Pid, MapPage> pages_;  // as the last commit left them
  std::vector<std::pair<Pid, Pid>> allocated_;
};

RC_GTEST_PROP(SpaceMapProperty, GivesTheSamePagesAsAModelOfStates, ()) {
  Run run;
  const auto ops = *rc::gen::container<std::vector<Op>>(
      rc::gen::weightedElement<Op>({{8, Op::allocate},
                                    {1, Op::free},
                                    {6, Op::free_own},
                                    {3, Op::set_savepoint},
                                    {2, Op::roll_back_to_savepoint},
                                    {1, Op::release},
                                    {3, Op::apply},
                                    {1, Op::rollback},
                                    {1, Op::reopen}}));
  for (const Op op : ops) {
    run.step(op);
    run.expect_equal();
  }
  run.drain();
}

}  // namespace
}  // namespace quire::pager
