#include <quire/database.h>

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
