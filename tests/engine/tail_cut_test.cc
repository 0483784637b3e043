// Rule S3: free pages at the end of the file are given up in a checkpoint, and the file is cut once
// nobody can need them.

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <thread>

#include "tests/support/database_test.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/stamped_pages.h"
#include "tests/support/temporary_directory.h"

namespace quire::testing {
namespace {

/// What stays of a database that has held three collections: the fixed pages, those of the catalog.
constexpr std::uint64_t kEmptyPages = 8;

class TailCutTest : public DatabaseTest {
 protected:
  TailCutTest() {
    disk.fail = [this](const std::string& line) { return fail(line); };
    options.file_system = &disk;
    options.cache_size = std::size_t{64} << 10;  // so that snapshots read from the file
  }
  void TearDown() override {
    database.reset();
    options.file_system = files.get();
    DatabaseTest::TearDown();
  }

  /// A drop of up to 256 pages frees them at once, and no checkpoint comes by itself.
  void use_large_cache() { options.cache_size = std::size_t{256} << 20; }

  void make(const std::string& name, std::size_t pages, char stamp) {
    database->transact(
        [&](Transaction& txn) { txn.create<Blob>(name).append(stamped_pages(pages, stamp)); });
  }
  void drop(const std::string& name) {
    database->transact([&](Transaction& txn) { EXPECT_TRUE(txn.drop(name)); });
  }
  bool holds(const Snapshot& snapshot, const std::string& name, std::size_t pages, char stamp) {
    return contents(snapshot.open<Blob>(name)) == stamped_pages(pages, stamp);
  }
  bool holds(const std::string& name, std::size_t pages, char stamp) {
    return holds(database->snapshot(), name, pages, stamp);
  }

  std::uint64_t page_count() { return database->info().page_count; }
  std::uint64_t file_pages() { return files->status(kPath)->size / kPageSize; }

  std::function<int(const std::string& line)> fail = [](const std::string&) { return 0; };
  FaultyFileSystem disk{*files};
};

TEST_F(TailCutTest, EmptiedFileIsAsSmallAsANewOneAfterACheckpoint) {
  open();
  make("blob", 700, 'a');
  database->transact([](Transaction& txn) {
    auto table = txn.open<Hash>("table");
    auto list = txn.open<List>("list");
    for (int i = 0; i < 1000; ++i) {
      table.put(std::to_string(i), std::string(500, 't'));
      list.push_back(std::string(500, 'l'));
    }
  });
  database->checkpoint();
  EXPECT_GT(file_pages(), 900u);
  for (const char* name : {"blob", "table", "list"}) drop(name);
  database->checkpoint();
  EXPECT_LE(page_count(), kEmptyPages);
  EXPECT_EQ(file_pages(), page_count());
  expect_sound(*database);
}

TEST_F(TailCutTest, EmptiedFileIsCutWhenItIsClosed) {
  use_large_cache();
  open();
  make("blob", 200, 'a');
  drop("blob");
  EXPECT_GT(page_count(), 200u);
  close();
  EXPECT_LE(file_pages(), kEmptyPages);
  open();
  EXPECT_EQ(page_count(), file_pages());
}

TEST_F(TailCutTest, CloseUnderAnOpenTransactionCutsNoneOfWhatIsCommitted) {
  use_large_cache();
  open();
  make("gone", 200, 'a');
  drop("gone");
  std::thread([&] {
    Transaction unfinished = database->begin();
    unfinished.create<Blob>("never").append(stamped_pages(300, 'n'));
    std::thread([&] { database->close(); }).join();
  }).join();
  database.reset();
  EXPECT_LE(file_pages(), kEmptyPages);
  open();
  EXPECT_TRUE(database->snapshot().collections().empty());
}

TEST_F(TailCutTest, AShortTailStays) {
  use_large_cache();
  open();
  make("blob", 900, 'a');
  make("tail", 40, 't');
  const std::uint64_t pages = page_count();
  drop("tail");
  database->checkpoint();
  EXPECT_EQ(page_count(), pages);
}

TEST_F(TailCutTest, OpenTransactionIsNotWaitedFor) {
  use_large_cache();
  open();
  make("blob", 200, 'a');
  drop("blob");
  const std::uint64_t pages = page_count();
  Transaction txn = database->begin();
  txn.create<Blob>("new").append("content");
  database->checkpoint();
  EXPECT_EQ(page_count(), pages);
  txn.commit();
  database->checkpoint();
  EXPECT_LT(page_count(), pages / 2);
  EXPECT_EQ(contents(database->snapshot().open<Blob>("new")), "content");
}

TEST_F(TailCutTest, SnapshotOlderThanTheCutHoldsTheFileAndReadsItsPages) {
  open();
  make("blob", 500, 'a');
  database->checkpoint();
  std::optional<Snapshot> old = database->snapshot();
  drop("blob");
  database->checkpoint();
  EXPECT_LE(page_count(), kEmptyPages) << "cut off for all that comes later";
  EXPECT_GE(file_pages(), 500u) << "but the file is not cut yet";
  const std::uint64_t loads = database->stats().page_loads;
  EXPECT_TRUE(holds(*old, "blob", 500, 'a'));
  EXPECT_GE(database->stats().page_loads - loads, 400u) << "they come from the file";
  old.reset();
  database->checkpoint();
  EXPECT_EQ(file_pages(), page_count());
}

TEST_F(TailCutTest, SnapshotYoungerThanTheCutDoesNotHoldTheFile) {
  open();
  make("blob", 500, 'a');
  std::optional<Snapshot> old = database->snapshot();
  drop("blob");
  database->checkpoint();
  const Snapshot young = database->snapshot();
  EXPECT_GE(file_pages(), 500u);
  old.reset();
  database->checkpoint();
  EXPECT_EQ(file_pages(), page_count());
  EXPECT_TRUE(young.collections().empty());
}

TEST_F(TailCutTest, SnapshotReadsOnWhileItsPagesAreUsedAgain) {
  open();
  make("blob", 500, 'a');
  database->checkpoint();
  const Snapshot old = database->snapshot();
  drop("blob");
  database->checkpoint();
  ASSERT_LE(page_count(), kEmptyPages);
  make("again", 600, 'b');
  EXPECT_TRUE(holds(old, "blob", 500, 'a'));
  database->checkpoint();
  EXPECT_TRUE(holds(old, "blob", 500, 'a'));
  EXPECT_TRUE(holds("again", 600, 'b'));
  drop("again");
  database->checkpoint();
  EXPECT_TRUE(holds(old, "blob", 500, 'a'));
}

TEST_F(TailCutTest, PagesAreUsedAgainInTheNextGeneration) {
  open();
  make("blob", 300, 'a');
  database->checkpoint();
  drop("blob");
  database->checkpoint();
  ASSERT_EQ(file_pages(), page_count());
  make("again", 400, 'b');
  crash_and_reopen();
  EXPECT_TRUE(holds("again", 400, 'b'));
  expect_sound(*database);
}

/// A checkpoint that finds no room for a segment has cut off the tail, and begins no generation.
TEST_F(TailCutTest, PagesAreUsedAgainInTheSameGeneration) {
  use_large_cache();
  open();
  make("blob", 100, 'a');
  database->checkpoint();
  make("more", 100, 'm');
  drop("more");
  drop("blob");
  fail = [](const std::string& line) { return line.starts_with("create") ? ENOSPC : 0; };
  EXPECT_THROW(database->checkpoint(), OutOfSpace);
  fail = [](const std::string&) { return 0; };
  database->sync();
  ASSERT_LE(page_count(), kEmptyPages);
  make("again", 150, 'b');
  const std::unique_ptr<os::MemoryFileSystem> now = copy_of(*files, "/dir");
  database->checkpoint();
  EXPECT_TRUE(holds("again", 150, 'b'));
  database.reset();

  disk.fail = [](const std::string&) { return 0; };
  files = copy_of(*now, "/dir");
  options.file_system = files.get();
  open();
  EXPECT_EQ(database->info().recovered_commits, 5u) << "all of one generation";
  EXPECT_TRUE(holds("again", 150, 'b'));
}

TEST_F(TailCutTest, WholeGroupsOfTheSpaceMapGoAndComeAgain) {
  use_large_cache();
  open();
  for (const char stamp : {'a', 'b'}) {
    make("blob", 17'000, stamp);
    EXPECT_EQ(database->check().map_pages, 2u);
    EXPECT_TRUE(holds("blob", 17'000, stamp));
    drop("blob");
    database->checkpoint();
    EXPECT_LE(page_count(), kEmptyPages);
    EXPECT_EQ(file_pages(), page_count());
    EXPECT_EQ(database->check().map_pages, 1u);
  }
}

TEST_F(TailCutTest, CrashBeforeTheCutLeavesALongerFileThatIsCutLater) {
  open();
  make("stays", 5, 's');
  make("blob", 300, 'a');
  database->checkpoint();
  drop("blob");
  std::unique_ptr<os::MemoryFileSystem> at_the_cut;
  fail = [&](const std::string& line) {
    if (line.starts_with("truncate") && !at_the_cut) at_the_cut = copy_of(*files, "/dir");
    return 0;
  };
  database->checkpoint();
  ASSERT_TRUE(at_the_cut);
  database.reset();
  files = std::move(at_the_cut);
  options.file_system = files.get();
  open();
  EXPECT_LE(page_count(), kEmptyPages + 6);
  EXPECT_GE(file_pages(), 300u);
  expect_sound(*database);
  make("new", 1, 'n');
  database->checkpoint();
  EXPECT_EQ(file_pages(), page_count());
  EXPECT_TRUE(holds("stays", 5, 's'));
}

TEST_F(TailCutTest, CutThatFailsStopsWritingAndLosesNothing) {
  for (const char* operation : {"truncate", "sync test.quire"}) {
    open();
    make("stays", 5, 's');
    make("blob", 300, 'a');
    database->checkpoint();
    drop("blob");
    bool has_failed = false;
    fail = [&](const std::string& line) {
      if (has_failed || !line.starts_with(operation)) return 0;
      has_failed = true;
      return EIO;
    };
    EXPECT_THROW(database->checkpoint(), IoError) << operation;
    EXPECT_TRUE(has_failed);
    EXPECT_THROW(database->begin(), IoError);
    EXPECT_TRUE(holds("stays", 5, 's'));
    fail = [](const std::string&) { return 0; };
    open();
    EXPECT_TRUE(holds("stays", 5, 's'));
    expect_sound(*database);
    drop("stays");
    database->checkpoint();
    EXPECT_EQ(file_pages(), page_count());
    EXPECT_LE(page_count(), kEmptyPages);
  }
}

TEST_F(TailCutTest, GarbageBehindTheEndMeansNothing) {
  open();
  make("stays", 5, 's');
  close();
  const std::uint64_t pages = file_pages();
  files->open(kPath, OpenMode::read_write)
      ->write_at(pages * kPageSize, std::string(70 * kPageSize, '?'));
  open();
  expect_sound(*database);
  make("new", 50, 'n');
  EXPECT_TRUE(holds("new", 50, 'n'));
  EXPECT_TRUE(holds("stays", 5, 's'));
  database->checkpoint();
  EXPECT_EQ(file_pages(), page_count());
}

TEST(TailCutInMemoryTest, GivesMemoryBack) {
  Database database = Database::create_in_memory();
  database.transact([](Transaction& txn) { txn.open<Blob>("b").append(stamped_pages(500, 'b')); });
  database.checkpoint();
  EXPECT_GE(database.info().file_bytes, 500 * kPageSize);
  database.transact([](Transaction& txn) { txn.drop("b"); });
  database.checkpoint();
  EXPECT_LE(database.info().file_bytes, kEmptyPages * kPageSize);
  expect_sound(database);
}

// ---- with a keeper

class TailCutThreadTest : public ::testing::TestWithParam<bool> {
 protected:
  TailCutThreadTest() {
    options.cache_size = std::size_t{1} << 20;
    options.wal_segment_size = std::size_t{64} << 10;
    options.wal_limit = std::size_t{512} << 10;
    if (GetParam()) options.file_system = &memory;
  }

  std::uint64_t file_pages() {
    return (GetParam() ? memory.status(path)->size : std::filesystem::file_size(path)) / kPageSize;
  }

  os::MemoryFileSystem memory;
  const TemporaryDirectory directory;
  const std::string path = directory / "db";
  Options options;
};

TEST_P(TailCutThreadTest, ReadersSeeTheirPagesWhileTheFileGoesUpAndDown) {
  std::optional<Database> database = Database::open(path, options);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      const Snapshot snapshot = database->snapshot();
      const auto blob = snapshot.find<Blob>("blob");
      if (!blob) continue;
      const std::string content = contents(*blob);
      EXPECT_TRUE(content == stamped_pages(content.size() / kPageSize, content.back()));
    }
  });
  for (int round = 0; round < 6; ++round) {
    const std::string content = stamped_pages(200 + 30 * static_cast<std::size_t>(round), 'a');
    database->transact([&](Transaction& txn) { txn.create<Blob>("blob").append(content); });
    if (round % 3 == 0) database->checkpoint();
    database->transact([](Transaction& txn) { txn.drop("blob"); });
    if (round % 2 == 0) database->checkpoint();
  }
  done = true;
  reader.join();
  database->checkpoint();
  EXPECT_EQ(file_pages(), database->info().page_count);
  EXPECT_LE(file_pages(), kEmptyPages);
  expect_sound(*database);
  database->close();
  database = Database::open(path, options);
  expect_sound(*database);
}

INSTANTIATE_TEST_SUITE_P(Files, TailCutThreadTest, ::testing::Bool(), [](const auto& instance) {
  return instance.param ? "InMemory" : "OnDisk";
});

}  // namespace
}  // namespace quire::testing
