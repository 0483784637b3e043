#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <map>
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
  EXPECT_GE(document["damages"], 3 * 2 * 4 * 5);
  std::map<std::string, std::uint64_t> at_rest;
  for (const Json& row : document["faults"]) {
    if (!std::string(row["fault"]).starts_with("at rest: ")) continue;
    for (const char* outcome : {"detected", "repaired", "harmless", "wrong content"}) {
      at_rest[outcome] += row[outcome].get<std::uint64_t>();
    }
  }
  EXPECT_GT(at_rest["detected"], 0U);
  EXPECT_GT(at_rest["harmless"], 0U);
  EXPECT_EQ(at_rest["wrong content"], 0U);
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

/// While it lives, processes that are started may not make files longer than this.
class ShortFiles {
 public:
  explicit ShortFiles(rlim_t bytes) : signal_before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit = {bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~ShortFiles() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_before_);
  }
  ShortFiles(const ShortFiles&) = delete;
  ShortFiles& operator=(const ShortFiles&) = delete;

 private:
  void (*signal_before_)(int);
  rlimit before_{};
};

TEST_F(TortureCommandTest, LeavesTheDatabaseThatAFindingNames) {
  const ShortFiles limit(60'000);  // no room for a segment of the log: each writer fails
  const CommandResult result =
      run({"torture", "--kill", "--seed", "8", "--rounds", "12", "--dir", path(""), "--json"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  const Json findings = result.json()["findings"];
  EXPECT_FALSE(findings.empty());
  const CommandResult text =
      run({"torture", "--kill", "--seed", "8", "--rounds", "1", "--dir", path("")});
  EXPECT_NE(text.out.find("seed 8; a kill cannot be repeated exactly\n"), std::string::npos)
      << text.out;
  for (std::size_t number = 0; number < findings.size(); ++number) {
    const std::string problem = findings[number]["problem"];
    const std::size_t begin = problem.rfind(path(""));
    const std::filesystem::path database =
        problem.substr(begin, problem.find(" is left as it is", begin) - begin);
    EXPECT_TRUE(std::filesystem::exists(database)) << database;
    EXPECT_EQ(database.filename(), "torture-8-" + std::to_string(number + 1) + ".quire");
    EXPECT_EQ(database.parent_path().parent_path() / "", std::filesystem::path(path("")));
  }
}

TEST_F(TortureCommandTest, OfKillsShowsOnlyWhatTheyCanComeTo) {
  const CommandResult result = run({"torture", "--kill", "--rounds", "1", "--dir", path("")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.find("detected"), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("program"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("1 fault in "), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("; no fault came to a bad end\n"), std::string::npos) << result.out;
}

TEST_F(TortureCommandTest, RefusesAPageThatCannotBeWrittenBeforeItBegins) {
  std::filesystem::create_directory(path("directory"));
  for (const std::string& page :
       {path("directory"), path("no/such/page.html"), path("new") + "/"}) {
    const CommandResult result = run({"torture", "--seconds", "1000000", "--html", page});
    EXPECT_NE(result.exit_code, 0);
    EXPECT_EQ(result.out, "") << "a campaign was run";
  }
  const CommandResult refused =
      run_as_nobody({"torture", "--rounds", "1", "--html", path("page.html")});
  EXPECT_EQ(refused.exit_code, 7) << refused.err;
  EXPECT_EQ(refused.out, "");
  EXPECT_FALSE(std::filesystem::exists(path("new")));
}

TEST_F(TortureCommandTest, RefusesNumbersThatMeanNothing) {
  expect_failure({"torture", "--seconds", "nan"}, 2, "nan");
  expect_failure({"torture", "--seed", "-1"}, 2, "-1");
  expect_failure({"torture", "--rounds", "0"}, 2, "0");
  expect_failure({"torture", "--rounds", "1", "--dir", path("")}, 2, "--kill");
}

TEST_F(TortureCommandTest, ExplainsEachOutcomeInItsHelp) {
  const std::string help = run({"torture", "--help"}).out;
  EXPECT_NE(help.find("an older commit: files were damaged"), std::string::npos) << help;
  EXPECT_NE(help.find("wrong content: bad: "), std::string::npos) << help;
}

TEST_F(TortureCommandTest, WritesAPage) {
  const CommandResult result =
      run({"torture", "--seed", "7", "--rounds", "1", "--html", path("page.html")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("seed 7: 1 program, "), std::string::npos) << result.out;
  EXPECT_NE(read_file(path("page.html")).find("<h1>quire torture</h1>"), std::string::npos);
}

}  // namespace

}  // namespace quire::tools
