#include <filesystem>
#include <string>

#include "tests/tools/command_test.h"
#include "tools/demo_content.h"

namespace quire::tools {

namespace {

class DemoCommandTest : public CommandTest {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(path("tree/sub"));
    for (int index = 0; index < kFiles; ++index) {
      write_file(path("tree/sub/file" + std::to_string(index)),
                 std::string(static_cast<std::size_t>(index * 37), 'a' + index % 26));
    }
  }

  static constexpr int kFiles = 400;
};

TEST_F(DemoCommandTest, ProvesThatNothingIsLost) {
  const CommandResult result = run(
      {"demo", "--dir", path("tree"), "--kills", "3", "--seed", "7", "--keep", file(), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  const Json document = result.json();
  EXPECT_EQ(document["schema"], 1);
  EXPECT_EQ(document["ok"], true);
  EXPECT_EQ(document["files"], kFiles);
  EXPECT_EQ(document["files_compared"], kFiles);
  EXPECT_EQ(document["bytes"], 37 * kFiles * (kFiles - 1) / 2);
  EXPECT_EQ(document["bytes_compared"], document["bytes"]);
  EXPECT_GE(document["transactions"], kFiles / 8);
  EXPECT_EQ(document["kills"]["hit"], 3);
  EXPECT_EQ(document["recoveries"].size(), 3U);
  EXPECT_GT(document["snapshots"], 0);
  EXPECT_GE(document["held_snapshot"]["files"], 0);
  EXPECT_GT(document["held_snapshot"]["commits_later"], 0);
  EXPECT_EQ(document["check"]["ok"], true);
  EXPECT_EQ(document["seed"], 7);
  EXPECT_EQ(document["database_bytes"], std::filesystem::file_size(file()));
}

TEST_F(DemoCommandTest, KeepsTheDatabaseOnlyIfAskedTo) {
  const std::string temporary = path("tmp");
  std::filesystem::create_directory(temporary);
  setenv("TMPDIR", temporary.c_str(), 1);
  const CommandResult result = run({"demo", "--dir", path("tree"), "--kills", "0"});
  unsetenv("TMPDIR");
  EXPECT_EQ(result.exit_code, 0) << result.err << result.out;
  EXPECT_NE(result.out.find("every byte equals its source"), std::string::npos) << result.out;
  EXPECT_TRUE(std::filesystem::is_empty(temporary));
}

TEST_F(DemoCommandTest, ItsTableTellsOfSnapshots) {
  const std::string text = run({"demo", "--dir", path("tree"), "--kills", "0"}).out;
  EXPECT_NE(text.find("\nsnapshots "), std::string::npos) << text;
  EXPECT_NE(text.find("\nheld snapshot "), std::string::npos) << text;
}

TEST_F(DemoCommandTest, StoresNumberedBlobsAndTheirPaths) {
  ASSERT_EQ(run({"demo", "--dir", path("tree"), "--kills", "1", "--keep", file()}).exit_code, 0);
  EXPECT_EQ(run_json({"ls", file()})["collections"].size(), kFiles + 5U);
  EXPECT_TRUE(run({"cat", file(), "arrivals"}).out.starts_with(path("tree/sub/file0") + "\n"));
  EXPECT_EQ(run({"cat", file(), "file/000001"}).out, "");
  const Snapshot snapshot = Database::open(file()).snapshot();
  const auto record = snapshot.open<Records<PathRecord>>(kDemoPaths).get(path("tree/sub/file0"));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->number, 1U);
}

TEST_F(DemoCommandTest, FailsWhenTooFewKillsHitAnImporterAtWork) {
  std::filesystem::create_directory(path("few"));
  write_file(path("few/one"), "1");
  const CommandResult result =
      run({"demo", "--dir", path("few"), "--kills", "5", "--keep", file(), "--json"});
  EXPECT_EQ(result.exit_code, 1) << result.err << result.out;
  EXPECT_EQ(result.json()["ok"], false);
  EXPECT_EQ(result.json()["problems"].size(), 0U);
  EXPECT_EQ(result.json()["not_shown"].size(), 1U);
}

TEST_F(DemoCommandTest, SaysWhatItNeedsWhenThereAreTooFewFiles) {
  std::filesystem::create_directory(path("few"));
  write_file(path("few/one"), "1");
  const CommandResult result =
      run({"demo", "--dir", path("few"), "--kills", "5", "--keep", file()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("\nNOT SHOWN: only "), std::string::npos) << result.out;
  EXPECT_NE(result.out.find(" of 5 kills hit an importer at work: 1 file went in too quickly; give "
                            "some 500 with --dir, or set --kills\n"),
            std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("\nAll that could be tried holds; "), std::string::npos) << result.out;
  EXPECT_EQ(result.out.find("PROBLEM"), std::string::npos) << result.out;
}

TEST_F(DemoCommandTest, RefusesWhatItCannotUse) {
  expect_failure({"demo", "--dir", path("missing")}, 3, "missing");
  std::filesystem::create_directory(path("nothing"));
  expect_failure({"demo", "--dir", path("nothing")}, 2, "no files");
  expect_no_intact_database();
  write_file(file(), "something of mine");
  expect_failure({"demo", "--dir", path("tree"), "--keep", file()}, 2, "exists");
  EXPECT_EQ(read_file(file()), "something of mine");
}

}  // namespace

}  // namespace quire::tools
