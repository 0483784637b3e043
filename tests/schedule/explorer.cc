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
      : program_(program), budget_(budget), random_(budget.seed), frontier_(budget.departures + 1) {
    frontier_[0].push_back({});
  }

  Report run() {
    while (report_.schedules < budget_.schedules) {
      const auto next = take();
      if (!next) {
        report_.is_complete = true;
        break;
      }
      if (!try_schedule(*next)) break;
    }
    report_.orders = orders_.size();
    return std::move(report_);
  }

 private:
  /// A schedule with what it costs.
  struct Candidate {
    Schedule schedule;
    unsigned preemptions = 0;
  };

  /// Of those with fewest departures and of the others by turns: every single departure is tried
  /// if the budget allows for it, and some others in any case.
  std::optional<Candidate> take() {
    std::vector<std::vector<Candidate>*> filled;
    for (auto& level : frontier_) {
      if (!level.empty()) filled.push_back(&level);
    }
    if (filled.empty()) return std::nullopt;
    std::vector<Candidate>& level = *filled[turn_++ % 2 == 0 ? 0 : random_() % filled.size()];
    std::swap(level[random_() % level.size()], level.back());
    Candidate candidate = std::move(level.back());
    level.pop_back();
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

  /// All that depart once more from the default run, behind the last departure; of any other run
  /// some, as many as are not too many to keep.
  void add_children(const Candidate& parent, const Outcome& outcome) {
    constexpr std::size_t kMostOfOne = 64;
    std::vector<Candidate> children;
    const std::vector<Mask> useful = concerned(outcome);
    const std::size_t begin = parent.schedule.empty() ? 0 : parent.schedule.back().decision + 1;
    for (std::size_t i = begin; i < outcome.decisions.size(); ++i) {
      const Decision& decision = outcome.decisions[i];
      const unsigned preemptions = parent.preemptions + (decision.is_blocked ? 0 : 1);
      if (preemptions > budget_.preemptions) continue;
      Mask others = decision.choices & ~(Mask{1} << decision.next);
      if (!decision.is_blocked) others &= useful[i];
      for (; others != 0; others &= others - 1) {
        Candidate child{parent.schedule, preemptions};
        child.schedule.push_back(
            {static_cast<std::uint32_t>(i), static_cast<std::uint8_t>(std::countr_zero(others))});
        children.push_back(std::move(child));
      }
    }
    auto& level = frontier_[parent.schedule.size() + 1];
    const std::size_t most = parent.schedule.empty() ? children.size() : kMostOfOne;
    std::sample(std::make_move_iterator(children.begin()), std::make_move_iterator(children.end()),
                std::back_inserter(level), most, random_);
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
  std::vector<std::vector<Candidate>> frontier_;  // by how often they depart
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
