#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <random>
#include <thread>

#include "tests/engine/file_database_test.h"
#include "tests/engine/killed_child.h"
#include "tests/support/budget.h"
#include "tests/support/tally.h"
#include "tests/support/test_seed.h"
#include "tests/support/tried.h"

// A process is killed while several of its threads commit, immediate and relaxed, another reads
// snapshots, and checkpoints run all the time. What was acknowledged, of either durability, must be
// there; of each thread at most the commit that was under way besides; and all of them whole.

namespace quire {
namespace {

using testing::KilledChild;
using testing::Tally;
using Stage = KilledChild::Stage;

constexpr int kKills = testing::kIsSanitized ? 30 : 200;
constexpr std::size_t kThreads = 4;

class KillThreadsTest : public testing::FileDatabaseTest {
 protected:
  KillThreadsTest() {
    options.wal_limit = std::size_t{128} << 10;
    options.cache_size = std::size_t{1} << 20;
    options.relaxed_sync_interval = std::chrono::milliseconds(5);
  }

  /// One child, killed after some commits and a moment more.
  void kill_one() {
    const std::uint64_t commits = random_() % 30;
    KilledChild child([this](const auto& tell) { live(tell); });
    child.wait_for(commits == 0 ? Stage::opening : Stage::committed,
                   std::max<std::uint64_t>(1, commits));
    child.kill_after(std::chrono::microseconds(random_() % 8000));
    ASSERT_TRUE(child.was_killed()) << "the child failed";
    checkpoints_ += child.checkpoints();
    check_survival(child);
  }

  int checkpoints() const { return checkpoints_; }
  std::uint64_t commits() const { return total_; }
  std::uint64_t unacknowledged() const { return unacknowledged_; }

 private:
  /// The child's life, which only its death ends.
  void live(const KilledChild::Tell& tell) {
    Options how = options;
    how.on_event = [&](const Event& event) {
      if (event.kind == Event::Kind::checkpoint) tell(Stage::checkpointed, 0);
    };
    tell(Stage::opening, 0);
    Database database = Database::open(path, how);
    const Tally begun = Tally::read(database.snapshot(), kThreads);
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        or_die([&] {
          for (std::uint64_t number = begun.numbers[thread] + 1;; ++number) {
            commit(database, thread, number);
            tell(Stage::committed, number * kThreads + thread);
          }
        });
      });
    }
    or_die([&] { read(database); });
  }

  static void commit(Database& database, std::size_t thread, std::uint64_t number) {
    Transaction transaction = database.begin();
    Tally::count(transaction, thread, number);
    transaction.commit(number % 2 == 0 ? Durability::relaxed : Durability::immediate);
  }

  [[noreturn]] static void read(const Database& database) {
    std::uint64_t newest = 0;
    for (;;) {
      const Tally tally = Tally::read(database.snapshot(), kThreads);
      tally.require_whole();
      if (tally.total < newest) throw std::runtime_error("a snapshot is older than one before it");
      newest = tally.total;
    }
  }

  /// What a thread of the child throws ends the child.
  template <class Body>
  static void or_die(const Body& body) {
    try {
      body();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "child: %s\n", error.what());
      ::_exit(1);
    }
  }

  void check_survival(const KilledChild& child) {
    for (const std::uint64_t told : child.committed()) {
      acknowledged_[told % kThreads] = told / kThreads;
    }
    Options how = options;
    how.cache_size = std::size_t{64} << 20;  // the whole log may have to fit
    how.read_only = random_() % 2 == 0;      // then the next child has to recover
    const Database database = Database::open(path, how);
    testing::expect_sound(database);
    const Tally tally = Tally::read(database.snapshot(), kThreads);
    EXPECT_NO_THROW(tally.require_whole());
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      std::uint64_t& acknowledged = acknowledged_[thread];
      EXPECT_GE(tally.numbers[thread], acknowledged) << "an acknowledged commit is lost";
      EXPECT_LE(tally.numbers[thread], acknowledged + 1) << "from nowhere";
      unacknowledged_ += tally.numbers[thread] > acknowledged ? 1 : 0;
      acknowledged = tally.numbers[thread];
    }
    total_ = tally.total;
  }

  std::mt19937_64 random_{testing::choose_seed()};
  std::array<std::uint64_t, kThreads> acknowledged_{};  // or seen: it must stay
  std::uint64_t total_ = 0;
  std::uint64_t unacknowledged_ = 0;
  int checkpoints_ = 0;
};

TEST_F(KillThreadsTest, LosesNothingThatWasAcknowledgedAndKeepsNoHalfCommit) {
  Database::open(path, options).close();
  for (int kill = 0; kill < kKills && !HasFailure(); ++kill) {
    ASSERT_NO_FATAL_FAILURE(kill_one()) << "kill " << kill;
  }
  testing::tried("kills of a process with several threads at work", kKills);
  std::cout << kKills << " kills, " << commits() << " commits, " << checkpoints()
            << " checkpoints, " << unacknowledged() << " commits kept that were not acknowledged\n";
  EXPECT_GT(checkpoints(), 0);
}

}  // namespace
}  // namespace quire
