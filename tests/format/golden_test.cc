// Files of format 1.0 that were made once (make_golden.cc) are opened for ever, and hold what they
// held then.

#include <gtest/gtest.h>
#include <quire/quire.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "os/memory_file_system.h"
#include "tests/format/content_summary.h"
#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A summary without what follows its collections: how many pages and commits there are.
std::string collections_of(const std::string& summary) {
  return summary.substr(0, summary.find("\n  \"pages\""));
}

/// The golden file of that name with its log, copied into memory. No threads, so that nothing is
/// committed but by the test.
class GoldenTest : public ::testing::TestWithParam<const char*> {
 protected:
  GoldenTest() {
    options.file_system = &files;
    options.create = false;
    for (const auto& entry : std::filesystem::directory_iterator(QUIRE_GOLDEN_FILES)) {
      const std::string name = entry.path().filename();
      files.open("/" + name, OpenMode::create)->write_at(0, read_text(entry.path()));
    }
    path = "/" + std::string(GetParam()) + ".quire";
    expected = read_text(QUIRE_GOLDEN_CONTENT "/" + std::string(GetParam()) + ".json");
  }

  os::MemoryFileSystem files{os::MemoryFileSystem::Threads::no};
  Options options;
  std::string path;
  std::string expected;
};

TEST_P(GoldenTest, HoldsWhatItHeld) {
  Database database = Database::open(path, options);
  EXPECT_EQ(content_summary(database), expected);
  expect_sound(database);
  database.close();

  const Database again = Database::open(path, options);
  EXPECT_EQ(content_summary(again), expected);
  EXPECT_EQ(again.info().recovered_commits, 0u);
  expect_sound(again);
}

TEST_P(GoldenTest, IsReadWithoutAWrite) {
  const auto before = copy_of(files, "/");
  options.read_only = true;
  {
    const Database database = Database::open(path, options);
    EXPECT_EQ(content_summary(database), expected);
    expect_sound(database);
  }
  ASSERT_EQ(files.list("/"), before->list("/"));
  for (const std::string& name : files.list("/")) {
    const auto is = files.open("/" + name, OpenMode::read_only);
    const auto was = before->open("/" + name, OpenMode::read_only);
    std::vector<std::byte> bytes(is->status().size), old_bytes(was->status().size);
    is->read_at(0, bytes);
    was->read_at(0, old_bytes);
    EXPECT_EQ(bytes, old_bytes) << name;
  }
}

TEST_P(GoldenTest, IsSalvagedAsItIs) {
  SalvageOptions how;
  how.file_system = &files;
  EXPECT_TRUE(Database::salvage(path, "/salvaged", how).ok());
  const Database salvaged = Database::open("/salvaged", options);
  EXPECT_EQ(collections_of(content_summary(salvaged)), collections_of(expected));
  expect_sound(salvaged);
}

TEST_P(GoldenTest, CanBeChanged) {
  {
    Database database = Database::open(path, options);
    database.transact([](Transaction& txn) {
      Hash table = txn.open<Hash>("table");
      for (int i = 0; i < 500; ++i) table.put("new " + std::to_string(i), std::string(300, 'n'));
      for (const CollectionInfo& info : txn.collections()) {
        if (info.name != "table") txn.drop(info.name);
      }
    });
    expect_sound(database);
  }
  const Database database = Database::open(path, options);
  EXPECT_EQ(database.snapshot().collections().size(), 1u);
  EXPECT_EQ(database.snapshot().open<Hash>("table").get("new 499"), std::string(300, 'n'));
  expect_sound(database);
}

INSTANTIATE_TEST_SUITE_P(Format1_0, GoldenTest,
                         ::testing::Values("clean", "wide", "crashed", "imported"),
                         [](const auto& test) { return std::string(test.param); });

using GoldenCrashTest = GoldenTest;
using GoldenDropTest = GoldenTest;

TEST_P(GoldenCrashTest, RecoversWholeCommitsAndForgetsTheUnfinishedOne) {
  const Database database = Database::open(path, options);
  EXPECT_EQ(database.info().recovered_commits, 9u);
  EXPECT_FALSE(database.snapshot().find<Blob>("lost"));
}

INSTANTIATE_TEST_SUITE_P(Format1_0, GoldenCrashTest, ::testing::Values("crashed"));

TEST_P(GoldenDropTest, HoldsWhatItHeldAndFreesTheRestOfWhatWasDropped) {
  Database database = Database::open(path, options);
  EXPECT_EQ(content_summary(database), expected);
  expect_sound(database);
  const auto used = [](const DatabaseInfo& info) { return info.page_count - info.free_pages; };
  const std::uint64_t before = used(database.info());
  EXPECT_GT(before, 100u);
  database.checkpoint();
  database.close();

  const Database again = Database::open(path, options);
  EXPECT_LT(used(again.info()), 20u);
  EXPECT_EQ(again.snapshot().open<Hash>("table").size(), 1u);
  expect_sound(again);
}

INSTANTIATE_TEST_SUITE_P(Format1_0, GoldenDropTest, ::testing::Values("dropping"));

}  // namespace
}  // namespace quire::testing
