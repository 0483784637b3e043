// import partd, export partd, and what ls and cat show of a partd.

#include <filesystem>
#include <string>

#include <quire/database.h>
#include <quire/typed_partd.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

class PartdCommandTest : public CommandTest {
 protected:
  void write_tree(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories(std::filesystem::path(path("tree/" + name)).parent_path());
    write_file(path("tree/" + name), content);
  }
  template <class Fn>
  void change(Fn&& fn, const PartdOptions& options = {}) const {
    Database database = Database::open(file());
    database.transact([&](Transaction& txn) {
      auto partd = txn.open<Partd>("p", options);
      fn(partd);
    });
    database.close();
  }
  std::vector<std::string> import() const { return {"import", "partd", path("tree"), file(), "p"}; }
  std::vector<std::string> export_to(const std::string& target) const {
    return {"export", "partd", file(), "p", path(target)};
  }
};

TEST_F(PartdCommandTest, ExportWritesBackWhatImportTook) {
  write_tree(".lock", "");
  write_tree("x", "Hello");
  write_tree("a/b", std::string(3 << 20, 'b'));
  write_tree("empty", "");
  for (const char* codec : {"none", "zstd", "lz4", "snappy"}) {
    const CommandResult result =
        run({"import", "partd", path("tree"), file(), codec, "--codec", codec});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "3 keys (3.0 MiB)\n");
    EXPECT_EQ(result.err, "");
    const CommandResult back = run({"export", "partd", file(), codec, path(codec)});
    EXPECT_EQ(back.exit_code, 0) << back.err;
    EXPECT_EQ(back.out, "3 keys (3.0 MiB)\n");
    for (const char* name : {"/x", "/a/b", "/empty"}) {
      EXPECT_TRUE(read_file(path(codec) + name) == read_file(path("tree") + name)) << codec << name;
    }
  }
  Json document = run_json({"import", "partd", path("tree"), file(), "json"});
  EXPECT_EQ(document["keys"], 3);
  EXPECT_EQ(document["bytes"], (3 << 20) + 5);
  document = run_json({"export", "partd", file(), "json", path("json")});
  EXPECT_EQ(document["keys"], 3);
  EXPECT_EQ(document["bytes"], (3 << 20) + 5);
}

TEST_F(PartdCommandTest, ImportIsAllOrNothing) {
  write_tree("a", "1");
  ASSERT_EQ(run(import()).exit_code, 0);
  expect_failure(import(), 2, "there is a collection 'p' already; choose another NAME");
  expect_failure({"import", "partd", path("tree/a"), file(), "q"}, 2, "tree/a' is not a directory");
  std::filesystem::create_symlink("/etc/passwd", path("tree/link"));
  expect_failure({"import", "partd", path("tree"), file(), "q"}, 2, "tree/link' is neither");
  expect_failure({"import", "partd", path("none"), file(), "q"}, 3, "there is no directory");
  expect_failure({"import", "partd", path("tree"), path("no/file"), "q"}, 2, "tree/link");
  expect_failure({"import", "partd", path("tree"), file(), "q", "--codec", "gzip"}, 2, "gzip");
  EXPECT_EQ(run({"ls", file()}).out.find("q"), std::string::npos);
}

TEST_F(PartdCommandTest, ImportLeavesItsOwnDatabaseOut) {
  write_tree("a", "1");
  const std::string own = path("tree/own.quire");
  ASSERT_EQ(run({"put", own, "h", "k", "v"}).exit_code, 0);
  write_tree("own.quire-wal.000001", "as a kill may leave it");
  write_tree("own.quire-wallet", "mine");
  const CommandResult result = run({"import", "partd", path("tree"), own, "p"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "2 keys (5 B)\n");
  EXPECT_NE(result.err.find("skipped: own.quire: it belongs to the database"), std::string::npos);
  EXPECT_NE(result.err.find("skipped: own.quire-wal.000001: it"), std::string::npos);
}

TEST_F(PartdCommandTest, NumpyArraysGoInAndComeOutAsPartdHasThem) {
  write_tree("x", std::string(16, '\0'));
  write_tree("x.dtype", "<f8");
  const CommandResult result = run({"import", "partd", "--numpy", path("tree"), file(), "p"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "1 key (16 B)\n");
  {
    Database database = Database::open(file());
    EXPECT_EQ(database.snapshot().open<TypedPartd<double>>("p").get("x").size(), 2u);
    database.transact([](Transaction& txn) {
      txn.open<TypedPartd<double>>("p").append("x", std::vector<double>{1});
    });
    database.close();
  }
  ASSERT_EQ(run(export_to("out")).exit_code, 0);
  EXPECT_EQ(read_file(path("out/x.dtype")), "<f8");
  EXPECT_EQ(read_file(path("out/x")).size(), 24u);
  change([](Partd& partd) { partd.append("x.dtype", ""); }, {.element = {"f8", 8}});
  expect_failure(export_to("out2"), 2, "key 'x.dtype' cannot be");
  write_tree("y", "1");
  expect_failure({"import", "partd", "--numpy", path("tree"), file(), "q"}, 2, "y.dtype");
}

TEST_F(PartdCommandTest, ExportRefusesKeysThatPartdCannotHaveBeforeItWritesAnything) {
  change([](Partd& partd) { partd.append("good", "1"); });
  for (const std::string& bad : {std::string("../out"), std::string("/etc/x"), std::string(),
                                 std::string(".lock"), std::string("Foo!")}) {
    change([&](Partd& partd) { partd.append(bad, "2"); });
    expect_failure(export_to("out"), 2, "nothing was written");
    EXPECT_FALSE(std::filesystem::exists(path("out"))) << bad;
    change([&](Partd& partd) { partd.erase(bad); });
  }
  change([&](Partd& partd) { partd.append(std::string(256, 'n'), "2"); });
  expect_failure(export_to("out"), 2, "it has a name of 256 bytes, and 255 is the limit");
  change([&](Partd& partd) { partd.erase(std::string(256, 'n')); });
  change([](Partd& partd) { partd.append({{"a", "1"}, {"a/b", "2"}}); });
  expect_failure(export_to("out"), 2, "key 'a' is a file");
}

TEST_F(PartdCommandTest, ExportTellsOfATypeThatPartdDoesNotKnow) {
  change([](Partd& partd) { partd.append("x", std::string(16, 'x')); }, {.element = {"trade", 16}});
  const CommandResult result = run(export_to("out"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("not exported: that the values are arrays of 'trade', 16 bytes each"),
            std::string::npos)
      << result.err;
  EXPECT_EQ(result.out, "1 key (16 B)\n");
}

TEST_F(PartdCommandTest, ExportOverwritesOnlyWithForce) {
  change([](Partd& partd) { partd.append("x", "new"); });
  std::filesystem::create_directory(path("out"));
  write_file(path("out/x"), "mine");
  expect_failure(export_to("out"), 2, "out/x' exists");
  EXPECT_EQ(read_file(path("out/x")), "mine");
  std::vector<std::string> forced = export_to("out");
  forced.emplace_back("--force");
  EXPECT_EQ(run(forced).exit_code, 0);
  EXPECT_EQ(read_file(path("out/x")), "new");
}

TEST_F(PartdCommandTest, LsSaysWhatTheValuesAreAndHowTheyArePacked) {
  change([](Partd&) {}, {.codec = Codec::zstd, .element = {"f8", 8}});
  EXPECT_TRUE(run({"ls", file()}).out.starts_with("partd, element f8, codec zstd  "));
  const Json entry = run_json({"ls", file()})["collections"][0];
  EXPECT_EQ(entry["kind"], "partd");
  EXPECT_EQ(entry["element"], "f8");
  EXPECT_EQ(entry["codec"], "zstd");
  run({"rm", file(), "p"});
  change([](Partd&) {});
  EXPECT_TRUE(run({"ls", file()}).out.starts_with("partd, codec none  "));
}

TEST_F(PartdCommandTest, LsShowsKeysWithSizesAndCatValues) {
  change([](Partd& partd) { partd.append("x", std::string(1000, 'x')); }, {.codec = Codec::zstd});
  EXPECT_EQ(run({"ls", file(), "p"}).out, "x\t1000\n");
  EXPECT_EQ(run_json({"ls", file(), "p"})["keys"][0]["bytes"], 1000);
  EXPECT_EQ(run({"cat", file(), "p", "x"}).out, std::string(1000, 'x'));
  EXPECT_EQ(run({"cat", file(), "p"}).out, "x\t" + std::string(1000, 'x') + "\n");
  EXPECT_EQ(run_json({"cat", file(), "p"})["entries"][0]["key"], "x");
  EXPECT_EQ(run_json({"cat", file(), "p", "x"})["bytes"], 1000);
  expect_failure({"cat", file(), "p", "none"}, 3, "no key 'none'");
}

}  // namespace

}  // namespace quire::tools
