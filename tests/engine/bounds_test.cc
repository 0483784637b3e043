// What grows, and what must not: memory under a database many times the size of its cache, and the
// file and the log under a snapshot that is held through a long load. Built where QUIRE_TEST_LARGE
// is on.

#include <fstream>
#include <random>
#include <string>

#include "tests/support/database_test.h"
#include "tests/support/sizes.h"
#include "tests/support/temporary_directory.h"

namespace quire::testing {
namespace {

/// The most memory that this process has had, in bytes.
std::size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    std::size_t kibibytes = 0;
    status >> kibibytes;
    return kibibytes << 10;
  }
  return 0;
}

std::string key(int number) { return "record " + std::to_string(number); }
std::string record(int number) {
  std::string bytes = std::to_string(number) + " ";
  while (bytes.size() < 4000) bytes += bytes;
  bytes.resize(4000);
  return bytes;
}

class BoundsTest : public ::testing::Test {
 protected:
  const TemporaryDirectory directory;
  Options options;
};

TEST_F(BoundsTest, TenTimesTheCacheNeedsNoMoreMemoryThanItsBudgets) {
  constexpr int kRecords = 168'000;  // 640 MiB
  options.cache_size = 64 * kMiB;
  options.wal_segment_size = 16 * kMiB;
  options.wal_limit = 64 * kMiB;
  Database database = Database::open(directory / "bounds.quire", options);
  for (int first = 0; first < kRecords; first += 1000) {
    database.transact([&](Transaction& txn) {
      auto table = txn.open<Hash>("table");
      for (int i = first; i < first + 1000; ++i) table.put(key(i), record(i));
    });
  }
  std::mt19937 random(1);
  {
    const Snapshot snapshot = database.snapshot();
    const HashView table = snapshot.open<Hash>("table");
    ASSERT_EQ(table.size(), static_cast<std::uint64_t>(kRecords));
    for (int i = 0; i < 50'000; ++i) {
      const int number = static_cast<int>(random() % kRecords);
      ASSERT_TRUE(table.get(key(number))->view() == ByteView(record(number)));
    }
  }
  expect_sound(database);
  EXPECT_GT(database.info().file_bytes, 10 * options.cache_size);
  const std::size_t second_budget = options.cache_size;
  EXPECT_LE(peak_memory(), options.cache_size + second_budget + 64 * kMiB);
  std::cout << peak_memory() / kMiB << " MiB at most\n";
}

// A gigabyte and more in one transaction: what does not fit into memory is written to its place
// before the commit, and not once more to the log.
TEST_F(BoundsTest, ImportOfMoreThanMemoryInOneTransactionIsWrittenOnce) {
  constexpr std::size_t kBlobMiB = 1024;
  constexpr int kRecords = 52'000;  // 200 MiB
  options.cache_size = 64 * kMiB;
  Database database = Database::open(directory / "import.quire", options);
  std::string part(kMiB, '\0');
  const auto fill_part = [&](std::size_t number) {
    for (std::size_t i = 0; i < part.size(); i += 64) part[i] = static_cast<char>(number + i / 64);
  };
  database.transact([&](Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    for (std::size_t number = 0; number < kBlobMiB; ++number) {
      fill_part(number);
      blob.append(part);
    }
    auto table = txn.open<Hash>("table");
    for (int i = 0; i < kRecords; ++i) table.put(key(i), record(i));
    for (int i = 0; i < kRecords; i += 100) {
      ASSERT_TRUE(table.get(key(i))->view() == ByteView(record(i)));
    }
  });
  const std::uint64_t pages = database.info().page_count;
  EXPECT_GT(pages * 4096, (kBlobMiB + 200) * kMiB);
  EXPECT_GT(database.stats().pages_written_early, pages - pages / 20);
  EXPECT_LT(database.stats().pages_written_early, pages + pages / 20);
  EXPECT_LT(database.stats().wal_bytes_written, 64 * kMiB);
  expect_sound(database);
  {
    const Snapshot snapshot = database.snapshot();
    std::vector<std::byte> bytes(kMiB);
    for (std::size_t number = 0; number < kBlobMiB; number += 10) {
      fill_part(number);
      ASSERT_EQ(snapshot.open<Blob>("blob").read(number * kMiB, bytes), kMiB);
      ASSERT_TRUE(ByteView(bytes) == ByteView(part)) << number;
    }
    for (int i = 0; i < kRecords; i += 100) {
      ASSERT_TRUE(snapshot.open<Hash>("table").get(key(i))->view() == ByteView(record(i)));
    }
  }
  database.transact([&](Transaction& txn) {
    auto list = txn.open<List>("list");
    for (int i = 0; i < 300'000; ++i) list.push_back(std::string(900, 'x'));
    list.clear();  // reads all of it in one call
    list.push_back("last");
  });
  const std::size_t second_budget = options.cache_size;
  EXPECT_LE(peak_memory(), options.cache_size + second_budget + 64 * kMiB);
  std::cout << peak_memory() / kMiB << " MiB at most\n";
}

struct Loaded {
  std::uint64_t file_bytes = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t most_log_bytes = 0;
};

TEST_F(BoundsTest, SnapshotHeldThroughALoadOfAMillionRecordsHoldsNothingElseBack) {
  options.wal_segment_size = 8 * kMiB;
  options.wal_limit = 32 * kMiB;
  const auto load = [&](const std::string& name, bool hold) {
    Database database = Database::open(directory / name, options);
    database.transact([](Transaction& txn) { txn.open<Hash>("table").put("first", "1"); });
    std::optional<Snapshot> held;
    if (hold) held = database.snapshot();
    Loaded loaded;
    for (int first = 0; first < 1'000'000; first += 5000) {
      database.transact([&](Transaction& txn) {
        auto table = txn.open<Hash>("table");
        for (int i = first; i < first + 5000; ++i) table.put(key(i), "value " + std::to_string(i));
      });
      loaded.most_log_bytes = std::max(loaded.most_log_bytes, database.stats().wal_live_bytes);
    }
    loaded.checkpoints = database.stats().checkpoints;
    database.checkpoint();  // one that was under way needed the versions that it was writing
    if (held) {
      EXPECT_EQ(held->open<Hash>("table").size(), 1u);
      EXPECT_EQ(held->open<Hash>("table").get("first")->view(), ByteView("1"));
      EXPECT_LT(database.stats().frames_old, 64u);
    }
    EXPECT_EQ(database.snapshot().open<Hash>("table").size(), 1'000'001u);
    loaded.file_bytes = database.info().page_count * 4096;
    return loaded;
  };
  const Loaded without = load("without.quire", false);
  const Loaded with = load("with.quire", true);
  EXPECT_GT(with.checkpoints, 2u);
  EXPECT_LE(with.most_log_bytes, 3 * options.wal_limit) << "segments are retired";
  // Which bucket splits when does not depend on the snapshot, but the seed of the table is random.
  EXPECT_LE(with.file_bytes, without.file_bytes + without.file_bytes / 20);
  std::cout << with.checkpoints << " checkpoints, " << with.file_bytes / kMiB << " MiB with and "
            << without.file_bytes / kMiB << " MiB without the snapshot\n";
}

}  // namespace
}  // namespace quire::testing
