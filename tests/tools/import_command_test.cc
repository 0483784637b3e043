#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class ImportCommandTest : public CommandTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(path("tree/sub/deeper"));
    write_file(path("tree/empty"), "");
    write_file(path("tree/sub/deeper/nested"), "far below");
    write_file(path("tree/sub/\xff\xfe"), "not UTF-8");
    write_file(path("tree/large"), std::string(200'000, 'l'));
    std::filesystem::create_symlink("large", path("tree/link"));
    std::filesystem::create_symlink("..", path("tree/link-to-directory"));
    ASSERT_EQ(mkfifo(path("tree/fifo").c_str(), 0600), 0);
  }

  CommandResult import() { return run({"import", "dir", path("tree"), file(), "files"}); }
  Json import_json() { return run_json({"import", "dir", path("tree"), file(), "files"}); }
};

TEST_F(ImportCommandTest, TakesEveryRegularFile) {
  const CommandResult result = import();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(result.out.starts_with("4 files ")) << result.out;
  EXPECT_EQ(run_json({"ls", file(), "files"})["keys"].size(), 4U);
  EXPECT_EQ(run({"get", file(), "files", "empty"}).out, "");
  EXPECT_EQ(run({"get", file(), "files", "sub/deeper/nested"}).out, "far below");
  EXPECT_EQ(run({"get", file(), "files", "sub/\xff\xfe"}).out, "not UTF-8");
  EXPECT_EQ(run({"get", file(), "files", "large"}).out, std::string(200'000, 'l'));
}

TEST_F(ImportCommandTest, KeepsSizeModeAndTime) {
  ASSERT_EQ(chmod(path("tree/large").c_str(), 0640), 0);
  import();
  const Json meta = Json::parse(run({"get", file(), "files.meta", "large"}).out);
  EXPECT_EQ(meta["size"], 200'000);
  EXPECT_EQ(meta["mode"], 0640);
  struct stat status {};
  ASSERT_EQ(stat(path("tree/large").c_str(), &status), 0);
  EXPECT_EQ(meta["mtime_ns"], status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec);
}

TEST_F(ImportCommandTest, CountsWhatItTookAndWhatItLeft) {
  const Json document = import_json();
  EXPECT_EQ(document["collection"], "files");
  EXPECT_EQ(document["files"], 4);
  EXPECT_EQ(document["bytes"], 200'018);
  EXPECT_EQ(document["unchanged"], 0);
  EXPECT_EQ(document["unreadable"], 0);
  EXPECT_EQ(document["symlinks"], 2);
  EXPECT_EQ(document["special"], 1);
  EXPECT_EQ(document["transactions"], 1);
}

TEST_F(ImportCommandTest, TakesOnlyWhatChangedTheSecondTime) {
  import();
  write_file(path("tree/empty"), "no longer");
  write_file(path("tree/added"), "new");
  const Json document = import_json();
  EXPECT_EQ(document["files"], 2);
  EXPECT_EQ(document["unchanged"], 3);
  EXPECT_EQ(run({"get", file(), "files", "empty"}).out, "no longer");
  EXPECT_EQ(run({"get", file(), "files", "added"}).out, "new");
}

TEST_F(ImportCommandTest, SpreadsManyFilesOverSeveralTransactions) {
  for (int index = 0; index < 200; ++index) {
    write_file(path("tree/sub/" + std::to_string(index)), std::to_string(index));
  }
  const Json document = import_json();
  EXPECT_EQ(document["files"], 204);
  EXPECT_GT(document["transactions"], 1);
  EXPECT_EQ(run({"get", file(), "files", "sub/199"}).out, "199");
}

TEST_F(ImportCommandTest, ReportsUnreadableFilesAndGoesOn) {
  ASSERT_EQ(chmod(path("tree/large").c_str(), 0), 0);
  ASSERT_EQ(chmod(path("tree/sub/deeper").c_str(), 0), 0);
  // The database of somebody who may not read all of the tree.
  ASSERT_EQ(chmod(path("").c_str(), 0777), 0);
  const CommandResult result =
      run_as_nobody({"import", "dir", path("tree"), file(), "files", "--json"});
  ASSERT_EQ(chmod(path("tree/sub/deeper").c_str(), 0700), 0);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.json()["files"], 2);
  EXPECT_EQ(result.json()["unreadable"], 2);
  EXPECT_NE(result.err.find("tree/large': Permission denied"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("sub/deeper: Permission denied"), std::string::npos) << result.err;
}

TEST_F(ImportCommandTest, LeavesItsOwnDatabaseOut) {
  const std::string own = path("tree/own.quire");
  for (int round = 0; round < 2; ++round) {
    const CommandResult result = run({"import", "dir", path("tree"), own, "files"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  EXPECT_EQ(run_json({"ls", own, "files"})["keys"].size(), 4U);
  EXPECT_EQ(run({"check", own, "--deep"}).exit_code, 0);
}

TEST_F(ImportCommandTest, AnEmptyDirectoryMakesEmptyHashes) {
  std::filesystem::create_directory(path("nothing"));
  EXPECT_EQ(run({"import", "dir", path("nothing"), file(), "files"}).exit_code, 0);
  EXPECT_EQ(run_json({"ls", file()})["collections"].size(), 2U);
}

TEST_F(ImportCommandTest, SaysWhatIsKeptWhenTheDiskIsFull) {
  for (int index = 0; index < 200; ++index) {
    write_file(path("tree/sub/" + std::to_string(index)), std::string(20'000, 'x'));
  }
  // Blocks of 512 bytes: 2 MiB for a file, which is less than what all of the tree needs.
  const std::string limited = "trap '' XFSZ; ulimit -f 4096; exec " + std::string(QUIRE_COMMAND) +
                              " import dir " + path("tree") + " " + file() + " files 2>" +
                              path("messages");
  const int status = std::system(limited.c_str());
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
  const std::string messages = read_file(path("messages"));
  const std::size_t kept = run_json({"ls", file(), "files"})["keys"].size();
  EXPECT_GT(kept, 0U);
  EXPECT_LT(kept, 204U);
  EXPECT_NE(messages.find("stay: " + std::to_string(kept) + " files in "), std::string::npos)
      << messages;
  EXPECT_EQ(messages.find("nothing was changed"), std::string::npos) << messages;
  const Json rest = import_json();
  EXPECT_EQ(rest["unchanged"], kept);
  EXPECT_EQ(rest["files"], 204U - kept);
}

TEST_F(ImportCommandTest, ShowsNoProgressInAPipe) {
  const CommandResult result = import();
  EXPECT_EQ(result.err, "");
}

TEST_F(ImportCommandTest, FailsForABadSourceOrTarget) {
  expect_failure({"import", "dir", path("missing"), file(), "files"}, 3, "missing");
  expect_failure({"import", "dir", path("tree/large"), file(), "files"}, 2, "not a directory");
  EXPECT_FALSE(std::filesystem::exists(file()));
  expect_failure({"import", "dir", path("tree"), path("tree"), "files"}, 7, "tree");
  expect_failure({"import", "dir", path("tree"), file(), ""}, 2, file());
}

}  // namespace

}  // namespace quire::tools
