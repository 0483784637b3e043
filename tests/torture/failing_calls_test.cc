// Every call of every canonical program fails, once and from then on, in every way after which it
// must keep its promises. Where an error comes out, the power is cut from a database that is poisoned,
// that has no room, or whose close() has failed; what is left must be as promised, and go on.

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "tests/support/tried.h"
#include "tests/torture/canonical_programs.h"
#include "torture/fault_trial.h"

namespace quire::torture {
namespace {

constexpr std::uint64_t kSeed = 3;

class FailingCallsTest : public ::testing::TestWithParam<CanonicalProgram> {};

TEST_P(FailingCallsTest, LoseNothingThatWasAcknowledged) {
  const Sequence sequence = make_sequence(GetParam());
  const std::vector<FileOperation> calls = calls_of(sequence, kSeed);
  std::uint64_t tried = 0;
  std::uint64_t reported = 0;
  std::uint64_t images = 0;
  for (std::uint64_t call = 0; call < calls.size(); ++call) {
    for (const FaultKind kind : fault_kinds()) {
      if (!can_fail(kind, calls[call])) continue;
      for (const std::uint64_t count : {std::uint64_t{1}, Fault::kForever}) {
        const Fault fault{kind, call, count};
        const TrialResult result = try_fault(sequence, fault, kSeed);
        ASSERT_TRUE(is_good(result.outcome))
            << sequence.name() << "\n"
            << to_string(fault) << " from call " << call << ": " << result.problem;
        ++tried;
        images += result.images;
        if (result.outcome == Outcome::reported) ++reported;
      }
    }
  }
  std::cout << tried << " failing calls of " << calls.size() << ", " << reported << " reported; "
            << images << " crashes after them\n";
  EXPECT_GT(reported, calls.size() / 4);
  testing::tried("failing calls", tried);
  testing::tried("crashes after a failing call", images);
}

INSTANTIATE_TEST_SUITE_P(Programs, FailingCallsTest, ::testing::ValuesIn(canonical_programs()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace quire::torture
