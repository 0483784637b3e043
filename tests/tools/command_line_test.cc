#include "tests/tools/command_test.h"

#include <quire/version.h>

namespace quire::tools {

namespace {

using CommandLineTest = CommandTest;

TEST_F(CommandLineTest, PrintsItsVersion) {
  const CommandResult result = run({"--version"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, std::string(version()) + "\n");
}

TEST_F(CommandLineTest, HelpNamesEverySubcommandButHiddenOnes) {
  const CommandResult result = run({"--help"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* name : {"info", "ls", "check", "get", "put", "rm", "cat", "import", "demo"}) {
    EXPECT_NE(result.out.find("\n  " + std::string(name) + " "), std::string::npos) << name;
  }
  EXPECT_EQ(result.out.find("demo-importer"), std::string::npos);
}

TEST_F(CommandLineTest, EverySubcommandHasHelp) {
  for (const char* name : {"info", "ls", "check", "get", "put", "rm", "cat", "import", "demo"}) {
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
