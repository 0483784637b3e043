// Many threads on one database: transfers between accounts, so that every commit keeps the sum, while
// snapshots are read, checkpoints run and pages are evicted. Under ThreadSanitizer it also shows that
// no memory is shared without a rule.

#include <gtest/gtest.h>
#include <quire/quire.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "os/memory_file_system.h"
#include "tests/support/database_test.h"
#include "tests/support/slow_sync_file_system.h"

namespace quire::testing {
namespace {

constexpr int kAccounts = 400;
constexpr int kEach = 1000;

std::string account(int number) { return "account " + std::to_string(number); }
/// Long enough that the accounts do not fit into a small cache.
std::string amount(int value) {
  std::string text = std::to_string(value);
  return text + std::string(700 - text.size(), ' ');
}
int amount_of(const Value& value) { return std::stoi(value.str()); }

int sum_of(const Snapshot& snapshot) {
  int sum = 0;
  for (const auto& [key, value] : snapshot.open<Hash>("accounts")) {
    sum += std::stoi(ByteView(value).str());
  }
  return sum;
}

class ConcurrencyTest : public ::testing::Test {
 protected:
  ConcurrencyTest() {
    options.file_system = &files;
    options.cache_size = 256 << 10;
    options.wal_segment_size = 64 << 10;
    options.wal_limit = 256 << 10;
  }

  void fill() {
    database->transact([](Transaction& txn) {
      auto accounts = txn.open<Hash>("accounts");
      for (int i = 0; i < kAccounts; ++i) accounts.put(account(i), amount(kEach));
    });
  }

  void transfer(std::mt19937& random, Durability durability) {
    Transaction txn = database->begin();
    auto accounts = txn.open<Hash>("accounts");
    const std::string from = account(static_cast<int>(random() % kAccounts));
    const std::string to = account(static_cast<int>(random() % kAccounts));
    accounts.put(from, amount(amount_of(*accounts.get(from)) - 1));
    accounts.put(to, amount(amount_of(*accounts.get(to)) + 1));
    txn.open<List>("history").push_back(from + " to " + to);
    if (random() % 8 == 0) return;  // rolled back
    txn.commit(durability);
    ++committed;
  }

  os::MemoryFileSystem files;
  Options options;
  std::optional<Database> database;
  std::atomic<int> committed{0};
};

class TransfersTest : public ConcurrencyTest, public ::testing::WithParamInterface<Durability> {
 protected:
  void SetUp() override {
    database = Database::open("/db", options);
    fill();
  }

  void write(unsigned seed, int times) {
    std::mt19937 random(seed);
    for (int i = 0; i < times; ++i) transfer(random, GetParam());
  }
  void read() {
    std::deque<Snapshot> held;
    std::uint64_t newest = 0;
    while (!done) {
      held.push_back(database->snapshot());
      EXPECT_GE(held.back().seq(), newest);
      newest = held.back().seq();
      if (held.size() > 3) held.pop_front();
      EXPECT_EQ(sum_of(held.front()), kAccounts * kEach);
    }
  }
  void checkpoint() {
    while (!done) {
      database->checkpoint();
      EXPECT_TRUE(database->check().ok());
    }
  }

  std::atomic<bool> done{false};
};

TEST_P(TransfersTest, EverySnapshotHoldsTheSumWhileAllElseGoesOn) {
  std::vector<std::thread> writers;
  std::vector<std::thread> others;
  for (unsigned i = 0; i < 4; ++i) writers.emplace_back([this, i] { write(i, 60); });
  for (int i = 0; i < 2; ++i) others.emplace_back([this] { read(); });
  others.emplace_back([this] { checkpoint(); });
  for (std::thread& writer : writers) writer.join();
  done = true;
  for (std::thread& other : others) other.join();

  EXPECT_EQ(sum_of(database->snapshot()), kAccounts * kEach);
  EXPECT_EQ(database->snapshot().open<List>("history").size(), static_cast<std::size_t>(committed));
  EXPECT_GT(database->stats().checkpoints, 0u);
  database->close();
  database.reset();
  database = Database::open("/db", options);
  EXPECT_EQ(sum_of(database->snapshot()), kAccounts * kEach);
  expect_sound(*database);
}

INSTANTIATE_TEST_SUITE_P(Durabilities, TransfersTest,
                         ::testing::Values(Durability::immediate, Durability::relaxed));

/// 8 bytes for each page of a blob, all the same.
std::string stamp_of(int import) {
  std::string text = std::to_string(import);
  return std::string(8 - text.size(), '0') + text;
}

/// Replaces a blob of many times the cache by another one, and says which it is.
void import_blob(Transaction& txn, int import) {
  constexpr int kPieces = 8;
  const std::string piece = std::string(256 << 10, ' ');
  txn.drop("import");
  auto blob = txn.open<Blob>("import");
  for (int i = 0; i < kPieces; ++i) {
    std::string bytes = piece;
    for (std::size_t at = 0; at < bytes.size(); at += 4096) bytes.replace(at, 8, stamp_of(import));
    blob.append(bytes);
  }
  txn.open<Hash>("imports").put("newest", stamp_of(import));
}

/// Fails unless all of the blob is of the import that the snapshot names.
void expect_one_import(const Snapshot& snapshot) {
  const std::string newest = snapshot.open<Hash>("imports").get("newest")->str();
  const BlobView blob = snapshot.open<Blob>("import");
  ASSERT_EQ(blob.size(), std::uint64_t{2} << 20);
  for (std::uint64_t at = 0; at < blob.size(); at += 4096) {
    ASSERT_EQ(blob.view(at, 8).view(), ByteView(newest)) << at;
  }
}

// Each import is larger than memory and takes the room that the reaper has freed of earlier ones,
// while snapshots read those.
TEST_F(ConcurrencyTest, ImportsLargerThanMemoryGoOnBesideAllElse) {
  database = Database::open("/db", options);
  fill();
  database->transact([](Transaction& txn) { import_blob(txn, 0); });
  std::atomic<bool> done{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i) {
    others.emplace_back([&] {
      std::deque<Snapshot> held;
      while (!done) {
        held.push_back(database->snapshot());
        if (held.size() > 2) held.pop_front();
        expect_one_import(held.front());
      }
    });
  }
  others.emplace_back([&] {
    std::mt19937 random(1);
    while (!done) transfer(random, Durability::relaxed);
  });
  others.emplace_back([&] {
    while (!done) database->checkpoint();
  });
  constexpr int kImports = 12;
  for (int import = 1; import <= kImports; ++import) {
    Transaction txn = database->begin();
    import_blob(txn, import);
    if (import % 4 == 0) continue;  // rolled back
    txn.commit(import % 2 == 0 ? Durability::relaxed : Durability::immediate);
  }
  done = true;
  for (std::thread& other : others) other.join();
  EXPECT_GT(database->stats().pages_written_early, kImports * std::uint64_t{256});
  expect_one_import(database->snapshot());
  EXPECT_EQ(sum_of(database->snapshot()), kAccounts * kEach);
  expect_sound(*database);
  database->close();
}

TEST_F(ConcurrencyTest, SixteenWritersShareTheirSyncs) {
  SlowSyncFileSystem slow(files, std::chrono::milliseconds(2));
  options.file_system = &slow;
  options.wal_segment_size = 16 << 20;
  options.wal_limit = 256 << 20;
  database = Database::open("/db", options);
  fill();
  const Stats before = database->stats();
  std::vector<std::thread> writers;
  for (int i = 0; i < 16; ++i) {
    writers.emplace_back([this, i] {
      for (int round = 0; round < 20; ++round) {
        database->transact(
            [&](Transaction& txn) { txn.open<Hash>("accounts").put(account(i), amount(round)); });
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const Stats after = database->stats();
  EXPECT_EQ(after.commits - before.commits, 16u * 20u);
  EXPECT_GE(after.commits - before.commits, 4 * (after.wal_syncs - before.wal_syncs));
  database->close();
}

TEST_F(ConcurrencyTest, CloseWaitsForCallsAndTurnsLaterOnesAway) {
  database = Database::open("/db", options);
  fill();
  std::atomic<int> turned_away{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) {
    threads.emplace_back([this, i, &turned_away] {
      std::mt19937 random(i);
      try {
        for (;;) {
          if (i % 2 == 0) transfer(random, Durability::immediate);
          if (i % 2 == 1) sum_of(database->snapshot());
        }
      } catch (const ClosedError&) {
        ++turned_away;
      }
    });
  }
  while (committed < 5) std::this_thread::yield();
  database->close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(turned_away, 4);
  Database again = Database::open("/db", options);
  EXPECT_EQ(sum_of(again.snapshot()), kAccounts * kEach);
  EXPECT_EQ(again.info().recovered_commits, 0u);
  EXPECT_GE(again.snapshot().open<List>("history").size(), static_cast<std::size_t>(committed));
}

}  // namespace
}  // namespace quire::testing
