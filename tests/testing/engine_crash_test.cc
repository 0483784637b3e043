#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <quire/testing.h>

#include "tests/support/budget.h"
#include "tests/support/tried.h"
#include "tests/testing/engine_workload.h"

// The power is cut before every call of the engine, and again in the recovery from that. Whatever
// is left must open, pass check(), and hold what a prefix of the commits made, with every commit
// that was acknowledged. Then the next commit is made again, byte by byte the same as the one that
// may have been lost, and must survive as well.

namespace quire {
namespace {

class EngineCrashTest : public ::testing::TestWithParam<std::string> {};

void tell_tried(const CrashReport& report) {
  testing::tried("crash images in all", report.images);
  testing::tried("crash images in recovery", report.recovery_images);
}

/// How much is tried, less of what takes longer: a recovery of much content takes more than ten
/// times as long as one of little.
struct Effort {
  std::uint64_t images_per_point = 6 * testing::crash_budget();
  std::uint64_t recovery_rarity = 20;  // divided by the budget
};

Effort effort_for(const std::string& workload) {
  const std::map<std::string, Effort> efforts{
      {"CommitsInChunks", {.recovery_rarity = 160}},
      {"DropsAndRollbacks", {.recovery_rarity = 60}},
      {"CutsAndRegrows", {.recovery_rarity = 160}},
      {"DropsInSteps", {.recovery_rarity = 320}},
      {"EarlyPages", {.recovery_rarity = 480}},
      {"EarlyPagesOfEachKind", {.recovery_rarity = 960}},
      {"EarlyPagesOverOldRecords", {.recovery_rarity = 640}},
      {"LargeCommits", {.recovery_rarity = 160}},
      {"ShrinksAndRegrows", {.recovery_rarity = 160}}};
  const auto found = efforts.find(workload);
  return found == efforts.end() ? Effort() : found->second;
}

TEST_P(EngineCrashTest, KeepsEveryAcknowledgedCommitAndNoPartOfAnother) {
  CrashOptions options;
  const Effort effort = effort_for(GetParam());
  options.images_per_point = effort.images_per_point;
  options.recover_one_in =
      std::max<std::uint64_t>(1, effort.recovery_rarity / testing::crash_budget());
  options.images_per_recovery_point = 3;
  if (const char* reproduce = std::getenv("QUIRE_REPRODUCE")) options.reproduce = reproduce;
  const CrashReport report = explore(engine_workloads().at(GetParam()), options);
  std::cout << GetParam() << ": " << report.summary() << "\n";
  tell_tried(report);
  EXPECT_TRUE(report.ok()) << report.summary();
}

/// Also in the recovery from the recovery, and in the one after that.
TEST(EngineDeepCrashTest, ThreeCrashesOneAfterTheOtherLoseNothing) {
  for (const char* const name : {"SmallCommits", "RelaxedAndImmediate", "CutsAndRegrows"}) {
    CrashOptions options;
    options.depth = 3;
    options.images_per_point = 5;
    options.images_per_recovery_point = 3;
    options.recover_one_in = std::max<std::uint64_t>(1, 400 / testing::crash_budget());
    const CrashReport report = explore(engine_workloads().at(name), options);
    tell_tried(report);
    EXPECT_TRUE(report.ok()) << name << ": " << report.summary();
  }
}

/// True if something that is not open() wrote since call `from`.
bool wrote_since(const SimulatedFileSystem& files, std::uint64_t from) {
  for (std::uint64_t call = from; call < files.crash_points(); ++call) {
    switch (files.operation(call)) {
      case FileOperation::open:
      case FileOperation::read:
      case FileOperation::lock:
      case FileOperation::status:
      case FileOperation::list:
        break;
      default:
        return true;
    }
  }
  return false;
}

TEST_P(EngineCrashTest, ReadersSeeTheSameAndWriteNothing) {
  const EngineWorkload& workload = engine_workloads().at(GetParam());
  const auto reopen = [&](CrashRun& run) {
    SimulatedFileSystem& files = run.files();
    if (!files.status(run.path())) return;
    Options reading = run.options();
    reading.read_only = true;
    reading.cache_size = std::size_t{8} << 20;
    std::uint64_t before = files.crash_points();
    Database reader = Database::open(run.path(), reading);
    const std::size_t seen = workload.find_step(reader);
    reader.close();
    if (wrote_since(files, before)) throw std::runtime_error("a read-only open has written");

    Database writer = run.open();
    if (workload.find_step(writer) != seen) throw std::runtime_error("a reader saw another state");
    writer.close();
    before = files.crash_points();
    run.open().close();
    if (wrote_since(files, before)) throw std::runtime_error("opening a clean file has written");
  };
  CrashOptions options;
  options.database = workload.options();
  options.images_per_point =
      std::min(2 * testing::crash_budget(), effort_for(GetParam()).images_per_point);
  options.recover_one_in = 0;
  const CrashReport report =
      explore_program_crashes([&](CrashRun& run) { workload.run(run); }, reopen, options);
  tell_tried(report);
  EXPECT_TRUE(report.ok()) << report.summary();
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, workload] : engine_workloads()) all.push_back(name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Workloads, EngineCrashTest, ::testing::ValuesIn(names()),
                         [](const auto& instance) { return instance.param; });

TEST(EarlyPagesWorkloads, WriteSomeInMoreThanOneStep) {
  for (const auto& [name, workload] : engine_workloads()) {
    if (!name.starts_with("EarlyPages")) continue;
    SimulatedFileSystem files;
    CrashRun run(files, CrashOptions().path, workload.options(),
                 std::make_shared<const CrashRun::Promises>());
    Database database = run.open();
    std::size_t steps = 0;
    std::uint64_t written = 0;
    for (std::size_t index = 0; index < workload.step_count(); ++index) {
      workload.make_step(run, database, index);
      const std::uint64_t now = database.stats().pages_written_early;
      if (now > written) ++steps;
      written = now;
    }
    EXPECT_GT(steps, name == "EarlyPagesOverOldRecords" ? 0u : 1u) << name;
  }
}

// ---- the syncs that all rests on

bool is_sync(FileOperation operation) {
  return operation == FileOperation::sync || operation == FileOperation::sync_directory;
}

/// Commits and checkpoints; adds to `needed` the calls that must not be left out: the sync before
/// each acknowledgement, and what a checkpoint syncs of the database file and of names.
void run_with_checkpoints(const EngineWorkload& workload, CrashRun& run,
                          std::vector<std::uint64_t>& needed) {
  SimulatedFileSystem& files = run.files();
  Database database = run.open();
  for (std::size_t index = 0; index < workload.step_count(); ++index) {
    workload.make_step(run, database, index);
    std::uint64_t call = files.crash_points() - 1;
    while (!is_sync(files.operation(call))) --call;
    needed.push_back(call);
    if (index % 2 == 0) continue;
    const std::uint64_t before = files.crash_points();
    database.checkpoint();
    for (call = before; call < files.crash_points(); ++call) {
      const std::string name = files.operation_name(call);
      if (name == "sync " + run.path() || name == "sync directory /") needed.push_back(call);
    }
  }
}

/// Whether crashes lose something if these calls, which are syncs, do nothing.
bool loses_without(const std::vector<std::uint64_t>& calls, const EngineWorkload& workload,
                   const std::function<void(CrashRun&)>& program) {
  CrashOptions options;
  options.database = workload.options();
  for (const std::uint64_t call : calls) {
    options.faults.faults.push_back({FaultKind::sync_lies, call, 1});
  }
  options.recover_one_in = 0;
  testing::tried("left-out syncs", 1);
  return !explore_crashes(
              program,
              [&](Database& database, const CrashHistory& history) {
                workload.require_promised(database, history);
              },
              options)
              .ok();
}

TEST(EngineSyncTest, EachSyncOfACommitAndACheckpointIsNeeded) {
  const EngineWorkload& workload = engine_workloads().at("SmallCommits");
  SimulatedFileSystem files;
  CrashRun run(files, CrashOptions().path, workload.options(),
               std::make_shared<const CrashRun::Promises>());
  std::vector<std::uint64_t> needed;
  run_with_checkpoints(workload, run, needed);
  EXPECT_GE(needed.size(), 15u);
  for (const std::uint64_t call : needed) {
    std::vector<std::uint64_t> ignored;
    EXPECT_TRUE(loses_without(
        {call}, workload, [&](CrashRun& again) { run_with_checkpoints(workload, again, ignored); }))
        << "nothing is lost without " << files.operation_name(call);
  }
}

/// Early pages take the place of pages that hold something in the header's commit, and that a relaxed
/// commit has freed.
EngineWorkload early_pages_in_room_just_freed() {
  Options options = torture::small_options();
  options.cache_size = std::size_t{64} << 10;
  EngineWorkload workload(options);
  const auto fill = [](char letter) {
    return [letter](ModelledTransaction& change) {
      for (std::size_t page = 0; page < 36; ++page) {
        change.write({letter}, page * 4096, std::string(4096, letter));
      }
    };
  };
  workload.step(fill('a'), EngineWorkload::After::checkpoint);
  workload.relaxed_step([](ModelledTransaction& change) { change.resize("a", 9); });
  workload.step(fill('b'));
  return workload;
}

struct EarlySyncs {
  std::vector<std::uint64_t> before;  // the first early page
  std::vector<std::uint64_t> behind;  // all of them, and before the log says a word of them
};

void run_with_early_pages(const EngineWorkload& workload, CrashRun& run, EarlySyncs& syncs) {
  SimulatedFileSystem& files = run.files();
  Database database = run.open();
  for (std::size_t index = 0; index + 1 < workload.step_count(); ++index) {
    workload.make_step(run, database, index);
  }
  const std::uint64_t first = files.crash_points();
  workload.make_step(run, database, workload.step_count() - 1);
  EXPECT_GT(database.stats().pages_written_early, 0u);
  bool has_written = false;
  for (std::uint64_t call = first; call < files.crash_points(); ++call) {
    const std::string name = files.operation_name(call);
    if (name.starts_with("write " + run.path() + " ")) has_written = true;
    if (has_written && name == "sync " + run.path()) {
      syncs.behind.push_back(call);
      break;
    }
    if (!has_written && is_sync(files.operation(call))) syncs.before.push_back(call);
  }
}

TEST(EngineSyncTest, SyncsAroundEarlyPagesAreNeeded) {
  const EngineWorkload workload = early_pages_in_room_just_freed();
  SimulatedFileSystem files;
  CrashRun run(files, CrashOptions().path, workload.options(),
               std::make_shared<const CrashRun::Promises>());
  EarlySyncs syncs;
  run_with_early_pages(workload, run, syncs);
  const auto again = [&](CrashRun& other) {
    EarlySyncs ignored;
    run_with_early_pages(workload, other, ignored);
  };
  EXPECT_FALSE(loses_without({}, workload, again));
  EXPECT_TRUE(loses_without(syncs.behind, workload, again));
  // That of the commit that freed their room, and that of the MARK which proves it.
  EXPECT_EQ(syncs.before.size(), 2u);
  EXPECT_TRUE(loses_without(syncs.before, workload, again));
}

}  // namespace
}  // namespace quire
