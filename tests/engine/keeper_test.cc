// What the keeper's thread does between commits: it syncs relaxed ones, and it marks the log when
// nothing happens, so that damage before the mark is told from a torn end. No test says how long that
// takes, only that it comes.

#include <atomic>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "os/posix_file_system.h"
#include "tests/engine/file_database_test.h"
#include "tests/support/forwarding_file_system.h"

namespace quire {
namespace {

using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

/// False if `done()` is still false after a time in which any machine would have got there.
bool comes(const std::function<bool()>& done) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

class KeeperTest : public testing::FileDatabaseTest {
 protected:
  static void put(Database& database, int number, Durability durability) {
    Transaction transaction = database.begin();
    transaction.open<Hash>("table").put("number", std::to_string(number));
    transaction.commit(durability);
  }
};

TEST_F(KeeperTest, SyncsEveryRelaxedCommitOfAnIdleDatabase) {
  options.relaxed_sync_interval = 1ms;
  Database database = Database::open(path, options);
  put(database, 0, Durability::immediate);
  std::mt19937 random(1);
  for (int number = 1; number <= 300; ++number) {
    const std::uint64_t syncs = database.stats().wal_syncs;
    put(database, number, Durability::relaxed);
    ASSERT_TRUE(comes([&] { return database.stats().wal_syncs > syncs; })) << "commit " << number;
    // The next one comes while the thread falls asleep, or a little before or after.
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 200));
  }
}

TEST_F(KeeperTest, SyncsARelaxedCommitThatComesWhileItWaitsToMarkTheLog) {
  Database database = Database::open(path, options);
  for (int number = 0; number < 3; ++number) {
    put(database, number, Durability::immediate);
    const std::uint64_t syncs = database.stats().wal_syncs;
    put(database, number, Durability::relaxed);
    EXPECT_TRUE(comes([&] { return database.stats().wal_syncs > syncs; }));
  }
}

// The holder of the writer's place may be waiting for a checkpoint: a listener on the keeper's thread
// that waited for the place would never get it.
TEST_F(KeeperTest, LetsNoListenerWaitForTheWritersPlaceOnItsThread) {
  std::atomic<int> refused{0};
  Database* listeners = nullptr;
  options.wal_limit = std::size_t{128} << 10;
  options.on_event = [&](const Event&) {
    try {
      listeners->transact(
          [](Transaction& txn) { txn.open<List>("events").push_back("checkpoint"); });
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string_view(error.what()).find("on_event"), std::string_view::npos);
      EXPECT_NO_THROW(listeners->snapshot().collections());
      ++refused;
    }
  };
  Database database = Database::open(path, options);
  listeners = &database;
  int generation = 0;
  EXPECT_TRUE(comes([&] {
    store(database, ++generation % 7);
    return refused >= 3;
  }));
  database.close();
}

TEST_F(KeeperTest, MarksTheLogOfAnIdleDatabaseSoThatDamageBeforeIsNoTornEnd) {
  make_clean();
  const std::string text = "a value that is damaged in the log";
  options.relaxed_sync_interval = std::chrono::hours(1);
  Database database = Database::open(path, options);
  put(database, 1, Durability::relaxed);  // for which the thread may sleep long
  database.transact([&](Transaction& txn) { txn.open<Hash>("table").put("text", text); });
  // What the death of the process would leave, damaged.
  const auto is_refused = [&] {
    Contents files = contents_of(directory);
    std::string& log = files.at(std::filesystem::path(segment(1)).filename().string());
    log.at(log.find(text)) ^= 1;
    replace_contents(elsewhere("copy"), files);
    try {
      const Database copy = Database::open(elsewhere("copy/shop.quire"), options);
      EXPECT_FALSE(copy.snapshot().open<Hash>("table").get("text")) << "as if never committed";
    } catch (const CorruptionError& error) {
      EXPECT_NE(std::string_view(error.what()).find("shop.quire-wal.000001"),
                std::string_view::npos);
      return true;
    }
    return false;
  };
  EXPECT_TRUE(comes(is_refused));
  EXPECT_EQ(database.snapshot().open<Hash>("table").get("text")->view(), ByteView(text));
}

/// A disk whose clock a test turns on.
class HastyFileSystem final : public testing::ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  std::chrono::nanoseconds monotonic_now() override {
    return ForwardingFileSystem::monotonic_now() + ahead_.load();
  }
  void turn_on(std::chrono::nanoseconds by) { ahead_ = ahead_.load() + by; }

 private:
  std::atomic<std::chrono::nanoseconds> ahead_{};
};

TEST_F(KeeperTest, SavesWhatAnIdleDatabaseHasInItsLogAlone) {
  HastyFileSystem files(os::posix_file_system());
  options.file_system = &files;
  Database database = Database::open(path, options);
  const std::uint64_t before = database.stats().checkpoints;
  put(database, 1, Durability::immediate);
  EXPECT_TRUE(comes([&] {
    files.turn_on(1min);
    return database.stats().checkpoints > before;
  }));
  EXPECT_EQ(database.stats().frames_dirty, 0u);
}

}  // namespace
}  // namespace quire
