// ls, cat, import and export of flat files.

#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <quire/database.h>
#include <quire/flat_file.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

using namespace std::string_literals;

class FlatFileCommandTest : public CommandTest {
 protected:
  void make(const FlatFileOptions& options, const std::vector<std::string>& values) {
    Database database = Database::open(file());
    database.transact([&](Transaction& txn) {
      auto flat = txn.open<FlatFile>("f", options);
      for (const std::string& value : values) flat.put(value);
    });
    database.close();
  }
  std::vector<std::string> values(const std::string& name = "f") {
    Database database = Database::open(file());
    std::vector<std::string> all;
    const auto flat = database.snapshot().open<FlatFile>(name);
    for (const FlatFileSegment& segment : flat.segments()) {
      for (const DataLocation& place : flat.scan(segment.id)) all.push_back(flat.get(place).str());
    }
    EXPECT_TRUE(database.check(CheckOptions().with<FlatFile>()).ok());
    return all;
  }
  bool has_collection() {
    if (!std::filesystem::exists(file())) return false;
    return !Database::open(file()).snapshot().collections().empty();
  }
  void write_data(const std::string& name, std::string_view content) {
    std::filesystem::create_directories(path("data"));
    write_file(path("data/" + name), content);
  }
  std::vector<std::string> import(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments{"import", "flatfile", path("data"), file(), "f"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> import_list(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--locations", path("list")});
    return import(std::move(more));
  }
  void expect_refused(const std::vector<std::string>& arguments, int exit_code,
                      std::string_view message) {
    const CommandResult result = run(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_NE(result.err.find(message), std::string::npos) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(has_collection()) << "all of it or nothing";
  }
};

using Strings = std::vector<std::string>;

// ---- ls and cat

TEST_F(FlatFileCommandTest, LsListsSegments) {
  make({.segment_size = 4}, {"abc", "defg", "", "h"});
  const CommandResult result = run({"ls", file(), "f"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            "SEGMENT  VALUES  BYTES  STORED\n"
            "      0       2      7       7\n"
            "      1       2      1       1  open\n");
  const Json json = run_json({"ls", file(), "f", "--json"});
  EXPECT_EQ(json["kind"], "flat_file");
  ASSERT_EQ(json["segments"].size(), 2u);
  EXPECT_EQ(
      json["segments"][0],
      (Json{{"segment", 0}, {"values", 2}, {"bytes", 7}, {"stored_bytes", 7}, {"sealed", true}}));
}

TEST_F(FlatFileCommandTest, CatWritesOneValueOrAllOfThem) {
  const std::string large(200'000, 'x');
  make({.segment_size = 4}, {"abc", "defg", large});
  EXPECT_EQ(run({"cat", file(), "f", "0:3:4"}).out, "defg");
  EXPECT_EQ(run({"cat", file(), "f", "1:0:200000"}).out, large);
  EXPECT_EQ(run({"cat", file(), "f"}).out, "abcdefg" + large);
  EXPECT_EQ(run_json({"cat", file(), "f", "0:0:3", "--json"})["value"], "abc");
  const Json all = run_json({"cat", file(), "f", "--json"});
  ASSERT_EQ(all["values"].size(), 3u);
  EXPECT_EQ(all["values"][1], (Json{{"location", "0:3:4"}, {"value", "defg"}}));
}

TEST_F(FlatFileCommandTest, CatRefusesWhatIsNoLocationOrLeadsNowhere) {
  make({}, {"abc"});
  for (const char* bad : {"", "1", "0:0", "0:0:", "0:0:3:", "0:0:3x", "a:b:c", "-1:0:0", "0:0:-3",
                          "0:0:99999999999999999999"}) {
    expect_failure({"cat", file(), "f", bad}, 2,
                   "is no location of a flat file; give SEGMENT:OFFSET:LENGTH, `quire cat FILE "
                   "NAME --json` lists");
  }
  expect_failure({"cat", file(), "f", "0:0:4"}, 3,
                 "no value at '0:0:4'; `quire cat FILE NAME --json` lists");
  expect_failure({"cat", file(), "f", "1:0:0"}, 3, "no value at '1:0:0'");
}

// ---- check

struct OpenedFileOptions {};

/// A flat file whose children anybody may change.
class OpenedFile {
 public:
  static constexpr std::string_view kKind = FlatFile::kKind;
  using Options = OpenedFileOptions;
  using View = OpenedFile;
  explicit OpenedFile(const ReadScope&) {}
  OpenedFile(WriteScope& scope, const OpenedFileOptions&) { scope.child<Blob>("values").resize(0); }
};

TEST_F(FlatFileCommandTest, CheckKnowsItsLaws) {
  make({}, {"abc"});
  EXPECT_EQ(run({"check", file()}).exit_code, 0);
  {
    Database database = Database::open(file());
    database.transact([](Transaction& txn) { txn.open<OpenedFile>("f"); });
    database.close();
  }
  const CommandResult result = run({"check", file()});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_NE(result.out.find("child 'values': size: expected at least 8, found 0"),
            std::string::npos)
      << result.out;
  expect_no_intact_database();
}

// ---- import

TEST_F(FlatFileCommandTest, ImportTakesEachValueOfAListInItsOrder) {
  write_data("data_00000000.dat", "onetwothree");
  write_data("data_00000007.dat", std::string(300'000, 'l'));
  write_file(path("list"),
             "{\"file\":\"data_00000007.dat\",\"start\":0,\"end\":300000}\n"
             "{\"file\":\"/old/data_00000000.dat\",\"start\":3,\"end\":6}\n"
             "{\"file\":\"data_00000000.dat\",\"start\":6,\"end\":6}\n"
             "{\"file\":\"data_00000000.dat\",\"start\":0,\"end\":3}\n");
  const CommandResult result = run(import_list({"--new-locations", path("new")}));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "4 values (293.0 KiB) in 1 segment; 0 files skipped\n");
  EXPECT_EQ(values(), (Strings{std::string(300'000, 'l'), "two", "", "one"}));
  EXPECT_EQ(read_file(path("new")),
            "{\"file\":\"data_00000007.dat\",\"start\":0,\"end\":300000,"
            "\"segment\":0,\"offset\":0,\"length\":300000}\n"
            "{\"file\":\"data_00000000.dat\",\"start\":3,\"end\":6,"
            "\"segment\":0,\"offset\":300000,\"length\":3}\n"
            "{\"file\":\"data_00000000.dat\",\"start\":6,\"end\":6,"
            "\"segment\":0,\"offset\":300003,\"length\":0}\n"
            "{\"file\":\"data_00000000.dat\",\"start\":0,\"end\":3,"
            "\"segment\":0,\"offset\":300003,\"length\":3}\n");
}

TEST_F(FlatFileCommandTest, ImportWithoutAListTakesEachDataFileAsAValueAndNamesTheOthers) {
  write_data("data_00000003.dat", "three");
  write_data("data_00000000.dat", "");
  write_data("notes.txt", "not data");
  write_data("db.lock", "");
  const CommandResult result = run(import());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.err, "quire: skipped: notes.txt: no data file by its name\n");
  EXPECT_EQ(result.out, "2 values (5 B) in 1 segment; 1 file skipped\n");
  EXPECT_EQ(values(), (Strings{"", "three"}));
}

TEST_F(FlatFileCommandTest, ImportTakesAnyDirectoryOrFileToo) {
  std::filesystem::create_directories(path("tree/sub"));
  write_file(path("tree/b"), "2");
  write_file(path("tree/sub/c"), "3");
  write_file(path("tree/a"), "1");
  std::filesystem::create_symlink("a", path("tree/link"));
  const Json json = run_json(
      {"import", "flatfile", path("tree"), file(), "f", "--json", "--new-locations", path("new")});
  EXPECT_EQ(json["values"], 3);
  EXPECT_EQ(json["bytes"], 3);
  EXPECT_EQ(json["segments"], 1);
  EXPECT_EQ(json["skipped"], 1);
  EXPECT_EQ(values(), (Strings{"1", "2", "3"}));
  EXPECT_NE(read_file(path("new")).find("{\"file\":\"sub/c\",\"start\":0,\"end\":1,"),
            std::string::npos);
  EXPECT_EQ(run({"import", "flatfile", path("tree/b"), file(), "g"}).exit_code, 0);
  EXPECT_EQ(values("g"), Strings{"2"});
}

TEST_F(FlatFileCommandTest, ImportDoesNotTakeTheDatabaseItself) {
  write_file(path("a"), "1");
  EXPECT_EQ(run({"import", "flatfile", path(""), file(), "f"}).exit_code, 0);
  EXPECT_EQ(values(), Strings{"1"});
}

TEST_F(FlatFileCommandTest, ImportRefusesTheDatabaseAsItsSource) {
  make({}, {});
  expect_failure({"import", "flatfile", file(), file(), "g"}, 2, "is the database itself");
}

TEST_F(FlatFileCommandTest, ImportFollowsNoLinkBelowItsSource) {
  write_file(path("secret"), "not yours");
  write_data("data_00000000.dat", "one");
  std::filesystem::create_symlink(path("secret"), path("data/data_00000001.dat"));
  const CommandResult result = run(import());
  EXPECT_EQ(result.err, "quire: skipped: data_00000001.dat: a symbolic link\n");
  EXPECT_EQ(result.out, "1 value (3 B) in 1 segment; 1 file skipped\n");
  EXPECT_EQ(values(), Strings{"one"});
  run({"rm", file(), "f"});
  write_file(path("list"), "{\"file\":\"data_00000001.dat\",\"start\":0,\"end\":3}\n");
  expect_refused(import_list(), 2, "data/data_00000001.dat' is a symbolic link");
  std::filesystem::create_symlink("data", path("link"));
  EXPECT_EQ(run({"import", "flatfile", path("link"), file(), "f"}).exit_code, 0);
  EXPECT_EQ(values(), Strings{"one"});
}

TEST_F(FlatFileCommandTest, ImportReadsTheListFromStandardInputOnce) {
  write_data("data_00000000.dat", "onetwo");
  const std::string list = "{\"file\":\"data_00000000.dat\",\"start\":3,\"end\":6}\n";
  EXPECT_EQ(run(import({"--locations", "-"}), list).out,
            "1 value (3 B) in 1 segment; 0 files skipped\n");
  EXPECT_EQ(values(), Strings{"two"});
  write_file(path("list"), list);
  const std::string command = "cat '" + path("list") + "' | '" QUIRE_COMMAND "' import flatfile '" +
                              path("data") + "' '" + file() + "' g --locations - > /dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(values("g"), Strings{"two"});
}

TEST_F(FlatFileCommandTest, ImportCompresses) {
  write_data("data_00000000.dat", std::string(500'000, 'x'));
  EXPECT_EQ(run(import({"--compression-level", "3"})).exit_code, 0);
  EXPECT_EQ(values(), Strings{std::string(500'000, 'x')});
  EXPECT_LT(run_json({"ls", file(), "f", "--json"})["segments"][0]["stored_bytes"], 60'000);
  expect_failure(import({"--compression-level", "23"}), 2, "compression-level");
}

TEST_F(FlatFileCommandTest, ImportAsksForANewName) {
  write_data("data_00000000.dat", "one");
  EXPECT_EQ(run(import()).exit_code, 0);
  expect_failure(import(), 2,
                 "there is a collection 'f' already; choose another NAME, or remove it first with "
                 "`quire rm " +
                     file() + " f`");
  EXPECT_EQ(values(), Strings{"one"});
}

TEST_F(FlatFileCommandTest, ImportRefusesWhatLiesAndLeavesNothing) {
  write_data("data_00000000.dat", "onetwo");
  const auto list = [&](const std::string& last) {
    write_file(path("list"), "{\"file\":\"data_00000000.dat\",\"start\":0,\"end\":3}\n" + last);
  };
  list("{\"file\":\"data_00000000.dat\",\"start\":3,\"end\":7}");
  expect_refused(import_list(), 5,
                 path("list") + "' line 2: end: expected at most 6, the size of data_00000000.dat");
  list("{\"file\":\"data_00000001.dat\",\"start\":3,\"end\":7}");
  expect_refused(import_list(), 3, path("data/data_00000001.dat"));
  list("{\"file\":\"data_00000000.dat\",\"start\":3,\"end\":2}");
  expect_refused(import_list(), 5, path("list") + "' line 2: end");
  list("{\"file\":\"data_00000000.dat\",\"start\":3}");
  expect_refused(import_list(), 5, "line 2: end: expected a number, found nothing of that name");
  list("not JSON");
  expect_refused(import_list(), 5, "line 2: line: expected a JSON object, found none");
  std::filesystem::remove(path("list"));
  expect_refused(import_list(), 3, "there is no list of locations");
  expect_refused({"import", "flatfile", path("none"), file(), "f"}, 3, path("none"));
}

TEST_F(FlatFileCommandTest, ImportLeavesNoNewListBehindAFailureAndReplacesNone) {
  write_data("data_00000000.dat", "onetwo");
  write_file(path("list"), "{\"file\":\"data_00000000.dat\",\"start\":3,\"end\":7}");
  expect_refused(import_list({"--new-locations", path("new")}), 5,
                 "line 1: end: expected at most 6");
  EXPECT_FALSE(std::filesystem::exists(path("new")));
  write_file(path("new"), "precious");
  expect_refused(import({"--new-locations", path("new")}), 2, path("new") + "' exists");
  EXPECT_EQ(read_file(path("new")), "precious");
  expect_refused(import({"--new-locations", path("no/new")}), 3, "there is no directory");
  EXPECT_FALSE(std::filesystem::exists(path("no")));
}

TEST_F(FlatFileCommandTest, ImportRemovesTheNewListOfOneThatWasKilled) {
  write_data("data_00000000.dat", "one");
  std::filesystem::create_directory(path("lists"));
  write_file(path("lists/.quire-unfinished.1.1"), "{\"file\"");
  EXPECT_EQ(run(import({"--new-locations", path("lists/new")})).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(path("lists/.quire-unfinished.1.1")));
}

TEST_F(FlatFileCommandTest, ImportRefusesTwoFilesOfOneNumberUnlessAListSaysWhich) {
  write_data("data_00000000.dat", "plain");
  write_data("data_00000000.dat.zst", "");
  expect_refused(import(), 2, "has data_00000000.dat and data_00000000.dat.zst");
  write_file(path("list"), "{\"file\":\"data_00000000.dat\",\"start\":0,\"end\":5}");
  EXPECT_EQ(run(import_list()).exit_code, 0);
  EXPECT_EQ(values(), Strings{"plain"});
}

TEST_F(FlatFileCommandTest, ImportOfAFileThatWasNotClosedScansItsFramesIfAsked) {
  make({}, {"one", "two"});
  ASSERT_EQ(run({"export", "flatfile", file(), "f", path("out"), "--compress"}).exit_code, 0);
  std::filesystem::remove(file());
  const std::string whole = read_file(path("out/data/data_00000000.dat.zst"));
  const std::string frame = whole.substr(0, whole.size() - 25);  // without the table of one frame
  write_data("data_00000000.dat.zst", frame + frame.substr(0, 7));
  expect_refused(import(), 5, "--scan-frames reads it all the same");
  const CommandResult result = run(import({"--scan-frames"}));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("passed over 7 bytes at the end, the beginning of a frame"),
            std::string::npos);
  EXPECT_EQ(values(), Strings{"onetwo"});
  write_data("data_00000000.dat.zst", frame + std::string(4096, '\0'));
  run({"rm", file(), "f"});
  EXPECT_EQ(run(import({"--scan-frames"})).err,
            "quire: " + path("data/data_00000000.dat.zst") +
                ": passed over 4,096 bytes at the end, all zero\n");
  EXPECT_EQ(values(), Strings{"onetwo"});
  write_data("data_00000000.dat.zst", frame + "junk");
  run({"rm", file(), "f"});
  const std::string place = std::to_string(frame.size());
  expect_refused(import({"--scan-frames"}), 5, "at byte " + place + ": zstd frame");
  expect_refused(import({"--scan-frames"}), 5, "`truncate -s " + place + "` on a copy");
}

// ---- export

TEST_F(FlatFileCommandTest, ExportAndImportWithItsListGiveTheSameValues) {
  const Strings all{"one", "", std::string(3'000'000, 'l'), "two", std::string(70'000, 'x')};
  for (const int level : {0, 3}) {
    for (const bool compress : {false, true}) {
      std::filesystem::remove(file());
      make({.segment_size = 1000, .compression_level = level}, all);
      const std::string out = path("out" + std::to_string(2 * level + (compress ? 1 : 0)));
      Strings arguments{"export", "flatfile", file(), "f", out};
      if (compress) arguments.push_back("--compress");
      const CommandResult exported = run(arguments);
      EXPECT_EQ(exported.out, "5 values (2.9 MiB) in 2 files\n") << exported.err;
      const std::string first = out + "/data/data_00000000.dat" + (compress ? ".zst" : "");
      if (compress) {
        ASSERT_EQ(std::system(("zstd -q -d -o '" + first + ".raw' '" + first + "'").c_str()), 0);
      }
      EXPECT_EQ(read_file(first + (compress ? ".raw" : "")), "one" + all[2]);
      const CommandResult imported = run({"import", "flatfile", out + "/data", file(), "again",
                                          "--locations", out + "/locations.jsonl"});
      EXPECT_EQ(imported.exit_code, 0) << imported.err;
      EXPECT_EQ(values("again"), all);
    }
  }
}

TEST_F(FlatFileCommandTest, ExportKeepsTheListApartFromTheFilesAndSkipsDroppedSegments) {
  make({.segment_size = 1}, {"one", "two", "three"});
  {
    Database database = Database::open(file());
    database.transact([](Transaction& txn) { txn.open<FlatFile>("f").drop_segment(1); });
    database.close();
  }
  const Json json = run_json({"export", "flatfile", file(), "f", path("out"), "--json"});
  EXPECT_EQ(json["files"], 2);
  EXPECT_EQ(json["values"], 2);
  EXPECT_EQ(json["bytes"], 8);
  EXPECT_EQ(read_file(path("out/data/data_00000002.dat")), "three");
  expect_failure({"import", "flatfile", path("out"), file(), "again"}, 2,
                 "give '" + path("out") + "/data' instead");
  EXPECT_FALSE(std::filesystem::exists(path("out/data/data_00000001.dat")));
  EXPECT_EQ(read_file(path("out/locations.jsonl")),
            "{\"file\":\"data_00000000.dat\",\"start\":0,\"end\":3,"
            "\"segment\":0,\"offset\":0,\"length\":3}\n"
            "{\"file\":\"data_00000002.dat\",\"start\":0,\"end\":5,"
            "\"segment\":2,\"offset\":0,\"length\":5}\n");
}

TEST_F(FlatFileCommandTest, ExportOverwritesOnlyWithForce) {
  make({}, {"one"});
  const Strings arguments{"export", "flatfile", file(), "f", path("out")};
  EXPECT_EQ(run(arguments).exit_code, 0);
  write_file(path("out/data/data_00000000.dat"), "precious");
  expect_failure(arguments, 2, "exists; --force overwrites files");
  EXPECT_EQ(read_file(path("out/data/data_00000000.dat")), "precious");
  Strings forced = arguments;
  forced.push_back("--force");
  EXPECT_EQ(run(forced).exit_code, 0);
  EXPECT_EQ(read_file(path("out/data/data_00000000.dat")), "one");
}

TEST_F(FlatFileCommandTest, ForcedExportLeavesNoDataFileOfAnEarlierOneAndNothingElseGoes) {
  make({}, {"one"});
  Strings forced{"export", "flatfile", file(), "f", path("out"), "--force"};
  ASSERT_EQ(run(forced).exit_code, 0);
  write_file(path("out/data/data_00000001.dat"), "of another flat file");
  write_file(path("out/notes"), "mine");
  ASSERT_EQ(run(forced).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(path("out/data/data_00000001.dat")));
  EXPECT_EQ(read_file(path("out/notes")), "mine");
  write_file(path("out/data/notes"), "mine too");
  expect_failure(forced, 2, "out/data/notes' is of no export");
  EXPECT_EQ(read_file(path("out/data/notes")), "mine too");
  EXPECT_EQ(read_file(path("out/data/data_00000000.dat")), "one");
}

TEST_F(FlatFileCommandTest, ExportThatFailsLeavesNothingSoTheNextNeedsNoForce) {
  make({}, {"one", std::string(3'000'000, 'l')});
  const std::string arguments = " export flatfile '" + file() + "' f '" + path("out") + "'";
  // The system refuses files of more than a mebibyte.
  const std::string limited =
      "ulimit -f 2048; trap '' XFSZ; exec '" QUIRE_COMMAND "'" + arguments + " 2> /dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(("sh -c \"" + limited + "\"").c_str())), 7);
  EXPECT_FALSE(std::filesystem::exists(path("out")));
  std::filesystem::create_directories(path("out/.quire-unfinished.1.1/data"));
  EXPECT_EQ(run({"export", "flatfile", file(), "f", path("out")}).exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(path("out/.quire-unfinished.1.1")));
}

TEST_F(FlatFileCommandTest, ExportOfAnEmptyFileIsAnEmptyList) {
  make({}, {});
  EXPECT_EQ(run({"export", "flatfile", file(), "f", path("out")}).out,
            "0 values (0 B) in 0 files\n");
  EXPECT_EQ(read_file(path("out/locations.jsonl")), "");
  EXPECT_TRUE(std::filesystem::is_empty(path("out/data")));
}

}  // namespace

}  // namespace quire::tools
