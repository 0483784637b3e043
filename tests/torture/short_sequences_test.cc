// All programs of up to two operations (three in a long run), from each starting state: the power is
// cut at every moment of the last one, and again in the recovery from that. Short programs that are
// all tried find more than long ones of which some are (Mohan and others, "Finding Crash-Consistency
// Bugs with Bounded Black-Box Crash Testing", OSDI 2018).

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/budget.h"
#include "tests/support/tried.h"
#include "torture/sequence.h"

namespace quire::torture {
namespace {

using Parameters = std::tuple<std::size_t, std::size_t>;  // of starts(), of operations()

class ShortSequencesTest : public ::testing::TestWithParam<Parameters> {
 protected:
  const Start& start() const { return starts()[std::get<0>(GetParam())]; }
  const Operation& first() const { return operations()[std::get<1>(GetParam())]; }

  /// Tries the last operation of a program, then each longer one that begins so.
  void try_all_from(std::vector<Operation>& program) {
    try_last(Sequence(start(), program));
    ++programs_;
    for (const Operation& next : operations()) {
      if (program.size() == longest_ || HasFailure()) return;
      program.push_back(next);
      try_all_from(program);
      program.pop_back();
    }
  }

  void tell_tried() const {
    testing::tried("crash images in all", images_);
    testing::tried("crash images in recovery", recovery_images_);
    testing::tried("short programs", programs_);
  }

 private:
  /// Tries the last operation of a program.
  void try_last(const Sequence& sequence) {
    CrashOptions effort;
    effort.images_per_point = std::max<std::uint64_t>(2, testing::crash_budget() / 5);
    effort.recover_one_in = 1 + 5000 / testing::crash_budget();
    effort.images_per_recovery_point = 3;
    const CrashReport report = explore(sequence, effort, sequence.size() - 1);
    images_ += report.images;
    recovery_images_ += report.recovery_images;
    EXPECT_TRUE(report.ok()) << sequence.name() << "\n" << report.summary();
  }

  const std::size_t longest_ = testing::number_from_environment("QUIRE_SEQUENCE_LENGTH", 2);
  std::uint64_t programs_ = 0;
  std::uint64_t images_ = 0;
  std::uint64_t recovery_images_ = 0;
};

TEST_P(ShortSequencesTest, HoldWhatTheyPromisedAfterEveryCrash) {
  std::vector<Operation> program{first()};
  try_all_from(program);
  tell_tried();
}

std::string word(std::string_view text) {
  std::string name(text);
  std::erase_if(name, [](char c) { return c == ','; });
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ShortSequencesTest,
                         ::testing::Combine(::testing::Range<std::size_t>(0, starts().size()),
                                            ::testing::Range<std::size_t>(0, operations().size())),
                         [](const auto& instance) {
                           return word(starts()[std::get<0>(instance.param)].name) + "__" +
                                  word(operations()[std::get<1>(instance.param)].name);
                         });

}  // namespace
}  // namespace quire::torture
