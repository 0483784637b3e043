// Small programs of two to four threads on one database, under thousands of schedules each: what every
// thread sees is judged as a history (tests/support/snapshot_history.h), the database is checked, and
// the power is cut at a moment of each run and at its end.
//
// QUIRE_SCHEDULES says how many schedules of each program are tried; QUIRE_REPRODUCE, with
// --gtest_filter, runs the one that a failure has printed.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/schedule/engine_run.h"
#include "tests/schedule/explorer.h"
#include "tests/support/budget.h"
#include "tests/support/tried.h"

namespace quire::schedule {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using Actor = EngineRun::Actor;
using Part = EngineRun::Part;

struct Scenario {
  const char* name;
  std::vector<Part> parts;
  Part before = {};
  std::size_t filler_pages = 0;
  Options options = EngineRun::small_options();
};

/// For gtest, which prints parameters.
void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

void commit(Actor& actor) { actor.commit(); }
void commit_relaxed(Actor& actor) { actor.commit(Durability::relaxed); }
void read(Actor& actor) { actor.read(); }
void checkpoint(Actor& actor) { actor.checkpoint(); }
void close(Actor& actor) { actor.close(); }
void evict(Actor& actor) { actor.evict(); }
void commit_in_chunks(Actor& actor) { actor.commit_in_chunks(); }
void roll_back(Actor& actor) { actor.roll_back(); }
void commit_and_hold(Actor& actor) {
  actor.commit();
  actor.begin_snapshot();
}
constexpr std::size_t kDropped = 6;  // pages; the reaper frees fewer in a step
void drop_and_checkpoint(Actor& actor) {
  actor.drop_filler();
  actor.checkpoint();
}
/// Nobody is in the way: the file is shorter by what was dropped.
void drop_checkpoint_and_measure(Actor& actor) {
  const std::uint64_t before = actor.database().info().file_bytes;
  drop_and_checkpoint(actor);
  if (actor.database().info().file_bytes + kDropped * 4096 > before) {
    throw std::runtime_error("the file was not cut");
  }
}
Part twice(const Part& part) {
  return [part](Actor& actor) {
    part(actor);
    part(actor);
  };
}
Part after(std::chrono::milliseconds time, const Part& part) {
  return [time, part](Actor& actor) {
    actor.sleep(time);
    part(actor);
  };
}

std::vector<Scenario> scenarios() {
  return {
      {"CommitAndSnapshots", {commit, twice(read)}},
      {"CommitAndCheckpoint", {twice(commit), checkpoint}, commit},
      {"CommitCheckpointAndSnapshot", {commit, checkpoint, read}, commit},
      {"GroupCommitOfThree", {commit, commit, commit, read}},
      {"SnapshotAcrossCheckpointAndEviction", {read, checkpoint, evict}, commit, 40},
      {"SnapshotAcrossTwoCommitsAndCheckpoints",
       {read,
        [](Actor& actor) {
          actor.commit();
          actor.checkpoint();
          actor.commit();
          actor.checkpoint();
        }}},
      {"CommitAndClose", {commit, close, read}, commit},
      {"CloseTwiceAndCheckpoint", {close, close, checkpoint}, commit},
      {"FirstCommitsOfACleanFile", {commit, commit, checkpoint}},
      {"LogSegmentSwitch",
       {[](Actor& actor) { actor.grow(20); }, twice(commit), read},
       [](Actor& actor) { actor.grow(10); }},
      {"Growth", {[](Actor& actor) { actor.grow(70); }, read, checkpoint}, commit},
      {"Truncation", {drop_and_checkpoint, [](Actor& actor) { actor.grow(30); }, read}, commit, 90},
      {"TruncationUnderASnapshot", {drop_and_checkpoint, checkpoint, commit}, commit_and_hold, 90},
      {"SnapshotHeldAcrossCheckpoints",
       {twice(commit), twice(checkpoint), evict},
       commit_and_hold,
       20},
      {"RelaxedSync",
       {twice(commit_relaxed), after(250ms, [](Actor& actor) { actor.sync(); }), commit, read}},
      {"RelaxedCommitsAndCheckpoint", {twice(commit_relaxed), checkpoint}, commit},
      {"RelaxedCommitsAndClose", {commit_relaxed, commit_relaxed, close}, commit_relaxed},
      {"Marks", {commit, after(1500ms, commit), after(1200ms, checkpoint)}},
      {"Reaper", {[](Actor& actor) { actor.drop_filler(); }, commit, read}, commit, 60},
      {"ReaperAndClose",
       {[](Actor& actor) { actor.drop_filler(); }, after(1ms, close), commit},
       {},
       60},
      {"ReaperAndCheckpoint", {drop_checkpoint_and_measure}, {}, kDropped},
      {"SavepointRollbackAndCheckpoint",
       {[](Actor& actor) { actor.commit_after_savepoint(); }, roll_back, checkpoint, read},
       commit},
      {"RollbackBetweenCommits", {commit, roll_back, commit, read}},
      {"CheckpointBetweenChunks", {checkpoint, commit_in_chunks}, commit, 24},
  };
}

class EngineScheduleTest : public ::testing::TestWithParam<Scenario> {
 protected:
  static Budget budget() {
    Budget budget;
    budget.schedules =
        testing::number_from_environment("QUIRE_SCHEDULES", testing::kIsSanitized ? 100 : 1700);
    return budget;
  }
};

TEST_P(EngineScheduleTest, IsIsolatedAndDurable) {
  const Scenario& scenario = GetParam();
  EngineDisk disk(scenario.filler_pages);
  const auto program = [&](Scheduler& scheduler) {
    EngineRun(scheduler, disk, scenario.options).run(scenario.parts, scenario.before);
  };
  if (const char* const schedule = std::getenv("QUIRE_REPRODUCE")) {
    EXPECT_EQ(Scheduler::run(parse_schedule(schedule), program).failure, "");
    return;
  }
  const Outcome once = Scheduler::run({}, program);
  ASSERT_EQ(once.failure, "");
  ASSERT_EQ(order_of(Scheduler::run({}, program).steps), order_of(once.steps)) << "not repeatable";
  const Report report = explore(program, budget());
  std::cout << report.summary() << ", " << disk.seen() << " disks\n";
  testing::tried("schedules of threads", report.schedules);
  if (report.failure) {
    ADD_FAILURE() << "QUIRE_REPRODUCE='" << to_string(report.failure->schedule)
                  << "' repeats it, with --gtest_filter='*/" << scenario.name << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, EngineScheduleTest, ::testing::ValuesIn(scenarios()),
                         [](const auto& scenario) { return std::string(scenario.param.name); });

}  // namespace
}  // namespace quire::schedule
