#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <quire/quire.h>
#include <quire/testing.h>

#include "tests/support/budget.h"
#include "tests/support/threaded_file_system.h"

// Eight threads ask for a checkpoint, which fails once for all of them. Each gets an error of its own:
// what it adds to it is seen by none of the others, and is no race (ThreadSanitizer would tell).

namespace quire {
namespace {

constexpr std::size_t kCallers = 8;
constexpr int kRounds = testing::kIsSanitized ? 40 : 200;
const std::string kDatabase = "/db.quire";

class FailingCheckpointTest : public ::testing::Test {
 protected:
  Database open() {
    Options options;
    options.file_system = &threaded_;
    return Database::open(kDatabase, options);
  }

  static void commit_something(Database& database) {
    database.transact([](Transaction& transaction) {
      transaction.open<Hash>("table").put("key", std::string(100, 'v'));
    });
  }

  /// Each thread that is told adds what it is to the error, which nobody else has done.
  template <class E>
  void checkpoint_in_threads(Database& database) {
    std::vector<std::thread> threads;
    for (std::size_t number = 0; number < kCallers; ++number) {
      threads.emplace_back([&, number] {
        try {
          database.checkpoint();
        } catch (E& error) {
          EXPECT_EQ(error.collection(), "");
          EXPECT_EQ(error.file(), kDatabase);
          const std::string mine = std::to_string(number);
          error.add_collection(mine);
          EXPECT_EQ(error.collection(), mine);
          ++told_;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  SimulatedFileSystem disk_;
  testing::ThreadedFileSystem threaded_{disk_};
  std::atomic<std::size_t> told_{0};
};

TEST_F(FailingCheckpointTest, TellsEachCallerOfAFailedSyncByAnErrorOfItsOwn) {
  for (int round = 0; round < kRounds; ++round) {
    Database database = open();
    commit_something(database);
    const auto call = static_cast<std::uint64_t>(round % 6);
    disk_.set_faults({{{FaultKind::sync_loses, disk_.crash_points() + call}}});
    checkpoint_in_threads<IoError>(database);
    disk_.set_faults({});
  }
  EXPECT_GT(told_, kCallers);
}

TEST_F(FailingCheckpointTest, TellsEachCallerOfAFullDiskByAnErrorOfItsOwn) {
  Database database = open();
  for (int round = 0; round < kRounds; ++round) {
    commit_something(database);
    disk_.set_faults({{{FaultKind::no_space, disk_.crash_points(), Fault::kForever}}});
    checkpoint_in_threads<OutOfSpace>(database);
    disk_.set_faults({});
  }
  EXPECT_GT(told_, kCallers);
  EXPECT_TRUE(database.check().ok());
  database.close();
}

}  // namespace
}  // namespace quire
