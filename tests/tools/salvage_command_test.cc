#include <quire/database.h>
#include <quire/facades.h>

#include <filesystem>
#include <string>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class SalvageCommandTest : public CommandTest {
 protected:
  SalvageCommandTest() {
    Database database = Database::open(file());
    database.transact([](Transaction& transaction) {
      transaction.open<Blob>("picture").append(std::string(9000, 'p'));
      transaction.open<Hash>("users").put("ada", "1");
    });
    uuid_ = database.info().uuid;
    database.close();
  }

  // Overwrites the first page that holds `content`.
  void damage_page_with(const std::string& content) {
    std::string bytes = read_file(file());
    const std::size_t at = bytes.find(content);
    ASSERT_NE(at, std::string::npos);
    bytes[at] ^= 0x55;
    write_file(file(), bytes);
    expect_no_intact_database();
  }
  // A crash after more commits, and no log to recover them from.
  void crash_and_lose_log() {
    Database database = Database::open(file());
    database.transact(
        [](Transaction& transaction) { transaction.open<Hash>("users").put("eve", "2"); });
    const std::string crashed = read_file(file());
    database.close();
    write_file(file(), crashed);
    expect_no_intact_database();
  }
  std::uint64_t cut_to(std::size_t pages) {
    std::string bytes = read_file(file());
    const std::size_t pages_before = bytes.size() / 4096;
    bytes.resize(pages * 4096);
    write_file(file(), bytes);
    expect_no_intact_database();
    return pages_before;
  }
  void lose_header() {
    std::string bytes = read_file(file());
    bytes.replace(0, 8192, std::string(8192, '\0'));
    write_file(file(), bytes);
    expect_no_intact_database();
  }

  std::string new_file() const { return path("new.quire"); }

  std::string uuid_;
};

TEST_F(SalvageCommandTest, BringsASoundDatabaseOver) {
  const CommandResult result = run({"salvage", file(), new_file()});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "2 collections are as they were\nok\n");
  EXPECT_EQ(run({"get", new_file(), "users", "ada"}).out, "1");
  EXPECT_EQ(run({"check", new_file(), "--deep"}).exit_code, 0);
}

TEST_F(SalvageCommandTest, SaysWhatIsLostAndExitsWithOne) {
  damage_page_with(std::string(4096, 'p'));
  const CommandResult result = run({"salvage", file(), new_file()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("blob 'picture': 4,904 bytes found, 4,096 lost at 0..4095; now "
                            "'salvaged/incomplete/picture'\n"),
            std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("something was lost\n"), std::string::npos);
  EXPECT_EQ(run({"check", new_file(), "--deep"}).exit_code, 0);
}

TEST_F(SalvageCommandTest, TellsTheSameInJson) {
  damage_page_with(std::string(4096, 'p'));
  const CommandResult result = run({"salvage", file(), new_file(), "--json"});
  EXPECT_EQ(result.exit_code, 1);
  const Json document = result.json();
  EXPECT_EQ(document["ok"], false);
  EXPECT_EQ(document["unreadable_page_count"], 1);
  ASSERT_EQ(document["collections"].size(), 2u);
  const Json& blob = document["collections"][0];
  EXPECT_EQ(blob["name"], "salvaged/incomplete/picture");
  EXPECT_EQ(blob["lost"], 4096);
  EXPECT_EQ(blob["lost_ranges"], Json::parse("[[0,4096]]"));
  EXPECT_EQ(document["collections"][1]["whole"], true);
}

TEST_F(SalvageCommandTest, TakesTheUuidOfAFileWithoutAHeader) {
  lose_header();
  EXPECT_EQ(run({"salvage", file(), new_file(), "--json"}).json()["sums_compared"], false);
  const CommandResult result =
      run({"salvage", file(), path("other.quire"), "--json", "--uuid", uuid_});
  EXPECT_EQ(result.json()["sums_compared"], true);
  EXPECT_EQ(result.json()["certain"], false);
  expect_failure({"salvage", file(), path("third.quire"), "--uuid", "7"}, 2, "32 hexadecimal");
}

TEST_F(SalvageCommandTest, SaysWhichUuidItCannotUse) {
  const std::string other(32, 'a');
  EXPECT_NE(run({"salvage", file(), path("1.quire"), "--uuid", other})
                .out.find("the uuid given is not that of this database: it was ignored\n"),
            std::string::npos);
  lose_header();
  EXPECT_NE(run({"salvage", file(), path("2.quire")}).out.find("; --uuid would help"),
            std::string::npos);
  const CommandResult wrong = run({"salvage", file(), path("3.quire"), "--uuid", other});
  EXPECT_NE(wrong.out.find("no page agrees with the uuid given: it was ignored\n"),
            std::string::npos)
      << wrong.out;
  EXPECT_EQ(wrong.out.find("would help"), std::string::npos);
  const CommandResult right = run({"salvage", file(), path("4.quire"), "--uuid", uuid_});
  EXPECT_EQ(right.out.find("ignored"), std::string::npos) << right.out;
}

TEST_F(SalvageCommandTest, SaysOfWhichCommitItIsIfTheLogIsLost) {
  crash_and_lose_log();
  const CommandResult result = run({"salvage", file(), new_file()});
  EXPECT_NE(result.out.find("\nwhat is there is of commit 1; newer commits, if there were any, are "
                            "lost\n2 collections are as commit 1 left them\nsomething was lost\n"),
            std::string::npos)
      << result.out;
  EXPECT_EQ(result.out.find("restore"), std::string::npos) << result.out;
}

TEST_F(SalvageCommandTest, SaysHowMuchOfAFileWasCut) {
  const std::uint64_t before = cut_to(5);
  const CommandResult result = run({"salvage", file(), new_file()});
  EXPECT_TRUE(result.out.starts_with("the file was cut: " + std::to_string(before - 5) + " of " +
                                     std::to_string(before) + " pages are missing\n"))
      << result.out;
  const Json document = run({"salvage", file(), path("other.quire"), "--json"}).json();
  EXPECT_EQ(document["missing_pages"], before - 5);
  ASSERT_FALSE(document["unreadable_pages"].empty());
  for (const Json& page : document["unreadable_pages"]) {
    const std::string what = page["what"];
    EXPECT_EQ(what.find("restore"), std::string::npos) << what;
    EXPECT_TRUE(what.ends_with("pages or more, found 5")) << what;
  }
}

TEST_F(SalvageCommandTest, CountsCollectionsAsLsDoes) {
  Database database = Database::open(path("pipe.quire"));
  database.transact([](Transaction& transaction) { transaction.create<Pipe>("events"); });
  database.close();
  const CommandResult result = run({"salvage", path("pipe.quire"), new_file()});
  EXPECT_EQ(result.out, "1 collection is as it was\nok\n");
}

TEST_F(SalvageCommandTest, RefusesToOverwriteAndToReadWhatIsNotThere) {
  write_file(new_file(), "precious");
  expect_failure({"salvage", file(), new_file()}, 2, "exists already");
  EXPECT_EQ(read_file(new_file()), "precious");
  expect_failure({"salvage", path("nothing"), path("other")}, 3, "no such file");
  expect_failure({"salvage", file(), path("no/directory")}, 3, "no directory");
}

TEST_F(SalvageCommandTest, ReportsWhatIsNoDatabaseAsCorrupt) {
  write_file(file(), std::string(50'000, 'x'));
  expect_no_intact_database();
  expect_failure({"salvage", file(), new_file()}, 5, "looks like a page");
  EXPECT_FALSE(std::filesystem::exists(new_file()));
}

}  // namespace

}  // namespace quire::tools
