// Longer programs by chance, with small caches and logs: under crashes, and under calls that fail.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/support/budget.h"
#include "tests/support/tried.h"
#include "torture/fault_trial.h"
#include "torture/soup.h"

namespace quire::torture {
namespace {

class RandomSequencesTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomSequencesTest, HoldWhatTheyPromisedAfterCrashes) {
  CrashOptions effort;
  effort.images_per_point = 2 * testing::crash_budget();
  effort.recover_one_in = 1 + 1000 / testing::crash_budget();
  effort.images_per_recovery_point = 2;
  for (std::uint64_t number = 0; number < testing::crash_budget(); ++number) {
    const std::uint64_t seed = GetParam() + number;
    const Sequence sequence = random_sequence(seed);
    effort.seed = seed;
    const CrashReport report = explore(sequence, effort);
    testing::tried("crash images in all", report.images);
    testing::tried("crash images in recovery", report.recovery_images);
    ASSERT_TRUE(report.ok()) << "seed " << seed << ", " << sequence.name() << "\n"
                             << report.summary();
  }
}

TEST_P(RandomSequencesTest, LoseNothingWhenACallFails) {
  constexpr FaultKind kKinds[] = {FaultKind::io_error,        FaultKind::partial_write,
                                  FaultKind::complete_write,  FaultKind::no_space,
                                  FaultKind::sync_loses,      FaultKind::sync_reverts,
                                  FaultKind::sync_keeps_some, FaultKind::sync_reports_late};
  std::mt19937_64 random(GetParam());
  for (std::uint64_t number = 0; number < testing::crash_budget(); ++number) {
    const std::uint64_t seed = GetParam() + number;
    const Sequence sequence = random_sequence(seed);
    const std::uint64_t calls = calls_of(sequence, seed).size();
    for (std::uint64_t trial = 0; trial < 4 * testing::crash_budget(); ++trial) {
      const Fault fault{kKinds[random() % std::size(kKinds)], random() % calls,
                        random() % 2 == 0 ? 1 : Fault::kForever};
      const TrialResult result = try_fault(sequence, fault, seed);
      ASSERT_TRUE(is_good(result.outcome))
          << "seed " << seed << ", " << sequence.name() << "\n"
          << to_string(fault) << " from call " << fault.first_operation << ": " << result.problem;
    }
  }
  testing::tried("failing calls", 4 * testing::crash_budget() * testing::crash_budget());
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSequencesTest,
                         ::testing::Range<std::uint64_t>(10'000, 10'800, 100));

/// A harness that cannot fail proves nothing: without the syncs of the log, something is lost.
TEST(SequenceTest, IsFoundWrongWhenSyncsAreLeftOut) {
  const Sequence sequence(starts()[1], {operations()[0], operations()[6]});
  CrashOptions effort;
  effort.images_per_point = 20;
  EXPECT_TRUE(explore(sequence, effort).ok());
  effort.faults.faults.push_back({FaultKind::sync_lies, 0, Fault::kForever});
  EXPECT_FALSE(explore(sequence, effort).ok());
}

TEST(SequenceTest, TellsEveryOperationsContentFromTheOthers) {
  for (const Operation& operation : operations()) {
    if (operation.change == nullptr || operation.name == "change nothing") continue;
    const Sequence sequence(starts()[3], {operation});
    EXPECT_EQ(sequence.size(), 1u);
  }
}

}  // namespace
}  // namespace quire::torture
