#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <quire/database.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

using namespace std::string_literals;

class ExportCommandTest : public CommandTest {
 protected:
  void put(std::string_view key, std::string_view value) {
    Database database = Database::open(file());
    database.transact(
        [&](Transaction& transaction) { transaction.open<Hash>("files").put(key, value); });
    database.close();
  }

  std::vector<std::string> export_to(const std::string& target) const {
    return {"export", "dir", file(), "files", path(target)};
  }
};

TEST_F(ExportCommandTest, WritesBackWhatImportTook) {
  std::filesystem::create_directories(path("tree/sub/deeper"));
  write_file(path("tree/empty"), "");
  write_file(path("tree/sub/deeper/\xff"), std::string(100'000, 'l'));
  ASSERT_EQ(chmod(path("tree/empty").c_str(), 0640), 0);
  ASSERT_EQ(run({"import", "dir", path("tree"), file(), "files"}).exit_code, 0);
  const CommandResult result = run(export_to("out"));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "2 files (97.7 KiB)\n");
  EXPECT_EQ(result.err, "");
  for (const char* name : {"/empty", "/sub/deeper/\xff"}) {
    EXPECT_EQ(read_file(path("out") + name), read_file(path("tree") + name));
    struct stat from {};
    struct stat to {};
    ASSERT_EQ(stat((path("tree") + name).c_str(), &from), 0);
    ASSERT_EQ(stat((path("out") + name).c_str(), &to), 0);
    EXPECT_EQ(from.st_mode, to.st_mode);
    EXPECT_EQ(from.st_mtim.tv_sec, to.st_mtim.tv_sec);
    EXPECT_EQ(from.st_mtim.tv_nsec, to.st_mtim.tv_nsec);
  }
  EXPECT_EQ(run_json({"export", "dir", file(), "files", path("out2")})["files"], 2);
}

TEST_F(ExportCommandTest, RefusesKeysThatWouldLeaveTheDirectoryBeforeItWritesAnything) {
  put("good", "1");
  for (const std::string& bad : {"../out"s, "/etc/x"s, "a//b"s, ""s, "a\0b"s}) {
    put(bad, "2");
    expect_failure(export_to("out"), 2, "nothing was written");
    EXPECT_FALSE(std::filesystem::exists(path("out"))) << bad;
    Database database = Database::open(file());
    database.transact([&](Transaction& txn) { txn.open<Hash>("files").erase(bad); });
    database.close();
  }
  put("../named", "2");
  expect_failure(export_to("out"), 2, "key '../named'");
}

TEST_F(ExportCommandTest, RefusesANameThatNoFileCanHaveBeforeItWritesAnything) {
  put("a", "1");
  put("sub/" + std::string(256, 'n'), "2");
  expect_failure(export_to("out"), 2,
                 "nnn' cannot be a file below a directory: it has a name of 256 bytes, and 255 is");
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

TEST_F(ExportCommandTest, RefusesAKeyThatNeedsAFileToBeADirectory) {
  put("a", "1");
  put("a-b", "2");
  put("a/b", "3");
  expect_failure(export_to("out"), 2, "key 'a' is a file");
}

TEST_F(ExportCommandTest, OverwritesOnlyWithForce) {
  put("a", "new a");
  put("b", "new b");
  std::filesystem::create_directory(path("out"));
  write_file(path("out/b"), "mine");
  expect_failure(export_to("out"), 2, "out/b' exists");
  EXPECT_EQ(read_file(path("out/b")), "mine");
  EXPECT_FALSE(std::filesystem::exists(path("out/a")));
  auto forced = export_to("out");
  forced.emplace_back("--force");
  EXPECT_EQ(run(forced).exit_code, 0);
  EXPECT_EQ(read_file(path("out/a")), "new a");
  EXPECT_EQ(read_file(path("out/b")), "new b");
}

TEST_F(ExportCommandTest, WritesAFileWhoseMetaEntryIsNoneAndSaysSo) {
  put("a", "1");
  ASSERT_EQ(run({"put", file(), "files.meta", "a", "{\"mode\":\"all\"}"}).exit_code, 0);
  const CommandResult result = run(export_to("out"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("no mode and time of 'a'"), std::string::npos) << result.err;
  EXPECT_EQ(read_file(path("out/a")), "1");
}

TEST_F(ExportCommandTest, FailsWithoutFileCollectionOrPlace) {
  expect_failure(export_to("out"), 3, file());
  put("a", "1");
  expect_failure({"export", "dir", file(), "visitors", path("out")}, 3, "visitors");
  expect_failure(export_to("missing/out"), 3, "missing/out");
  EXPECT_FALSE(std::filesystem::exists(path("out")));
}

}  // namespace

}  // namespace quire::tools
