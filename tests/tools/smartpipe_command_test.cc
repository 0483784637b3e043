// Pipes in the command: files of smart-pipe in and out, ls and cat.

#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <quire/database.h>
#include <quire/pipe.h>

#include "formats/smartpipe.h"
#include "tests/support/pipe_content.h"
#include "tests/tools/command_test.h"
#include "tools/descriptor.h"

namespace quire::tools {

namespace {

using testing::PlainBlock;

class SmartPipeCommandTest : public CommandTest {
 protected:
  /// Files PREFIX of the original, raw.
  void write_files(const std::string& prefix, const std::vector<PlainBlock>& blocks) const {
    std::ofstream data(path(prefix + ".dat"), std::ios::binary);
    std::ofstream index(path(prefix + ".idx"), std::ios::binary);
    formats::SmartPipeWriter writer(data, index, false);
    for (const PlainBlock& block : blocks) {
      writer.begin_block(block.key);
      for (const auto& [key, value] : block.pairs) writer.append(key, value);
    }
    writer.finish();
  }
  void store(const std::vector<PlainBlock>& blocks) const {
    Database database = Database::open(file());
    database.transact([&](Transaction& txn) {
      auto pipe = txn.open<Pipe>("p");
      for (const PlainBlock& block : blocks) {
        testing::append_block(pipe, block.key, block.pairs);
      }
    });
    database.close();
  }
  std::vector<PlainBlock> stored() const {
    Database database = Database::open(file());
    return testing::contents(database.snapshot().open<Pipe>("p"));
  }
  bool is_stored() const {
    return std::filesystem::exists(file()) &&
           Database::open(file()).snapshot().find<Pipe>("p").has_value();
  }

  std::vector<std::string> import(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"import", "smartpipe", path("s"), file(), "p"});
    return more;
  }
  std::vector<std::string> export_to(const std::string& target,
                                     std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"export", "smartpipe", file(), "p", path(target)});
    return more;
  }
};

const std::vector<PlainBlock> kBlocks{
    {"one", {{"a", "1"}, {"b", "2"}}}, {"empty", {}}, {"\xff", {{"", std::string(100'000, 'x')}}}};

// ---- import

TEST_F(SmartPipeCommandTest, ImportTakesAllBlocks) {
  write_files("s", kBlocks);
  const CommandResult result = run(import());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "3 blocks of 3 pairs (97.7 KiB); 0 duplicate keys\n");
  EXPECT_EQ(result.err, "");
  EXPECT_TRUE(stored() == kBlocks);
  const Json document =
      run_json({"import", "smartpipe", path("s.dat"), file(), "q", "--compression-level", "0"});
  EXPECT_EQ(document["blocks"], 3);
  EXPECT_EQ(document["pairs"], 3);
  EXPECT_EQ(document["bytes"], 100'004);
  EXPECT_EQ(Database::open(file()).snapshot().open<Pipe>("q").options().compression_level, 0);
}

TEST_F(SmartPipeCommandTest, ImportRefusesANameThatIsTakenAndChangesNothing) {
  write_files("s", kBlocks);
  store({{"mine", {}}});
  expect_failure(import(), 2, "there is a collection 'p' already");
  EXPECT_EQ(stored(), (std::vector<PlainBlock>{{"mine", {}}}));
}

TEST_F(SmartPipeCommandTest, ImportOfDamagedFilesNamesThePlaceAndLeavesNoPipe) {
  write_files("s", kBlocks);
  std::filesystem::resize_file(path("s.dat"), 100'000);
  expect_failure(import(), 5, "s.dat' at byte 20: record: expected 100008 bytes");
  EXPECT_FALSE(is_stored());
  std::filesystem::resize_file(path("s.idx"), 30);
  expect_failure(import(), 5, "s.idx' at byte 23");
  EXPECT_FALSE(is_stored());
}

TEST_F(SmartPipeCommandTest, ImportNeedsBothFilesBeforeItMakesADatabase) {
  expect_failure(import(), 3, path("s.dat"));
  write_file(path("s.dat"), "");
  expect_failure(import(), 3, path("s.idx"));
  EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(SmartPipeCommandTest, ImportOfDuplicateKeysNamesBothOrDoesAsItIsTold) {
  write_files("s", {{"a", {{"k", "1"}}}, {"b", {}}, {"a", {{"k", "2"}}}, {"a", {{"k", "3"}}}});
  expect_failure(import(), 2,
                 "two blocks have the key 'a', at byte 0 and at byte 10; --duplicates");
  EXPECT_FALSE(is_stored());
  const auto import_with = [&](const std::string& choice) {
    if (is_stored()) run({"rm", file(), "p"});
    const CommandResult result = run(import({"--duplicates", choice}));
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_NE(result.out.find("2 duplicate keys"), std::string::npos) << result.out;
    return stored();
  };
  EXPECT_EQ(import_with("keep-first"), (std::vector<PlainBlock>{{"a", {{"k", "1"}}}, {"b", {}}}));
  EXPECT_EQ(import_with("keep-last"), (std::vector<PlainBlock>{{"b", {}}, {"a", {{"k", "3"}}}}));
  EXPECT_EQ(import_with("suffix"),
            (std::vector<PlainBlock>{
                {"a", {{"k", "1"}}}, {"b", {}}, {"a#2", {{"k", "2"}}}, {"a#3", {{"k", "3"}}}}));
  expect_failure(import({"--duplicates", "some"}), 2, "some");
}

TEST_F(SmartPipeCommandTest, ImportOfRecordsWithoutABlockNeedsAKeyForThem) {
  write_files("s", {{"lost", {{"k", "v"}}}, {"b", {}}});
  const std::string index = read_file(path("s.idx"));
  write_file(path("s.idx"), std::string_view(index).substr(24));
  expect_failure(import(), 2, "s.dat': records that belong to no block begin it, 10 bytes; --");
  EXPECT_FALSE(is_stored());
  ASSERT_EQ(run(import({"--orphans", "found"})).exit_code, 0);
  EXPECT_EQ(stored(), (std::vector<PlainBlock>{{"found", {{"k", "v"}}}, {"b", {}}}));
  run({"rm", file(), "p"});
  expect_failure(import({"--orphans", "b"}), 2, "'b', in the block of --orphans and at byte 10");
}

TEST_F(SmartPipeCommandTest, ImportTellsOfATornIndex) {
  write_files("s", {{"a", {{"k", "v"}}}});
  write_file(path("s.idx"), read_file(path("s.idx")) + "xyz");
  const CommandResult result = run(import());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.err.find("skipped: 3 bytes behind the last entry"), std::string::npos);
  EXPECT_EQ(stored(), (std::vector<PlainBlock>{{"a", {{"k", "v"}}}}));
}

TEST_F(SmartPipeCommandTest, InterruptedImportLeavesNoPipe) {
  std::string value;
  for (unsigned i = 0; value.size() < 1'000'000; ++i)
    value += std::to_string(i * 2654435761U) + "-";
  write_files("s", {{"a", testing::Pairs(30, {"k", value})}});
  const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  const pid_t pid =
      start_command(import({"--compression-level", "19"}), null.get(), null.get(), null.get());
  while (!std::filesystem::exists(file())) usleep(1000);
  kill(pid, SIGINT);
  EXPECT_EQ(wait_for_exit(pid), 130);
  EXPECT_FALSE(is_stored());
}

// ---- export

TEST_F(SmartPipeCommandTest, ExportIsReadByAnotherProgramAndImportedAgain) {
  store({kBlocks[0], kBlocks[2]});
  for (const std::string ending : {".datz", ".dat"}) {
    const auto arguments = ending == ".datz" ? export_to("sub/s", {"--compress"}) : export_to("s");
    const CommandResult result = run(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "2 blocks of 3 pairs; 0 empty ones left out\n");
    const std::string files = path(ending == ".datz" ? "sub/s" : "s");
    EXPECT_TRUE(std::filesystem::exists(files + ending));
    const std::string command = QUIRE_SMARTPIPE_READER " read " + files + " > " + path("out");
    ASSERT_EQ(std::system(command.c_str()), 0);
    EXPECT_TRUE(read_file(path("out")).starts_with("block 6f6e65\n61 31\n62 32\nblock ff\n 7878"));
    ASSERT_EQ(run({"import", "smartpipe", files, path("again.quire"), ending}).exit_code, 0);
    Database again = Database::open(path("again.quire"));
    EXPECT_TRUE(testing::contents(again.snapshot().open<Pipe>(ending)) ==
                (std::vector<PlainBlock>{kBlocks[0], kBlocks[2]}));
  }
}

TEST_F(SmartPipeCommandTest, ExportRefusesEmptyBlocksCompressedUnlessTheyAreLeftOut) {
  store(kBlocks);
  expect_failure(export_to("s", {"--compress"}), 2,
                 "block 'empty' is empty, and smart-pipe cannot read that compressed");
  EXPECT_FALSE(std::filesystem::exists(path("s.datz")));
  EXPECT_FALSE(std::filesystem::exists(path("s.idx")));
  EXPECT_EQ(run(export_to("s", {"--compress", "--skip-empty"})).out,
            "2 blocks of 3 pairs; 1 empty one left out\n");
  EXPECT_EQ(run_json(export_to("t"))["blocks"], 3);
}

TEST_F(SmartPipeCommandTest, ExportOverwritesOnlyWithForceAndNeverBesideARawFile) {
  store({kBlocks[0]});
  write_file(path("s.idx"), "mine");
  expect_failure(export_to("s"), 2, "s.idx' exists; --force overwrites files");
  EXPECT_FALSE(std::filesystem::exists(path("s.dat")));
  EXPECT_EQ(run(export_to("s", {"--force"})).exit_code, 0);
  write_file(path("s.dat"), "of another pipe");
  EXPECT_EQ(run(export_to("s", {"--force"})).exit_code, 0);
  EXPECT_EQ(run({"import", "smartpipe", path("s"), file(), "again"}).exit_code, 0);
  expect_failure(export_to("s", {"--compress", "--force"}), 2,
                 "s.dat' exists, and smart-pipe would read it instead");
  ASSERT_EQ(run(export_to("t", {"--compress"})).exit_code, 0);
  expect_failure(export_to("t", {"--force"}), 2, "t.datz' exists, whose index would be");
  EXPECT_FALSE(std::filesystem::exists(path("t.dat")));
  expect_failure(export_to(std::string(252, 'n')), 2, "it has a name of 256 bytes, and 255 is");
}

TEST_F(SmartPipeCommandTest, ExportThatFailsLeavesTheFilesThatWereThere) {
  store({{"one", {{"k", std::string(3'000'000, 'x')}}}});
  write_file(path("s.dat"), "mine");
  write_file(path("s.idx"), "mine too");
  // The system refuses files of more than a mebibyte.
  const std::string limited = "ulimit -f 2048; trap '' XFSZ; exec '" QUIRE_COMMAND
                              "' export smartpipe --force '" +
                              file() + "' p '" + path("s") + "' 2> /dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(("sh -c \"" + limited + "\"").c_str())), 7);
  EXPECT_EQ(read_file(path("s.dat")), "mine");
  EXPECT_EQ(read_file(path("s.idx")), "mine too");
  expect_failure(export_to("s"), 2, "s.dat' exists");
}

TEST_F(SmartPipeCommandTest, ExportNeedsAPipeAndAName) {
  expect_failure(export_to("s"), 3, file());
  store({kBlocks[0]});
  expect_failure({"export", "smartpipe", file(), "none", path("s")}, 3, "none");
  expect_failure(export_to(""), 2, "cannot be the files' name");
  expect_failure(export_to(".."), 2, "cannot be the files' name");
  run({"put", file(), "h", "k", "v"});
  expect_failure({"export", "smartpipe", file(), "h", path("s")}, 2, "is a hash, not a pipe");
}

// ---- ls, cat, check

TEST_F(SmartPipeCommandTest, LsListsBlocks) {
  store(kBlocks);
  const CommandResult result = run({"ls", file(), "p"});
  EXPECT_TRUE(
      result.out.starts_with("     PAIRS          BYTES         STORED  BLOCK\n"
                             "         2             20             20  one\n"))
      << result.out;
  const Json blocks = run_json({"ls", file(), "p"})["blocks"];
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(blocks[1]["key"], "empty");
  EXPECT_EQ(blocks[1]["stored_bytes"], 0);
  EXPECT_EQ(blocks[2]["key_base64"], "/w==");
  EXPECT_EQ(blocks[2]["pairs"], 1);
  EXPECT_EQ(blocks[2]["raw_bytes"], 100'008);
}

TEST_F(SmartPipeCommandTest, CatPrintsPairsByBlockOrOfOneBlock) {
  store({kBlocks[0], kBlocks[1], {"last", {{"k", ""}}}});
  EXPECT_EQ(run({"cat", file(), "p"}).out, "# one\na\t1\nb\t2\n# empty\n# last\nk\t\n");
  EXPECT_EQ(run({"cat", file(), "p", "one"}).out, "a\t1\nb\t2\n");
  EXPECT_EQ(run({"cat", file(), "p", "empty"}).out, "");
  expect_failure({"cat", file(), "p", "none"}, 3, "collection 'p': no key 'none'");
  EXPECT_EQ(run_json({"cat", file(), "p"})["blocks"][0]["pairs"][1]["value"], "2");
  EXPECT_EQ(run_json({"cat", file(), "p", "one"})["pairs"].size(), 2u);
}

}  // namespace

}  // namespace quire::tools
