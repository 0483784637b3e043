#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "tests/schedule/schedule.h"
#include "tests/schedule/scheduler.h"

namespace quire::schedule {

/// How much of a program's schedules is tried.
struct Budget {
  std::uint64_t schedules = 1000;
  /// Where a thread that could have gone on is made to wait.
  unsigned preemptions = 2;
  /// These, and other threads than the usual one where one had to wait.
  unsigned departures = 3;
  std::uint64_t seed = 1;
};

struct Report {
  struct Failure {
    std::string what;
    Schedule schedule;
  };
  std::uint64_t schedules = 0;  // runs, no two of them the same
  std::uint64_t orders = 0;     // of them with another order of what has to do with one another
  std::uint32_t decisions = 0;  // of the default run
  bool is_complete = false;     // there are no more within the bounds
  std::optional<Failure> failure;

  std::string summary() const;
};

/// Runs a program under many schedules, the default one first, then those that depart from it once,
/// then, by turns and at random, those that depart more often; until one fails. That one is made
/// as short as it stays a failure.
///
/// A preemption is tried only before a step that has to do with a later step of the thread that goes
/// on instead (the same object, one of them changing it): any other only swaps steps that do not
/// mind.
///
/// `program` is called once for each schedule, in a thread of the scheduler; it fails by throwing.
/// With the same budget the search is the same each time.
Report explore(const std::function<void(Scheduler&)>& program, const Budget& budget);

}  // namespace quire::schedule
