#include <algorithm>
#include <filesystem>
#include <string>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

using BenchCommandTest = CommandTest;

TEST_F(BenchCommandTest, MeasuresEverythingAndCleansUp) {
  const Json document = run_json({"bench", "--seconds", "0.001", "--dir", path("")});
  const Json& rows = document["measurements"];
  std::string names;
  for (const Json& row : rows) {
    const auto name = row["name"].get<std::string>();
    if (!name.starts_with("partd.")) names += name + ";";  // not everybody has the original
    EXPECT_GT(row["items_per_second"], 0) << row;
    EXPECT_EQ(row.contains("bytes_per_second"), row["name"] != "absent get") << row;
    EXPECT_EQ(row.contains("commits_per_sync"), row["item"] == "commits") << row;
  }
  EXPECT_EQ(names,
            "load;get;absent get;scan;durable put, 1 thread;durable put, 16 threads;"
            "append and fdatasync, 1 KiB;flat file put, 1 KiB;"
            "append and fdatasync, 16 x 64 KiB;flat file put, 16 x 64 KiB;"
            "pread of 4 KiB;flat file slice of 4 KiB, plain;flat file slice of 4 KiB, packed;"
            "Partd appends, a durable commit a batch;Partd appends, one durable commit;"
            "Partd gets of all keys;"
            "plain file, zstd 3;pipe write, zstd 3;plain file read, zstd 3;pipe read, zstd 3;"
            "plain file, raw;pipe write, raw;plain file read, raw;pipe read, raw;"
            "mapped array edits, 100 an msync;record edits, 100 a durable commit;"
            "mapped array edits, 10000 an msync;record edits, 10000 a durable commit;"
            "mapped array reads;record field reads;mapped array scan;record array scan;");
  EXPECT_EQ(document["entries"], 1000);
  EXPECT_GT(document["written_per_byte"], 1);
  EXPECT_GT(document["space_per_byte"], 1);
  EXPECT_TRUE(std::filesystem::is_empty(path("")));
}

TEST_F(BenchCommandTest, PrintsARowForEachFigureAndSaysWhereItWorks) {
  const CommandResult result = run({"bench", "--seconds", "0.001", "--dir", path("")});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const bool has_partd = result.out.find("partd.File") != result.out.npos;
  EXPECT_EQ(std::ranges::count(result.out, '\n'), has_partd ? 37 : 34) << result.out;
  EXPECT_NE(result.err.find("measuring in " + path("")), std::string::npos) << result.err;
}

TEST_F(BenchCommandTest, RefusesWhatItCannotUse) {
  expect_failure({"bench", "--dir", path("missing")}, 3, "there is no directory");
  expect_failure({"bench", "--seconds", "0"}, 2, "--seconds");
}

}  // namespace

}  // namespace quire::tools
