#include "tests/schedule/explorer.h"

#include <algorithm>
#include <bit>
#include <random>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tests/schedule/last_words.h"

namespace quire::schedule {
namespace {

using Program = std::function<void(Scheduler&)>;
using Mask = std::uint32_t;

/// Which threads use an object later than a given step.
struct LaterUse {
  Mask any = 0;
  Mask changing = 0;
};

/// For each decision: the threads that do something later which has to do with what is about to be
/// done there.
std::vector<Mask> concerned(const Outcome& outcome) {
  std::unordered_map<const void*, LaterUse> later;
  std::vector<Mask> masks(outcome.decisions.size());
  std::size_t at = outcome.steps.size();
  for (std::size_t i = outcome.decisions.size(); i-- > 0;) {
    const Decision& decision = outcome.decisions[i];
    while (at > decision.done_before) {
      const Step& step = outcome.steps[--at];
      LaterUse& use = later[step.object];
      use.any |= Mask{1} << step.thread;
      if (step.changes()) use.changing |= Mask{1} << step.thread;
    }
    if (decision.is_blocked) continue;
    const LaterUse& use = later[decision.object];
    masks[i] = decision.act == Act::read ? use.changing : use.any;
  }
  return masks;
}

class Search {
 public:
  Search(const Program& program, const Budget& budget)
      : program_(program), budget_(budget), random_(budget.seed), frontier_(budget.departures) {}

  Report run() {
    // The default run first.
    if (try_schedule({{}, 0})) {
      while (report_.schedules < budget_.schedules) {
        const auto next = take();
        if (!next || !try_schedule(*next)) break;
      }
    }
    report_.is_complete = !report_.failure && !has_left_out_ && is_empty();
    report_.orders = orders_.size();
    return std::move(report_);
  }

 private:
  /// A schedule with what it costs.
  struct Candidate {
    Schedule schedule;
    unsigned preemptions = 0;
  };
  /// One that departs once more than a run that has been made. There are many.
  struct Child {
    std::uint32_t parent = 0;  // in parents_
    Departure last;
    std::uint8_t preemptions = 0;
  };
  using Level = std::vector<Child>;

  bool is_empty() const {
    return std::all_of(frontier_.begin(), frontier_.end(),
                       [](const Level& level) { return level.empty(); });
  }

  /// Of those with fewest departures and of the others by turns: every single departure is tried
  /// if the budget allows for it, and some others in any case.
  std::optional<Candidate> take() {
    std::vector<Level*> filled;
    for (Level& level : frontier_) {
      if (!level.empty()) filled.push_back(&level);
    }
    if (filled.empty()) return std::nullopt;
    Level& level = *filled[turn_++ % 2 == 0 ? 0 : random_() % filled.size()];
    std::swap(level[random_() % level.size()], level.back());
    const Child child = level.back();
    level.pop_back();
    Candidate candidate{parents_[child.parent], child.preemptions};
    candidate.schedule.push_back(child.last);
    return candidate;
  }

  bool try_schedule(const Candidate& candidate) {
    set_last_words("killed by the schedule \"" + to_string(candidate.schedule) + "\"\n");
    const Outcome outcome = Scheduler::run(candidate.schedule, program_);
    ++report_.schedules;
    orders_.insert(order_of(outcome.steps));
    if (candidate.schedule.empty()) {
      report_.decisions = static_cast<std::uint32_t>(outcome.decisions.size());
    }
    if (!outcome.failure.empty()) {
      report_.failure = shortest({outcome.failure, candidate.schedule});
      return false;
    }
    if (candidate.schedule.size() < budget_.departures) add_children(candidate, outcome);
    return true;
  }

  /// All that depart once more from the default run; from any other one, behind its last
  /// departure, no more than can be kept.
  void add_children(const Candidate& candidate, const Outcome& outcome) {
    constexpr std::size_t kMostOfOne = 512;
    const auto parent = static_cast<std::uint32_t>(parents_.size());
    const Level children = children_of(candidate, outcome, parent);
    if (children.empty()) return;
    parents_.push_back(candidate.schedule);
    Level& level = frontier_[candidate.schedule.size()];
    const std::size_t most = parent == 0 ? children.size() : kMostOfOne;
    if (children.size() > most) has_left_out_ = true;
    std::sample(children.begin(), children.end(), std::back_inserter(level), most, random_);
  }

  Level children_of(const Candidate& candidate, const Outcome& outcome,
                    std::uint32_t parent) const {
    Level children;
    const std::vector<Mask> useful = concerned(outcome);
    const Schedule& schedule = candidate.schedule;
    for (std::size_t i = schedule.empty() ? 0 : schedule.back().decision + 1; i < useful.size();
         ++i) {
      const Decision& decision = outcome.decisions[i];
      const unsigned preemptions = candidate.preemptions + (decision.is_blocked ? 0 : 1);
      if (preemptions > budget_.preemptions) continue;
      Mask others = decision.choices & ~(Mask{1} << decision.next);
      if (!decision.is_blocked) others &= useful[i];
      for (; others != 0; others &= others - 1) {
        const auto thread = static_cast<std::uint8_t>(std::countr_zero(others));
        children.push_back({parent,
                            {static_cast<std::uint32_t>(i), thread},
                            static_cast<std::uint8_t>(preemptions)});
      }
    }
    return children;
  }

  /// Leaves out one departure after the other, as long as the program still fails.
  Report::Failure shortest(Report::Failure failure) {
    for (std::size_t i = failure.schedule.size(); i-- > 0;) {
      Schedule without = failure.schedule;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      const Outcome outcome = Scheduler::run(without, program_);
      const bool fits = outcome.failure.find("does not fit") == outcome.failure.npos;
      if (!outcome.failure.empty() && fits) failure = {outcome.failure, without};
    }
    return failure;
  }

  const Program& program_;
  const Budget& budget_;
  std::mt19937_64 random_;
  std::vector<Schedule> parents_;
  std::vector<Level> frontier_;  // by how often the parents depart
  bool has_left_out_ = false;
  std::uint64_t turn_ = 0;
  std::unordered_set<std::uint64_t> orders_;
  Report report_;
};

}  // namespace

Report explore(const Program& program, const Budget& budget) {
  return Search(program, budget).run();
}

std::string Report::summary() const {
  std::string text = std::to_string(schedules) + " schedules" +
                     (is_complete ? ", all there are" : "") + ", " + std::to_string(orders) +
                     " orders, " + std::to_string(decisions) + " decisions in the default one";
  if (failure) {
    text += "\nfailed with the schedule \"" + to_string(failure->schedule) + "\": " + failure->what;
  }
  return text;
}

}  // namespace quire::schedule
