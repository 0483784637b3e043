#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace quire::testing {

/// A property does not hold.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// All that decides what can still happen in a world, as bytes: equal for worlds that behave alike.
class StateKey {
 public:
  /// Of one byte: worlds are small.
  StateKey& operator<<(std::uint64_t value) {
    if (value > kMost) throw std::logic_error("a number of the world does not fit into its key");
    bytes_.push_back(static_cast<char>(value));
    return *this;
  }
  StateKey& operator<<(std::string_view text) {
    bytes_ += text;
    bytes_ += '\n';
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  static constexpr std::uint64_t kMost = 255;
  std::string bytes_;
};

/// Visits every state that a world of actors can reach, whatever the order of their steps: breadth
/// first, each state once, so the first failure found has a shortest trace. A world need not be
/// copyable: a state is reached again by making the steps of its shortest history in a new world.
///
/// `World` is made from a `const Scenario&`, is deterministic, and has
///     actors()              how many actors there are
///     choices(actor)        how many alternatives the actor has now
///     step(actor, choice)   makes one step; false, with nothing changed, if it cannot be made
///     about(actor)          "name: what its next step does"
///     key()                 the StateKey's bytes
///     check()               throws Violation if something that holds always does not
///     check_end()           the same for a world in which nobody can move
///     picture()             one line for people
/// step() too may throw Violation.
template <class World, class Scenario>
class StepSearch {
 public:
  explicit StepSearch(const Scenario& scenario) : scenario_(scenario) {}

  /// How many states there are, or were when the search failed.
  std::size_t states() const noexcept { return states_.size(); }
  /// What went wrong, and how it came to that.
  const std::optional<std::string>& failure() const noexcept { return failure_; }

  void run() {
    note(World(scenario_).key(), {});
    for (std::size_t state = 0; state < states_.size() && !failure_; ++state) expand(state);
  }

 private:
  struct State {  // how it was reached
    std::size_t parent = 0;
    std::uint16_t actor = 0;
    std::uint16_t choice = 0;
  };
  using History = std::vector<State>;

  void note(std::string key, State state) {
    if (known_.insert(std::move(key)).second) states_.push_back(state);
  }

  History history_of(std::size_t state) const {
    History steps;
    for (; state != 0; state = states_[state].parent) steps.push_back(states_[state]);
    return {steps.rbegin(), steps.rend()};
  }

  /// A new world, brought to where a history ends.
  void replay(const History& steps, std::optional<World>& world) const {
    world.emplace(scenario_);
    for (const State& step : steps) world->step(step.actor, step.choice);
  }

  void expand(std::size_t state) {
    const History history = history_of(state);
    bool has_moved = false;
    std::optional<World> world;
    replay(history, world);
    const std::vector<State> nexts = all_steps_of(*world, state);
    for (const State& next : nexts) {
      if (!world) replay(history, world);
      try {
        if (!visit(*world, next)) continue;
      } catch (const Violation& violation) {
        return fail(history, &next, violation);
      }
      has_moved = true;
      world.reset();
    }
    if (!has_moved) finish(*world, history);
  }

  static std::vector<State> all_steps_of(const World& world, std::size_t state) {
    std::vector<State> steps;
    for (std::uint16_t actor = 0; actor < world.actors(); ++actor) {
      for (std::uint16_t choice = 0; choice < world.choices(actor); ++choice) {
        steps.push_back({state, actor, choice});
      }
    }
    return steps;
  }

  /// False if the step cannot be made.
  bool visit(World& world, const State& next) {
    if (!world.step(next.actor, next.choice)) return false;
    std::string key = world.key();
    if (!known_.contains(key)) world.check();
    note(std::move(key), next);
    return true;
  }

  void finish(World& world, const History& history) {
    try {
      world.check_end();
    } catch (const Violation& violation) {
      fail(history, nullptr, violation);
    }
  }

  void fail(const History& history, const State* last, const Violation& violation) {
    World world(scenario_);
    std::string trace;
    for (const State& step : history) {
      trace += world.about(step.actor);
      world.step(step.actor, step.choice);
      trace += "    " + world.picture() + "\n";
    }
    if (last != nullptr) trace += world.about(last->actor) + "\n";
    failure_ = trace + "=> " + violation.what();
  }

  const Scenario& scenario_;
  std::vector<State> states_;
  std::unordered_set<std::string> known_;
  std::optional<std::string> failure_;
};

}  // namespace quire::testing
