// Rule S4: a large collection is dropped at once, and its pages are freed later, a few at a time.

#include <cerrno>
#include <functional>
#include <thread>

#include "engine/catalog.h"
#include "engine/recovery.h"
#include "engine/session.h"
#include "structures/list.h"
#include "tests/support/bag.h"
#include "tests/support/database_test.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/stamped_pages.h"
#include "tests/support/temporary_directory.h"

namespace quire::testing {
namespace {

/// Without threads each commit makes one step of the reaper's. With so small a cache that is 64 pages.
class ReaperTest : public DatabaseTest {
 protected:
  ReaperTest() { options.cache_size = std::size_t{1} << 20; }

  void make_blob(const std::string& name, std::size_t pages) {
    database->transact([&](Transaction& txn) {
      txn.create<Blob>(name).append(stamped_pages(pages, name.front()));
    });
  }
  void drop(const std::string& name) {
    database->transact([&](Transaction& txn) { EXPECT_TRUE(txn.drop(name)); });
  }
  /// A commit that has nothing to do with what is dropped.
  void commit_something() {
    database->transact(
        [&](Transaction& txn) { txn.open<Hash>("other").put("key", std::to_string(++commits_)); });
  }
  /// Pages of collections, those that are dropped and not yet freed among them.
  std::uint64_t collection_pages() {
    const CheckReport report = database->check();
    EXPECT_TRUE(report.ok());
    return report.blob_pages + report.hash_pages + report.list_pages;
  }
  /// Those of what commit_something() makes.
  static constexpr std::uint64_t kOtherPages = 2;
  std::uint64_t used_pages() {
    const Stats stats = database->stats();
    return stats.page_count - stats.free_pages;
  }
  /// Commits until the reaper has nothing to do; how many it took.
  int commit_until_freed(std::uint64_t used) {
    for (int commits = 1;; ++commits) {
      commit_something();
      if (used_pages() <= used) return commits;
      if (commits == 1000) {
        ADD_FAILURE() << used_pages() << " pages are still used";
        return commits;
      }
    }
  }

 private:
  int commits_ = 0;
};

TEST_F(ReaperTest, DropOfTwentyThousandPagesCommitsLittleAndIsFreedInSteps) {
  options.cache_size = std::size_t{256} << 20;
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  make_blob("large", 20'000);
  const Stats before = database->stats();
  drop("large");
  const Stats after = database->stats();
  EXPECT_EQ(after.commits - before.commits, 2u) << "the drop, and one step";
  EXPECT_LT(after.wal_bytes_written - before.wal_bytes_written, 64u << 10);
  EXPECT_LE(after.free_pages - before.free_pages, 300u);
  EXPECT_FALSE(database->snapshot().find<Blob>("large"));
  EXPECT_GT(collection_pages(), 19'000u);

  database->checkpoint();
  EXPECT_LE(used_pages(), used);
  EXPECT_EQ(collection_pages(), kOtherPages);
  EXPECT_LE(database->stats().page_count, used + 64);
}

TEST_F(ReaperTest, FreesASmallCollectionInTheCommitThatDropsIt) {
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  make_blob("small", 50);
  const Stats before = database->stats();
  drop("small");
  EXPECT_EQ(database->stats().commits - before.commits, 1u);
  EXPECT_EQ(used_pages(), used);
}

TEST_F(ReaperTest, FreesEveryKindOfStructure) {
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  const std::function<void(Transaction&)> makers[] = {
      [](Transaction& txn) { txn.open<Blob>("large").append(stamped_pages(300, 'l')); },
      [](Transaction& txn) {
        auto table = txn.open<Hash>("large");
        for (int i = 0; i < 2000; ++i) table.put(std::to_string(i), std::string(600, 't'));
        table.put("long", std::string(300'000, 'v'));
      },
      [](Transaction& txn) {
        auto list = txn.open<List>("large");
        for (int i = 0; i < 2000; ++i) list.push_back(std::string(600, 'l'));
        list.push_back(std::string(300'000, 'i'));
      }};
  for (const auto& make : makers) {
    database->transact(make);
    drop("large");
    EXPECT_GT(collection_pages(), 200u);
    EXPECT_GT(commit_until_freed(used), 3);
    EXPECT_EQ(used_pages(), used);
  }
}

TEST_F(ReaperTest, LargeDropsWaitForOneAnother) {
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  make_blob("one", 500);
  make_blob("two", 700);
  database->transact([](Transaction& txn) {
    txn.drop("one");
    txn.drop("two");
  });
  EXPECT_GT(collection_pages(), 1100u);
  const int commits = commit_until_freed(used);
  EXPECT_GE(commits, 1200 / 64 - 1);
  EXPECT_LE(commits, 1200 / 64 + 8) << "a step frees about 64 pages";
  EXPECT_EQ(used_pages(), used);
}

TEST_F(ReaperTest, NoWriterWaitsForMoreThanOneStep) {
  open();
  make_blob("large", 1000);
  drop("large");
  for (int i = 0; i < 10; ++i) {
    const Stats before = database->stats();
    auto txn = database->try_begin(std::chrono::nanoseconds(0));
    ASSERT_TRUE(txn);
    EXPECT_EQ(database->stats().commits, before.commits) << "no step behind an open transaction";
    txn->open<Hash>("other").put("key", std::to_string(i));
    txn->commit();
    EXPECT_EQ(database->stats().commits - before.commits, 2u) << "the commit, and one step";
  }
}

TEST_F(ReaperTest, SnapshotOlderThanTheDropReadsOn) {
  open();
  make_blob("large", 500);
  const std::string content = stamped_pages(500, 'l');
  database->checkpoint();
  std::optional<Snapshot> old = database->snapshot();
  drop("large");
  for (int i = 0; i < 10; ++i) {
    commit_something();
    make_blob("new", 20);  // takes what is free by now
    drop("new");
    EXPECT_TRUE(contents(old->open<Blob>("large")) == content) << i;
  }
  database->checkpoint();
  EXPECT_TRUE(contents(old->open<Blob>("large")) == content);
  EXPECT_EQ(collection_pages(), kOtherPages);
  old.reset();
  expect_sound(*database);
}

TEST_F(ReaperTest, NameIsFreeInTheSameTransaction) {
  open();
  make_blob("name", 400);
  database->transact([](Transaction& txn) {
    txn.drop("name");
    txn.create<Blob>("name").append("new");
  });
  EXPECT_EQ(contents(database->snapshot().open<Blob>("name")), "new");
  database->checkpoint();
  EXPECT_EQ(contents(database->snapshot().open<Blob>("name")), "new");
  EXPECT_EQ(collection_pages(), 1u);
}

TEST_F(ReaperTest, WhatATransactionHasMadeItselfIsFreedAtOnce) {
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  const Stats before = database->stats();
  database->transact([](Transaction& txn) {
    txn.create<Blob>("scratch").append(stamped_pages(1000, 's'));
    txn.drop("scratch");
  });
  EXPECT_EQ(database->stats().commits - before.commits, 1u);
  EXPECT_LT(database->stats().wal_bytes_written - before.wal_bytes_written, 64u << 10);
  EXPECT_EQ(used_pages(), used);
}

TEST_F(ReaperTest, ACompositesChildrenShareTheStepOfItsDrop) {
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  database->transact([](Transaction& txn) {
    auto shelf = txn.open<Shelf>("shelf");
    for (int number = 0; number < 20; ++number) {  // of which each alone is freed in one step
      Bag bag = shelf.bag(number, {.limit = 1000});
      for (int i = 0; i < 5; ++i) bag.put(std::to_string(i), std::string(40'000, 't'));
    }
  });
  const Stats before = database->stats();
  drop("shelf");
  EXPECT_LE(database->stats().free_pages - before.free_pages, 3 * 64u)
      << "a step for all of it together";
  EXPECT_GT(collection_pages(), 800u);
  EXPECT_GT(commit_until_freed(used), 10);
  EXPECT_EQ(used_pages(), used);
}

TEST_F(ReaperTest, DropThatIsRolledBackFreesNothing) {
  open();
  make_blob("large", 400);
  const std::string content = stamped_pages(400, 'l');
  {
    Transaction txn = database->begin();
    EXPECT_TRUE(txn.drop("large"));
    txn.rollback();
  }
  for (int i = 0; i < 5; ++i) commit_something();
  database->checkpoint();
  EXPECT_TRUE(contents(database->snapshot().open<Blob>("large")) == content);
}

TEST_F(ReaperTest, DropUnderASavepointThatIsRolledBackFreesNothing) {
  open();
  make_blob("large", 400);
  make_blob("gone", 400);
  database->transact([](Transaction& txn) {
    txn.drop("gone");
    Savepoint savepoint = txn.savepoint();
    EXPECT_TRUE(txn.drop("large"));
    EXPECT_FALSE(txn.find<Blob>("large"));
    savepoint.rollback();
    EXPECT_TRUE(txn.find<Blob>("large"));
  });
  database->checkpoint();
  EXPECT_TRUE(contents(database->snapshot().open<Blob>("large")) == stamped_pages(400, 'l'));
  EXPECT_LE(collection_pages(), 405u) << "the other one is freed";
}

// ---- ends in the middle

TEST_F(ReaperTest, GoesOnAfterAClose) {
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  make_blob("large", 1000);
  drop("large");
  close();
  open();
  EXPECT_GT(collection_pages(), 800u);
  commit_until_freed(used);
  EXPECT_EQ(used_pages(), used);
}

TEST_F(ReaperTest, GoesOnAfterEveryKill) {
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  make_blob("large", 1000);
  drop("large");
  std::uint64_t waiting = collection_pages();
  for (int kills = 0; kills < 6; ++kills) {
    crash_and_reopen();
    EXPECT_EQ(collection_pages(), waiting) << "nothing twice, and nothing lost";
    commit_something();
    commit_something();
    EXPECT_LT(collection_pages(), waiting);
    waiting = collection_pages();
  }
  commit_until_freed(used);
  EXPECT_EQ(used_pages(), used);
}

TEST_F(ReaperTest, ReaderLeavesTheListAlone) {
  open();
  make_blob("large", 1000);
  drop("large");
  close();
  const auto before = copy_of(*files, "/dir");
  options.read_only = true;
  open();
  EXPECT_GT(collection_pages(), 800u);
  EXPECT_TRUE(database->snapshot().collections().empty());
  close();
  options.read_only = false;
  const auto bytes = [](FileSystem& from) {
    const auto file = from.open(kPath, OpenMode::read_only);
    std::string content(file->status().size, '\0');
    file->read_at(0, std::as_writable_bytes(std::span(content)));
    return content;
  };
  EXPECT_TRUE(bytes(*files) == bytes(*before));
}

// ---- a list that is wrong, though its sums hold

/// Has the catalog name a list of dropped collections that a hostile program made.
class HostileReaperTest : public ReaperTest {
 protected:
  HostileReaperTest() { checks_at_end = false; }

  template <class Damage>
  void commit_damage(const Damage& damage) {
    open();
    commit_something();
    close();
    auto core = engine::Core::start(engine::open_file(kPath, options), options);
    auto session = engine::TransactionSession::start(core, nullptr);
    engine::TransactionPages pages(session->pages(), kEngineOwner);
    damage(pages);
    session->commit(Durability::immediate);
    session.reset();
    core->close();
    open();
  }
  /// A list of one.
  void commit_entry(const engine::CatalogEntry& entry) {
    commit_damage([&](engine::TransactionPages& pages) {
      const Pid root = structures::List::create(pages);
      structures::List(pages, root).push_back(engine::encode(entry));
      engine::Catalog(pages).set_reaper_root(root);
    });
  }
  /// The database goes on as if there were no list, and check() tells of it.
  void expect_harmless(std::size_t collections = 1) {
    for (int i = 0; i < 3; ++i) commit_something();
    database->checkpoint();
    EXPECT_EQ(database->snapshot().collections().size(), collections);
    EXPECT_FALSE(database->check().ok());
  }
};

TEST_F(HostileReaperTest, LeavesAListAloneThatIsNotThere) {
  commit_damage([](engine::TransactionPages& pages) {
    engine::Catalog(pages).set_reaper_root(4'000'000'000);
  });
  expect_harmless();
}

TEST_F(HostileReaperTest, FreesNothingOfTheCatalog) {
  options.cache_size = std::size_t{64} << 10;  // a step frees 4 pages
  open();
  database->transact([](Transaction& txn) {
    for (int i = 0; i < 500; ++i) txn.create<Blob>(std::to_string(i));
  });
  engine::CatalogEntry entry;
  entry.id = kEngineOwner;
  entry.root = kCatalogRoot;
  commit_entry(entry);
  expect_harmless(501);
}

TEST_F(HostileReaperTest, LeavesACollectionAloneWhosePagesAreAnothers) {
  engine::CatalogEntry entry;
  entry.id = 77;
  entry.root = kCatalogRoot + 1;
  commit_entry(entry);
  expect_harmless();
}

TEST_F(HostileReaperTest, LeavesBytesAloneThatAreNoEntry) {
  commit_damage([](engine::TransactionPages& pages) {
    const Pid root = structures::List::create(pages);
    structures::List(pages, root).push_back("no entry");
    engine::Catalog(pages).set_reaper_root(root);
  });
  expect_harmless();
}

/// On a disk that can be full: then no segment of the log can be made.
class FullDiskReaperTest : public ReaperTest {
 protected:
  FullDiskReaperTest() {
    options.file_system = &disk;
    options.wal_segment_size = std::size_t{64} << 10;
    disk.fail = [this](const std::string& line) {
      return is_full && line.starts_with("create") ? ENOSPC : 0;
    };
  }
  void TearDown() override {
    close();
    options.file_system = files.get();
    ReaperTest::TearDown();
  }

  /// Commits until the log is full, too.
  void fill_log() {
    is_full = true;
    int refused = 0;
    for (int i = 0; i < 200 && refused < 3; ++i) {
      try {
        commit_something();
      } catch (const OutOfSpace&) {
        ++refused;
      }
    }
    ASSERT_EQ(refused, 3);
    EXPECT_GT(collection_pages(), 100u) << "too few pages for this test";
  }

  FaultyFileSystem disk{*files};
  bool is_full = false;
};

TEST_F(FullDiskReaperTest, StopsAndIsFinishedByTheNextCheckpoint) {
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  make_blob("large", 6000);
  drop("large");
  fill_log();
  EXPECT_THROW(database->checkpoint(), OutOfSpace);
  is_full = false;
  database->checkpoint();
  EXPECT_EQ(collection_pages(), kOtherPages);
  EXPECT_LE(used_pages(), used);
}

TEST_F(FullDiskReaperTest, GoesOnByItselfOnceThereIsRoom) {
  options.wal_limit = std::size_t{128} << 10;
  open();
  commit_something();
  const std::uint64_t used = used_pages();
  make_blob("large", 6000);
  drop("large");
  fill_log();
  is_full = false;
  commit_until_freed(used);
  EXPECT_EQ(collection_pages(), kOtherPages);
}

/// A checkpoint ends while a step is under way that has no room, and does not know of it.
TEST_F(FullDiskReaperTest, TriesAgainWhatHadNoRoomBeforeACheckpoint) {
  open();
  make_blob("large", 1000);
  drop("large");
  close();
  auto core = engine::Core::start(engine::open_file(kPath, options), options);
  int refused = 0;
  disk.fail = [&](const std::string& line) {
    if (!line.starts_with("create") || refused > 0) return 0;
    ++refused;
    core->reaper().try_again();
    return ENOSPC;
  };
  for (int step = 0; step < 1000 / 64 + 8; ++step) core->reaper().nudge();
  EXPECT_EQ(refused, 1);
  core->close();
  open();
  EXPECT_EQ(collection_pages(), 0u);
}

// ---- with a thread

TEST(ReaperThreadTest, CheckpointReturnsWhenAllIsFreed) {
  os::MemoryFileSystem files;
  Options options;
  options.file_system = &files;
  options.cache_size = std::size_t{1} << 20;
  Database database = Database::open("/db", options);
  const std::uint64_t used = 4;
  for (int round = 0; round < 20; ++round) {
    database.transact(
        [](Transaction& txn) { txn.create<Blob>("b").append(stamped_pages(500, 'b')); });
    database.transact([](Transaction& txn) { txn.drop("b"); });
    database.checkpoint();
    const Stats stats = database.stats();
    ASSERT_LE(stats.page_count - stats.free_pages, used + 1) << round;
    ASSERT_LE(stats.page_count, used + 64) << round;
  }
  expect_sound(database);
}

TEST(ReaperThreadTest, CloseEndsItInTheMiddleAndTheNextOpenGoesOn) {
  const TemporaryDirectory directory;
  Options options;
  options.cache_size = std::size_t{1} << 20;
  const auto open = [&] { return Database::open(directory / "db", options); };
  {
    Database database = open();
    database.transact(
        [](Transaction& txn) { txn.create<Blob>("b").append(stamped_pages(5000, 'b')); });
    database.transact([](Transaction& txn) { txn.drop("b"); });
    database.close();
  }
  for (int round = 0; round < 5; ++round) {
    Database database = open();
    expect_sound(database);
    database.close();
  }
  Database database = open();
  database.checkpoint();
  EXPECT_EQ(database.check().blob_pages, 0u);
  expect_sound(database);
  database.close();
}

TEST(ReaperThreadTest, FourThreadsCreateDropAndCheckpoint) {
  os::MemoryFileSystem files;
  Options options;
  options.file_system = &files;
  options.cache_size = std::size_t{1} << 20;
  options.wal_segment_size = std::size_t{64} << 10;
  options.wal_limit = std::size_t{1} << 20;
  Database database = Database::open("/db", options);
  std::vector<std::thread> threads;
  for (int number = 0; number < 4; ++number) {
    threads.emplace_back([&, number] {
      const std::string name = std::to_string(number);
      for (int round = 0; round < 8; ++round) {
        database.transact([&](Transaction& txn) {
          txn.create<Blob>(name).append(
              stamped_pages(100 + 20 * static_cast<std::size_t>(round), 'b'));
        });
        const Snapshot old = database.snapshot();
        database.transact([&](Transaction& txn) { txn.drop(name); });
        if (round % 2 == number % 2) database.checkpoint();
        EXPECT_EQ(old.open<Blob>(name).size(),
                  (100u + 20u * static_cast<unsigned>(round)) * kPageSize);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  database.checkpoint();
  EXPECT_EQ(database.check().blob_pages, 0u);
  expect_sound(database);
  database.close();
}

}  // namespace
}  // namespace quire::testing
