// The sabotage suite: each sync, each step of an order and each check that mutants.cc lists is left out
// in turn, and its detector must notice. A detector that finds something when nothing is left out
// proves nothing, so each is run that way first.

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "tests/sabotage/mutants.h"
#include "tests/support/tried.h"

namespace quire::sabotage {

/// For gtest, which prints parameters.
void PrintTo(const Mutant& mutant, std::ostream* out) { *out << mutant.name; }

namespace {

/// What the detector says; nothing if it is content.
std::string problem_found(void (*detect)()) {
  try {
    detect();
  } catch (const std::exception& problem) {
    const std::string what = problem.what();
    return what.empty() ? "an exception without words" : what;
  }
  return "";
}

class SabotageTest : public ::testing::TestWithParam<Mutant> {};

TEST_P(SabotageTest, IsNoticed) {
  const Mutant& mutant = GetParam();
  const auto began = std::chrono::steady_clock::now();
  std::string problem;
  {
    const Sabotaged sabotaged(mutant.what);
    problem = problem_found(mutant.detect);
  }
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - began;
  ASSERT_NE(problem, "") << "nobody misses what rule " << mutant.rule << " asks for";
  std::cout << mutant.name << " (" << mutant.rule << "): noticed by " << mutant.detector
            << " after " << time.count() << " ms: " << problem.substr(0, problem.find('\n'))
            << "\n";
  testing::tried("mutants noticed", 1);
}

INSTANTIATE_TEST_SUITE_P(Mutants, SabotageTest, ::testing::ValuesIn(mutants()),
                         [](const auto& mutant) { return std::string(mutant.param.name); });

using Detector = std::pair<const std::string_view, void (*)()>;

std::map<std::string_view, void (*)()> detectors() {
  std::map<std::string_view, void (*)()> all;
  for (const Mutant& mutant : mutants()) all.emplace(mutant.detector, mutant.detect);
  return all;
}

class DetectorTest : public ::testing::TestWithParam<Detector> {};

TEST_P(DetectorTest, FindsNothingWhenNothingIsLeftOut) {
  EXPECT_EQ(problem_found(GetParam().second), "");
}

INSTANTIATE_TEST_SUITE_P(Detectors, DetectorTest, ::testing::ValuesIn(detectors()),
                         [](const auto& detector) { return std::string(detector.param.first); });

// ---- the table

TEST(MutantTableTest, HasARowForEverySabotageInOrder) {
  int number = static_cast<int>(Sabotage::none);
  std::set<std::string_view> names;
  for (const Mutant& mutant : mutants()) {
    EXPECT_EQ(static_cast<int>(mutant.what), ++number) << mutant.name;
    EXPECT_TRUE(names.insert(mutant.name).second) << mutant.name;
  }
  EXPECT_EQ(number + 1, static_cast<int>(Sabotage::count));
}

TEST(MutantTableTest, IsThatOfTheTestingPage) {
  std::ifstream page(QUIRE_TESTING_PAGE);
  std::set<std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| `")) rows.insert(line);
  }
  std::set<std::string> expected;
  for (const Mutant& mutant : mutants()) {
    std::ostringstream row;
    row << "| `" << mutant.name << "` | " << mutant.rule << " | `" << mutant.detector << "` |";
    expected.insert(row.str());
  }
  for (const std::string& row : expected) EXPECT_TRUE(rows.contains(row)) << "no row " << row;
  for (const std::string& row : rows) {
    const bool is_known = expected.contains(row) || !row.ends_with("` |");
    EXPECT_TRUE(is_known) << "there is no such mutant: " << row;
  }
}

}  // namespace
}  // namespace quire::sabotage
