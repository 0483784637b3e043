#include <filesystem>
#include <string>

#include "tests/support/budget.h"
#include "tests/support/tried.h"
#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class TortureCommandTest : public CommandTest {};

TEST_F(TortureCommandTest, CrashesProgramsAndFindsNothing) {
  const CommandResult result = run({"torture", "--seed", "5", "--rounds", "3", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  const Json document = result.json();
  EXPECT_EQ(document["ok"], true);
  EXPECT_EQ(document["seed"], 5);
  EXPECT_EQ(document["programs"], 3);
  EXPECT_GT(document["images"], 100);
  EXPECT_GT(document["recovery_images"], 0);
  EXPECT_GE(document["failing_calls"], 60);
  EXPECT_TRUE(document["findings"].empty());
}

TEST_F(TortureCommandTest, FindsTheSameForTheSameSeed) {
  const auto counts = [&] {
    Json document = run({"torture", "--seed", "9", "--rounds", "1", "--json"}).json();
    document.erase("seconds");
    return document.dump();
  };
  EXPECT_EQ(counts(), counts());
}

TEST_F(TortureCommandTest, KillsWritersAndComparesWhatIsLeft) {
  const std::uint64_t kills = 75 * testing::crash_budget();
  const CommandResult result =
      run({"torture", "--kill", "--seed", "6", "--rounds", std::to_string(kills), "--jobs", "2",
           "--seconds", "100000", "--dir", path(""), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  const Json document = result.json();
  ASSERT_EQ(document["faults"].size(), 1U);
  EXPECT_EQ(document["faults"][0]["as promised"], kills);
  EXPECT_TRUE(std::filesystem::is_empty(path("")));
  testing::tried("kills of a process at work", kills);
}

TEST_F(TortureCommandTest, WritesAPage) {
  const CommandResult result =
      run({"torture", "--seed", "7", "--rounds", "1", "--html", path("page.html")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("seed 7: 1 programs"), std::string::npos) << result.out;
  EXPECT_NE(read_file(path("page.html")).find("<h1>quire torture</h1>"), std::string::npos);
}

}  // namespace

}  // namespace quire::tools
