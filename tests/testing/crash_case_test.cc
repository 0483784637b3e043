#include "testing/crash_case.h"

#include <gtest/gtest.h>

#include <string>

#include <quire/error.h>

namespace quire::simulation {
namespace {

constexpr std::uint64_t kUsualSeed = 9;

std::string read_and_written(const std::string& line) {
  return to_string(parse_crash_case(line, kUsualSeed));
}

TEST(CrashCaseTest, IsReadAsItIsWritten) {
  for (const char* line : {"1@46:1", "77@16:/15:0", "1@41:10[01<>?!]gb/17:p/3+:p", "0@0:p",
                           "18446744073709551615@18446744073709551615:"}) {
    EXPECT_EQ(read_and_written(line), line);
  }
}

TEST(CrashCaseTest, HasTheUsualSeedIfItNamesNone) {
  EXPECT_EQ(read_and_written("46:1/2:p"), "9@46:1/2:p");
}

class NoCrashCaseTest : public ::testing::TestWithParam<const char*> {};

TEST_P(NoCrashCaseTest, IsRefusedAsAWhole) {
  try {
    parse_crash_case(GetParam(), kUsualSeed);
    FAIL();
  } catch (const InvalidArgument& error) {
    const std::string expected =
        std::string("'") + GetParam() + "' is no line of a CrashFailure; it looks like 1@46:1";
    EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
  }
}

INSTANTIATE_TEST_SUITE_P(EachMistake, NoCrashCaseTest,
                         ::testing::Values("junk", "1@46", "1@1", "1@", "@46:1", "1@:1", "one@46:1",
                                           "1@46:1/", "1@/46:1", "1@46:1/17", "1@46:2", "1@46:pp",
                                           "1@46:[01", "1@46+:1", "1@+:p", "1@46:1 ", "-1@46:1",
                                           "1@46x:1", "1@2@46:1", "18446744073709551616@1:1"));

}  // namespace
}  // namespace quire::simulation
