#include "tests/tools/command_test.h"

#include <quire/version.h>

namespace quire::tools {

namespace {

using CommandLineTest = CommandTest;

constexpr const char* kCommands[] = {"info", "ls",  "stats",  "check",  "get",  "put",
                                     "rm",   "cat", "import", "export", "demo", "bench"};

TEST_F(CommandLineTest, PrintsItsVersion) {
  const CommandResult result = run({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, std::string(version()) + "\n");
}

TEST_F(CommandLineTest, HelpNamesEverySubcommandButHiddenOnes) {
  const CommandResult result = run({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* name : kCommands) {
    EXPECT_NE(result.out.find("\n  " + std::string(name) + " "), std::string::npos) << name;
  }
  EXPECT_EQ(result.out.find("demo-importer"), std::string::npos);
}

TEST_F(CommandLineTest, EverySubcommandHasHelp) {
  for (const char* name : kCommands) {
    const CommandResult result = run({name, "--help"});
    EXPECT_EQ(result.exit_code, 0) << name;
    EXPECT_NE(result.out.find("Usage: "), std::string::npos) << name;
  }
}

TEST_F(CommandLineTest, WrongUsageIsCode2) {
  expect_failure({}, 2, "subcommand");
  expect_failure({"fly"}, 2, "there is no command 'fly'");
  expect_failure({"get", file()}, 2, "NAME");
  expect_failure({"get", file(), "users", "ada", "surplus"}, 2, "surplus");
  expect_failure({"info", file(), "--loud"}, 2, "--loud");
  expect_failure({"import", "tarball", "a", "b", "c"}, 2, "there is no command 'tarball'");
  expect_failure({"demo", "--kills", "many"}, 2, "--kills");
}

TEST_F(CommandLineTest, NamesAMistypedCommandAndNotTheWordsBehindIt) {
  const CommandResult result = run({"gte", file(), "users", "ada"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err,
            "quire: there is no command 'gte'\n"
            "quire: what to do: `quire --help` and `quire COMMAND --help` say what is expected\n");
}

TEST_F(CommandLineTest, TellsErrorsAsJsonToWhoeverWantsJson) {
  const auto expect_error = [&](std::vector<std::string> arguments, int exit_code,
                                const std::string& code, const std::string& message) {
    const CommandResult result = run(std::move(arguments));
    EXPECT_EQ(result.exit_code, exit_code);
    const Json document = result.json();
    EXPECT_EQ(document["schema"], 1);
    EXPECT_EQ(document["error"]["code"], code);
    EXPECT_NE(document["error"]["message"].get<std::string>().find(message), std::string::npos);
    EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
  };
  expect_error({"get", file(), "users", "ada", "--json"}, 3, "not_found", file());
  expect_error({"--json", "fly"}, 2, "usage", "there is no command 'fly'");
  expect_error({"get", file(), "--json"}, 2, "usage", "NAME");
  ASSERT_EQ(run({"put", file(), "users", "ada", "mail"}).exit_code, 0);
  expect_error({"get", file(), "users", "\xff", "--json"}, 3, "not_found", "no key");
  expect_error({"put", path("missing/db"), "users", "a", "b", "--json"}, 3, "not_found", "missing");
  EXPECT_EQ(run({"get", file(), "users", "--", "--json"}).out, "") << "that is a key";
}

TEST_F(CommandLineTest, AMissingDirectoryOfADatabaseIsCode3) {
  const std::string message = "there is no directory '" + path("missing") + "'";
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"put", path("missing/db"), "users", "ada", "mail"},
           {"get", path("missing/db"), "users", "ada"},
           {"rm", path("missing/db"), "users"},
           {"demo", "--dir", path(""), "--keep", path("missing/db")}}) {
    expect_failure(arguments, 3, message);
  }
  write_file(path("file"), "1");
  expect_failure({"put", path("file/db"), "users", "ada", "mail"}, 3, "there is no directory");
}

TEST_F(CommandLineTest, TakesNamesOfSubcommandsAsArguments) {
  EXPECT_EQ(run({"put", file(), "ls", "import", "rm"}).exit_code, 0);
  EXPECT_EQ(run({"get", file(), "ls", "import"}).out, "rm");
}

TEST_F(CommandLineTest, FailsWithCode7WhenStandardOutputIsFull) {
  ASSERT_EQ(run({"put", file(), "users", "ada", "mail"}).exit_code, 0);
  for (const char* redirection : {" >/dev/full", " >/dev/full 2>&1"}) {
    const std::string command = std::string(QUIRE_COMMAND) + " info " + file() + redirection;
    const int status = std::system(command.c_str());
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
  }
}

TEST_F(CommandLineTest, NeverOpensADatabaseAsAStandardStream) {
  const std::string closed = std::string(QUIRE_COMMAND) + " put " + file() + " users ada mail ";
  EXPECT_EQ(std::system((closed + "--json 0<&- 1>&- 2>&-").c_str()), 0);
  EXPECT_EQ(run({"get", file(), "users", "ada"}).out, "mail");
}

}  // namespace

}  // namespace quire::tools
