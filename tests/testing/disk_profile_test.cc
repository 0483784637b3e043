#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include <quire/testing.h>

#include "tests/support/budget.h"
#include "tests/support/tried.h"
#include "tests/testing/engine_workload.h"

// What Quire makes of each kind of disk. docs/testing.md has the verdicts.

namespace quire {
namespace {

struct Profile {
  std::string name;
  DiskProfile disk;
  /// Whether power may fail in recovery too: it writes durable records again where they are.
  bool in_recovery = true;
};

const std::vector<Profile> kSurvived{
    {"WholeBlocks", {.tearing = Tearing::blocks}},
    {"TornSectors", {.tearing = Tearing::bytes}},
    {"GarbageInSectors", {.tearing = Tearing::garbage}, false},
    {"LengthLeftPending", {.data_sync_leaves_length = true}},
    {"SpoiledBlocks", {.spoils_blocks = true}},
    {"AllAtOnce",
     {.tearing = Tearing::bytes, .spoils_blocks = true, .data_sync_leaves_length = true}},
};

const std::vector<std::string> kWorkloads{"OverwritesAndCheckpoints", "ClosesAndReopens",
                                          "RelaxedAndImmediate", "CutsAndRegrows",
                                          "EarlyPagesOverOldRecords"};

CrashOptions options_for(const EngineWorkload& workload, const DiskProfile& disk) {
  CrashOptions options;
  options.database = workload.options();
  options.disk = disk;
  options.images_per_point = 3 * testing::crash_budget();
  options.recover_one_in = 600 / testing::crash_budget();
  options.images_per_recovery_point = 4;
  return options;
}

class SurvivedDiskTest : public ::testing::TestWithParam<Profile> {};

TEST_P(SurvivedDiskTest, LosesNoAcknowledgedCommit) {
  for (const std::string& name : kWorkloads) {
    const EngineWorkload& workload = engine_workloads().at(name);
    CrashOptions options = options_for(workload, GetParam().disk);
    if (!GetParam().in_recovery) options.depth = 1;
    const CrashReport report = explore(workload, options);
    EXPECT_TRUE(report.ok()) << name << ": " << report.summary();
    testing::tried("crash images in all", report.images);
    testing::tried("crash images of worse disks", report.images);
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, SurvivedDiskTest, ::testing::ValuesIn(kSurvived),
                         [](const auto& instance) { return instance.param.name; });

/// How often a database that was left by a disk which breaks its promises was what.
struct Verdicts {
  std::uint64_t promised = 0;
  std::uint64_t older = 0;    // that of a commit, but not one that had been promised
  std::uint64_t refused = 0;  // an error of open, of a read or of check()
  std::uint64_t wrong = 0;    // none of these
};

bool is_as_promised(const EngineWorkload& workload, const Database& database, const CrashRun& run) {
  try {
    workload.require_promised(database, run.promises()->history);
    return true;
  } catch (const std::runtime_error&) {
    return false;
  }
}

Verdicts verdicts_of(const EngineWorkload& workload, const DiskProfile& disk) {
  Verdicts verdicts;
  const auto look = [&](CrashRun& run) {
    try {
      const Database database = run.open();
      if (!database.check().ok()) throw CorruptionError("check()", "", "", "");
      workload.find_step(database);  // throws std::runtime_error if it is that of no commit
      ++(is_as_promised(workload, database, run) ? verdicts.promised : verdicts.older);
    } catch (const Error&) {
      ++verdicts.refused;
    } catch (const std::runtime_error&) {
      ++verdicts.wrong;
    }
  };
  CrashOptions options = options_for(workload, disk);
  options.recover_one_in = 0;
  const CrashReport report =
      explore_program_crashes([&](CrashRun& run) { workload.run(run); }, look, options);
  testing::tried("crash images of worse disks", report.images);
  return verdicts;
}

TEST(DetectedDiskTest, SectorsThatCannotBeReadAreRefused) {
  for (const std::string& name : kWorkloads) {
    const Verdicts found =
        verdicts_of(engine_workloads().at(name), {.tearing = Tearing::unreadable});
    EXPECT_EQ(found.wrong, 0u) << name;
    EXPECT_EQ(found.older, 0u) << name;
    EXPECT_GT(found.refused, 0u) << name;
    EXPECT_GT(found.promised, found.refused) << name;
  }
}

TEST(DetectedDiskTest, DiskWhoseSyncsLieLeavesMostlyOlderStatesOrIsNoticed) {
  Verdicts sum;
  for (const std::string& name : kWorkloads) {
    const Verdicts found = verdicts_of(engine_workloads().at(name), {.syncs_lie = true});
    sum.promised += found.promised;
    sum.older += found.older;
    sum.refused += found.refused;
    sum.wrong += found.wrong;
  }
  EXPECT_GT(sum.refused, 0u);
  testing::tried("images of a disk whose syncs lie: as promised", sum.promised);
  testing::tried("images of a disk whose syncs lie: an older commit", sum.older);
  testing::tried("images of a disk whose syncs lie: refused", sum.refused);
  testing::tried("images of a disk whose syncs lie: wrong (stale pages)", sum.wrong);
}

TEST(EarlyWriteBackTest, LosesNoAcknowledgedCommit) {
  for (const std::string& name : kWorkloads) {
    const EngineWorkload& workload = engine_workloads().at(name);
    CrashOptions options = options_for(workload, {});
    options.faults = {{{FaultKind::write_back, 0, Fault::kForever}}};
    const CrashReport report = explore(workload, options);
    EXPECT_TRUE(report.ok()) << name << ": " << report.summary();
    testing::tried("crash images in all", report.images);
  }
}

}  // namespace
}  // namespace quire
