#include "tests/support/database_test.h"

#include <thread>

namespace quire::testing {
namespace {

using DatabaseDoorTest = DatabaseTest;

TEST_F(DatabaseDoorTest, MakesAnEmptyDatabaseOfFivePages) {
  open();
  EXPECT_EQ(database->info().page_count, 5u);
  EXPECT_EQ(database->info().seq, 0u);
  EXPECT_EQ(database->info().uuid.size(), 32u);
  EXPECT_TRUE(database->snapshot().collections().empty());
  EXPECT_EQ(files->list("/dir"), std::vector<std::string>{"test.quire"});
}

TEST_F(DatabaseDoorTest, OpensACleanFileWithoutWritingToIt) {
  open().transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "v"); });
  close();
  const auto before = copy_of(*files, "/dir")->open(kPath, OpenMode::read_only);
  const std::uint64_t syncs = files->sync_count(kPath);
  open();
  close();
  const auto after = files->open(kPath, OpenMode::read_only);
  std::vector<std::byte> old_bytes(before->status().size), new_bytes(after->status().size);
  before->read_at(0, old_bytes);
  after->read_at(0, new_bytes);
  EXPECT_EQ(old_bytes, new_bytes);
  EXPECT_EQ(files->sync_count(kPath), syncs);
}

TEST_F(DatabaseDoorTest, KeepsWhatWasCommittedOverCloseAndOpen) {
  open().transact([](Transaction& txn) {
    txn.open<Hash>("h").put("k", "v");
    txn.open<Blob>("b").append("content");
  });
  open();
  EXPECT_EQ(contents(database->snapshot().open<Hash>("h")),
            (std::map<std::string, std::string>{{"k", "v"}}));
  EXPECT_EQ(contents(database->snapshot().open<Blob>("b")), "content");
}

TEST_F(DatabaseDoorTest, LeavesNoLogBehindWhenClosed) {
  open().transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "v"); });
  EXPECT_EQ(files->list("/dir").size(), 2u);
  close();
  EXPECT_EQ(files->list("/dir").size(), 1u);
}

TEST_F(DatabaseDoorTest, GivesBackTheRoomAheadWhenClosed) {
  open().transact([](Transaction& txn) { txn.open<Blob>("b").append(std::string(50'000, 'x')); });
  EXPECT_GT(database->info().file_bytes, database->info().page_count * 4096);
  const std::uint64_t pages = database->info().page_count;
  close();
  EXPECT_EQ(files->status(kPath)->size, pages * 4096);
}

TEST_F(DatabaseDoorTest, SyncsOnceACommit) {
  open().transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "v"); });
  const Stats before = database->stats();
  for (int i = 0; i < 10; ++i) {
    database->transact([&](Transaction& txn) { txn.open<Hash>("h").put(std::to_string(i), "v"); });
  }
  const Stats after = database->stats();
  EXPECT_EQ(after.wal_syncs - before.wal_syncs, 10u);
  EXPECT_EQ(after.commits - before.commits, 10u);
}

TEST_F(DatabaseDoorTest, ChecksPointsWhenTheLogReachesItsLimit) {
  options.wal_segment_size = 64 << 10;
  options.wal_limit = 256 << 10;
  open();
  for (int i = 0; i < 200; ++i) {
    database->transact([&](Transaction& txn) {
      txn.open<Hash>("h").put(std::to_string(i), std::string(900, 'v'));
    });
  }
  const Stats stats = database->stats();
  EXPECT_GT(stats.checkpoints, 2u);
  EXPECT_LT(stats.wal_live_bytes, 2 * options.wal_limit);
  EXPECT_EQ(database->snapshot().open<Hash>("h").size(), 200u);
}

TEST_F(DatabaseDoorTest, WorksWithFewFramesOfMemory) {
  options.cache_size = 64 << 10;
  open();
  for (int i = 0; i < 50; ++i) {
    database->transact([&](Transaction& txn) {
      txn.open<Blob>("b").write(static_cast<std::uint64_t>(i) * 4096,
                                std::string(4096, static_cast<char>('a' + i % 26)));
    });
  }
  const std::string all = contents(database->snapshot().open<Blob>("b"));
  ASSERT_EQ(all.size(), 50u * 4096);
  for (std::size_t i = 0; i < 50; ++i)
    EXPECT_EQ(all[i * 4096 + 7], 'a' + static_cast<char>(i % 26));
  EXPECT_GT(database->stats().page_evictions, 0u);
  EXPECT_LE(database->stats().frames, 40u);
}

TEST_F(DatabaseDoorTest, TransactReturnsWhatItsFunctionReturns) {
  open();
  EXPECT_EQ(database->transact([](Transaction& txn) { return txn.open<Hash>("h").put("k", "v"); }),
            true);
  EXPECT_EQ(database->transact([](Transaction& txn) { return txn.open<Hash>("h").put("k", "w"); }),
            false);
}

TEST_F(DatabaseDoorTest, TransactRollsBackWhenItsFunctionThrowsOrSaysSo) {
  open();
  EXPECT_THROW(database->transact([](Transaction& txn) {
    txn.open<Hash>("h").put("k", "v");
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  database->transact([](Transaction& txn) {
    txn.open<Hash>("h").put("k", "v");
    txn.rollback();
  });
  EXPECT_TRUE(database->snapshot().collections().empty());
  EXPECT_EQ(database->info().seq, 0u);
}

TEST_F(DatabaseDoorTest, TryBeginGivesUpWhileAnotherTransactionIsOpen) {
  open();
  Transaction first = database->begin();
  std::optional<Transaction> second;
  std::thread([&] { second = database->try_begin(std::chrono::milliseconds(1)); }).join();
  EXPECT_FALSE(second);
  first.rollback();
  std::thread([&] { second = database->try_begin(std::chrono::seconds(60)); }).join();
  EXPECT_TRUE(second);
}

TEST_F(DatabaseDoorTest, BeginWaitsItsTurn) {
  open();
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&, i] {
      for (int k = 0; k < 25; ++k) {
        database->transact(
            [&](Transaction& txn) { txn.open<Hash>("h").put(std::to_string(i * 100 + k), "v"); });
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(database->snapshot().open<Hash>("h").size(), 100u);
  EXPECT_EQ(database->info().seq, 100u);
}

TEST_F(DatabaseDoorTest, ReadersAndAWriterWorkSideBySide) {
  open().transact([](Transaction& txn) {
    txn.open<Hash>("a").put("n", "0");
    txn.open<Hash>("b").put("n", "0");
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (int k = 0; k < 100; ++k) {
        const Snapshot snapshot = database->snapshot();
        EXPECT_EQ(snapshot.open<Hash>("a").get("n"), snapshot.open<Hash>("b").get("n"));
      }
    });
  }
  for (int k = 1; k <= 100; ++k) {
    database->transact([&](Transaction& txn) {
      txn.open<Hash>("a").put("n", std::to_string(k));
      txn.open<Hash>("b").put("n", std::to_string(k));
    });
  }
  for (std::thread& reader : readers) reader.join();
}

TEST_F(DatabaseDoorTest, InMemoryWorksTheSameAndIsGoneAfterwards) {
  checks_at_end = false;
  Options small;
  small.cache_size = 64 << 10;
  Database memory = Database::create_in_memory(small);
  for (int i = 0; i < 300; ++i) {
    memory.transact([&](Transaction& txn) {
      txn.open<Hash>("h").put(std::to_string(i), std::string(500, 'v'));
    });
  }
  EXPECT_EQ(memory.snapshot().open<Hash>("h").size(), 300u);
  EXPECT_EQ(memory.stats().wal_bytes_written, 0u);
  expect_sound(memory);
  memory.close();
  EXPECT_THROW(memory.snapshot(), ClosedError);
}

TEST_F(DatabaseDoorTest, StaysOpenForWhatWasMadeFromIt) {
  open().transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "v"); });
  const Snapshot snapshot = database->snapshot();
  database.reset();
  EXPECT_EQ(snapshot.open<Hash>("h").get("k")->text(), "v");
  EXPECT_THROW(Database::open(kPath, options), LockedError);
}

}  // namespace
}  // namespace quire::testing
