#include <csignal>
#include <string>

#include <quire/database.h>
#include <quire/partd.h>

#include "tests/support/bag.h"
#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

using namespace std::string_literals;

class ContentCommandsTest : public CommandTest {
 protected:
  void put(const std::string& name, const std::string& key, const std::string& value) {
    const CommandResult result = run({"put", file(), name, "--", key, value});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, "");
  }

  void make_blob(const std::string& name, const std::string& content) {
    Database database = Database::open(file());
    database.transact(
        [&](Transaction& transaction) { transaction.open<Blob>(name).append(content); });
    database.close();
  }
};

// put and get

TEST_F(ContentCommandsTest, PutMakesFileAndHashAndGetWritesTheValueRaw) {
  put("users", "ada", "ada@example.org");
  const CommandResult result = run({"get", file(), "users", "ada"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "ada@example.org");
  EXPECT_EQ(result.err, "");
}

TEST_F(ContentCommandsTest, GetEndsTheLineOnATerminalOnly) {
  put("users", "ada", "mail");
  put("users", "bob", "line\n");
  EXPECT_EQ(run_on_terminal({"get", file(), "users", "ada"}), "mail\r\n");
  EXPECT_EQ(run_on_terminal({"get", file(), "users", "bob"}), "line\r\n");
  EXPECT_EQ(run({"get", file(), "users", "ada"}).out, "mail");
}

TEST_F(ContentCommandsTest, PutTakesTheValueFromStandardInputByteForByte) {
  std::string value;
  for (int round = 0; round < 1000; ++round) {
    for (int byte = 0; byte < 256; ++byte) value += static_cast<char>(byte);
  }
  ASSERT_EQ(run({"put", file(), "bytes", "by default"}, value).exit_code, 0);
  ASSERT_EQ(run({"put", file(), "bytes", "by dash", "-"}, value).exit_code, 0);
  EXPECT_EQ(run({"get", file(), "bytes", "by default"}).out, value);
  EXPECT_EQ(run({"get", file(), "bytes", "by dash"}).out, value);
}

TEST_F(ContentCommandsTest, KeysAreTheBytesOfTheCommandLine) {
  for (const std::string key : {"", "[a,b]", "{}", "'q'", "--json", "-1", "a\tb\n", "\xff\xfe"}) {
    put("keys", key, "value of " + key);
    EXPECT_EQ(run({"get", file(), "keys", "--", key}).out, "value of " + key) << key;
  }
  EXPECT_EQ(run_json({"ls", file(), "keys"})["keys"].size(), 8U);
}

TEST_F(ContentCommandsTest, AnEmptyValueIsNotAMissingOne) {
  put("users", "nobody", "");
  const CommandResult result = run({"get", file(), "users", "nobody"}, "not read");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "");
}

TEST_F(ContentCommandsTest, PutSaysInJsonWhetherTheKeyIsNew) {
  const Json first = run_json({"put", file(), "users", "ada", "old"});
  EXPECT_EQ(first["file"], file());
  EXPECT_EQ(first["collection"], "users");
  EXPECT_EQ(first["key"], "ada");
  EXPECT_EQ(first["new"], true);
  EXPECT_EQ(first["bytes"], 3);
  EXPECT_EQ(run_json({"put", file(), "users", "ada", "newer"})["new"], false);
  EXPECT_EQ(run({"get", file(), "users", "ada"}).out, "newer");
}

TEST_F(ContentCommandsTest, GetInJsonHasTheBytesOfWhatIsNotUtf8) {
  put("users", "\xff", "\xfe\xfd");
  const Json document = run_json({"get", file(), "users", "\xff"});
  EXPECT_EQ(document["key"], "\xEF\xBF\xBD");
  EXPECT_EQ(document["key_base64"], "/w==");
  EXPECT_EQ(document["value_base64"], "/v0=");
  EXPECT_EQ(document["bytes"], 2);
  put("users", "ada", "text");
  const Json text = run_json({"get", file(), "users", "ada"});
  EXPECT_EQ(text["value"], "text");
  EXPECT_FALSE(text.contains("value_base64"));
}

TEST_F(ContentCommandsTest, GetFailsWithoutFileCollectionOrKey) {
  expect_failure({"get", file(), "users", "ada"}, 3, file());
  EXPECT_FALSE(std::filesystem::exists(file()));
  put("users", "ada", "mail");
  expect_failure({"get", file(), "visitors", "ada"}, 3, "visitors");
  expect_failure({"get", file(), "users", "bob"}, 3, "collection 'users': no key 'bob'");
}

TEST_F(ContentCommandsTest, AnotherKindIsWrongUsageAndChangesNothing) {
  make_blob("picture", "pixels");
  expect_failure({"get", file(), "picture", "ada"}, 2, "picture");
  expect_failure({"put", file(), "picture", "ada", "mail"}, 2, "picture");
  expect_failure({"rm", file(), "picture", "ada"}, 2, "picture");
  expect_failure({"cat", file(), "picture", "ada"}, 2, "picture");
  EXPECT_EQ(run({"cat", file(), "picture"}).out, "pixels");
}

TEST_F(ContentCommandsTest, BadNamesOfCollectionsAreWrongUsage) {
  put("users", "ada", "mail");
  expect_failure({"put", file(), "", "ada", "mail"}, 2, file());
  expect_failure({"put", file(), std::string(256, 'n'), "ada", "mail"}, 2, file());
  expect_failure({"put", file(), "\xff", "ada", "mail"}, 2, file());
  EXPECT_EQ(run_json({"ls", file()})["collections"].size(), 1U);
}

TEST_F(ContentCommandsTest, ADatabaseThatIsOpenElsewhereIsCode4) {
  put("users", "ada", "mail");
  Database database = Database::open(file());
  expect_failure({"put", file(), "users", "ada", "other"}, 4, file());
  expect_failure({"get", file(), "users", "ada"}, 4, file());
  database.close();
  EXPECT_EQ(run({"get", file(), "users", "ada"}).out, "mail");
}

TEST_F(ContentCommandsTest, NeitherADirectoryNorAFileWithoutPermissionIsOpened) {
  expect_failure({"put", path("."), "users", "ada", "mail"}, 7, path("."));
  put("users", "ada", "mail");
  ASSERT_EQ(chmod(file().c_str(), 0), 0);
  const CommandResult result = run_as_nobody({"get", file(), "users", "ada"});
  EXPECT_EQ(result.exit_code, 7) << result.err;
  EXPECT_EQ(result.out, "");
  ASSERT_EQ(chmod(file().c_str(), 0600), 0);
}

// rm

TEST_F(ContentCommandsTest, AMissingDirectoryIsNamedAlsoBehindALink) {
  std::filesystem::create_directory(path("sub"));
  std::filesystem::create_symlink("none/db", path("sub/link"));
  std::filesystem::create_symlink("sub/link", path("link"));
  for (const char* name : {"sub/none/db", "sub/link", "link"}) {
    expect_failure({"put", path(name), "h", "k", "v"}, 3,
                   "there is no directory '" + path("sub/none") + "'");
    expect_failure({"ls", path(name)}, 3, "there is no directory '" + path("sub/none") + "'");
  }
}

TEST_F(ContentCommandsTest, RmTakesAKeyOrTheWholeCollection) {
  put("users", "ada", "1");
  put("users", "bob", "2");
  EXPECT_EQ(run_json({"rm", file(), "users", "ada"})["removed"], "key");
  expect_failure({"get", file(), "users", "ada"}, 3, "ada");
  EXPECT_EQ(run({"get", file(), "users", "bob"}).out, "2");
  EXPECT_EQ(run_json({"rm", file(), "users"})["removed"], "collection");
  expect_failure({"get", file(), "users", "bob"}, 3, "users");
}

TEST_F(ContentCommandsTest, RmTakesTheEmptyKeyAsAKey) {
  put("users", "", "nameless");
  put("users", "ada", "1");
  EXPECT_EQ(run({"rm", file(), "users", ""}).exit_code, 0);
  EXPECT_EQ(run({"get", file(), "users", "ada"}).out, "1");
}

TEST_F(ContentCommandsTest, RmFailsWhenThereIsNothingToRemove) {
  expect_failure({"rm", file(), "users"}, 3, file());
  EXPECT_FALSE(std::filesystem::exists(file()));
  put("users", "ada", "1");
  expect_failure({"rm", file(), "visitors"}, 3, "collection 'visitors'");
  expect_failure({"rm", file(), "visitors", "ada"}, 3, "collection 'visitors'");
  expect_failure({"rm", file(), "users", "bob"}, 3, "no key 'bob'");
}

// mv

TEST_F(ContentCommandsTest, MvGivesACollectionAnotherName) {
  put("salvaged/users", "ada", "1");
  const Json document = run_json({"mv", file(), "salvaged/users", "users"});
  EXPECT_EQ(document["collection"], "salvaged/users");
  EXPECT_EQ(document["new_name"], "users");
  EXPECT_EQ(run({"get", file(), "users", "ada"}).out, "1");
  expect_failure({"get", file(), "salvaged/users", "ada"}, 3, "salvaged/users");
  EXPECT_EQ(run({"mv", file(), "users", "--", "-u"}).out, "");
  EXPECT_EQ(run({"get", file(), "--", "-u", "ada"}).out, "1");
}

TEST_F(ContentCommandsTest, MvTakesTheChildrenOfACollectionAlong) {
  Database database = Database::open(file());
  database.transact(
      [](Transaction& transaction) { transaction.open<Partd>("words").append("ada", "1"); });
  database.close();
  EXPECT_EQ(run({"mv", file(), "words", "letters"}).exit_code, 0);
  EXPECT_EQ(run({"cat", file(), "letters", "ada"}).out, "1");
  EXPECT_EQ(run({"check", file(), "--deep"}).exit_code, 0);
}

TEST_F(ContentCommandsTest, MvNeitherTakesATakenNameNorABadOne) {
  expect_failure({"mv", file(), "users", "people"}, 3, file());
  EXPECT_FALSE(std::filesystem::exists(file()));
  put("users", "ada", "1");
  put("people", "ada", "2");
  expect_failure({"mv", file(), "users", "people"}, 2, "collection 'people'");
  expect_failure({"mv", file(), "visitors", "guests"}, 3, "collection 'visitors'");
  expect_failure({"mv", file(), "users", ""}, 2, file());
  expect_failure({"mv", file(), "users", std::string(256, 'n')}, 2, file());
  expect_failure({"mv", file(), "users"}, 2, "NEW");
  EXPECT_EQ(run({"get", file(), "users", "ada"}).out, "1");
  EXPECT_EQ(run({"get", file(), "people", "ada"}).out, "2");
}

// cat

TEST_F(ContentCommandsTest, CatWritesABlobByteForByte) {
  std::string content;
  for (int index = 0; index < 300'000; ++index) content += static_cast<char>(index * 7 % 251);
  make_blob("picture", content);
  EXPECT_EQ(run({"cat", file(), "picture"}).out, content);
  const Json document = run_json({"cat", file(), "picture"});
  EXPECT_EQ(document["kind"], "blob");
  EXPECT_EQ(document["bytes"], content.size());
  EXPECT_TRUE(document.contains("content_base64"));
}

TEST_F(ContentCommandsTest, CatWritesAHashAsLinesOrOneValue) {
  put("users", "ada", "1");
  EXPECT_EQ(run({"cat", file(), "users"}).out, "ada\t1\n");
  put("users", "bob", "2");
  const std::string both = run({"cat", file(), "users"}).out;
  EXPECT_TRUE(both == "ada\t1\nbob\t2\n" || both == "bob\t2\nada\t1\n") << both;
  EXPECT_EQ(run({"cat", file(), "users", "bob"}).out, "2");
  const Json document = run_json({"cat", file(), "users"});
  EXPECT_EQ(document["kind"], "hash");
  ASSERT_EQ(document["entries"].size(), 2U);
  EXPECT_TRUE(document["entries"][0].contains("key"));
  EXPECT_TRUE(document["entries"][0].contains("value"));
}

TEST_F(ContentCommandsTest, CatWritesAListAsLines) {
  Database database = Database::open(file());
  database.transact([](Transaction& transaction) {
    auto list = transaction.open<List>("log");
    list.push_back("ada joined");
    list.push_back("");
    list.push_back("\xff");
  });
  database.close();
  EXPECT_EQ(run({"cat", file(), "log"}).out, "ada joined\n\n\xff\n");
  const Json document = run_json({"cat", file(), "log"});
  EXPECT_EQ(document["kind"], "list");
  ASSERT_EQ(document["items"].size(), 3U);
  EXPECT_EQ(document["items"][0]["value"], "ada joined");
  EXPECT_EQ(document["items"][2]["value_base64"], "/w==");
  const Json collections = run_json({"ls", file()})["collections"];
  EXPECT_EQ(collections[0]["kind"], "list");
  EXPECT_EQ(collections[0]["pages"], 1);
  expect_failure({"ls", file(), "log"}, 2, "log");
  EXPECT_EQ(run({"rm", file(), "log"}).exit_code, 0);
}

TEST_F(ContentCommandsTest, CatFailsWithoutFileCollectionOrKey) {
  expect_failure({"cat", file(), "users"}, 3, file());
  put("users", "ada", "1");
  expect_failure({"cat", file(), "visitors"}, 3, "visitors");
  expect_failure({"cat", file(), "users", "bob"}, 3, "bob");
}

TEST_F(ContentCommandsTest, KindThatIsNotKnownOrHasNoKeysIsNamed) {
  Database database = Database::open(file());
  database.transact([](Transaction& transaction) {
    transaction.open<quire::testing::Bag>("bag");
    transaction.open<List>("log").push_back("one");
  });
  database.close();
  expect_failure({"cat", file(), "bag"}, 2, "collection of kind 'test.bag'");
  expect_failure({"ls", file(), "bag"}, 2, "collection of kind 'test.bag'");
  expect_failure({"ls", file(), "log"}, 2, "a list has no keys");
  expect_failure({"cat", file(), "log", "one"}, 2, "a list has no keys");
  expect_failure({"ls", file(), "none"}, 3, "no such collection");
}

}  // namespace

}  // namespace quire::tools
