#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include <quire/testing.h>

#include "tests/testing/budget.h"
#include "tests/testing/engine_workload.h"

// The power is cut before every call of the engine, and again in the recovery from that. Whatever
// is left must open, pass check(), and hold what a prefix of the commits made, with every commit
// that was acknowledged. Then the next commit is made again, byte by byte the same as the one that
// may have been lost, and must survive as well.

namespace quire {
namespace {

class EngineCrashTest : public ::testing::TestWithParam<std::string> {};

CrashReport explore(const EngineWorkload& workload, CrashOptions options) {
  options.database = small_options();
  options.afterwards = [&](CrashRun& run, Database& database) {
    const std::size_t found = workload.find_step(database);
    run.acknowledge(run.announce(std::to_string(found)));
    if (found < workload.step_count()) workload.make_step(run, database, found);
  };
  return explore_crashes([&](CrashRun& run) { workload.run(run); },
                         [&](Database& database, const CrashHistory& history) {
                           workload.require_promised(database, history);
                         },
                         options);
}

TEST_P(EngineCrashTest, KeepsEveryAcknowledgedCommitAndNoPartOfAnother) {
  CrashOptions options;
  options.images_per_point = 6 * crash_budget();
  options.recover_one_in = 400 / crash_budget();
  options.images_per_recovery_point = 3;
  if (const char* reproduce = std::getenv("QUIRE_REPRODUCE")) options.reproduce = reproduce;
  const CrashReport report = explore(engine_workloads().at(GetParam()), options);
  std::cout << GetParam() << ": " << report.summary() << "\n";
  EXPECT_TRUE(report.ok()) << report.summary();
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, workload] : engine_workloads()) all.push_back(name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Workloads, EngineCrashTest, ::testing::ValuesIn(names()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace quire
