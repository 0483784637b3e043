#include <algorithm>
#include <array>
#include <iostream>
#include <random>

#include "tests/engine/file_database_test.h"
#include "tests/engine/kill_workload.h"
#include "tests/engine/killed_child.h"
#include "tests/support/budget.h"
#include "tests/support/test_seed.h"
#include "tests/support/tried.h"

// A process commits transactions and is killed, again and again, at random moments of its open,
// recovery, commits, checkpoints and close. Each time the database must hold all transactions whose
// commit had returned, at most the one that was under way beyond them, and no part of another.
//
// After some kills the parent recovers the file; after the others it only reads, so that the next
// child recovers and may be killed while it does.

namespace quire {
namespace {

using testing::KilledChild;
using testing::KillModel;
using testing::KillWorkload;
using Stage = KilledChild::Stage;
using std::chrono::microseconds;

constexpr int kKills = testing::kIsSanitized ? 20 : 80;
constexpr int kCreationKills = testing::kIsSanitized ? 8 : 20;

class KillTest : public testing::FileDatabaseTest {
 protected:
  KillTest() : seed_(testing::choose_seed()), random_(seed_), workload_(seed_), model_(workload_) {
    options.wal_limit = std::size_t{128} << 10;
    options.cache_size = std::size_t{1} << 20;
  }

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
  /// Up to `most`, short ones more often.
  microseconds short_delay(microseconds most) {
    const auto bound = static_cast<std::uint64_t>(most.count()) >> below(6);
    return microseconds(below(bound + 1));
  }

  microseconds any_delay(microseconds most) {
    return microseconds(below(static_cast<std::uint64_t>(most.count())));
  }

  /// The child's life: `transactions` commits, with rolled back ones in between.
  void live(const KilledChild::Tell& tell, std::uint64_t transactions) {
    Options how = options;
    how.on_event = [&](const Event& event) {
      if (event.kind == Event::Kind::checkpoint) tell(Stage::checkpointed, 0);
    };
    tell(Stage::opening, 0);
    Database database = Database::open(path, how);
    tell(Stage::opened, 0);
    const std::uint64_t first = KillWorkload::count(database) + 1;
    for (std::uint64_t number = first; number < first + transactions; ++number) {
      if (below(5) == 0) {
        Transaction rolled_back = database.begin();
        workload_.run(rolled_back, number + 1'000'000);
      }
      database.transact([&](Transaction& transaction) { workload_.run(transaction, number); });
      tell(Stage::committed, number);
    }
    tell(Stage::closing, 0);
    database.close();
    tell(Stage::closed, 0);
  }

  /// One child, killed in the stage that chance has chosen.
  void kill_one() {
    constexpr microseconds kOpenTime = std::chrono::milliseconds(15);
    constexpr microseconds kCheckpointTime = std::chrono::milliseconds(30);
    const std::uint64_t choice = below(10);
    const std::uint64_t commits = 1 + below(choice == 0 ? 60 : 10);
    const bool closes = choice < 3;
    KilledChild child([&](const auto& tell) { live(tell, closes ? commits : UINT32_MAX); });
    if (closes) {
      child.wait_for(Stage::closing, 1);
      child.kill_after(short_delay(kOpenTime));
    } else if (choice < 6) {
      child.wait_for(Stage::opening, 1);
      child.kill_after(short_delay(kOpenTime));
    } else {
      child.wait_for(Stage::committed, commits);
      // Half of them in the next transaction, the others anywhere, checkpoints included.
      child.kill_after(below(2) == 0 ? short_delay(kOpenTime) : any_delay(kCheckpointTime));
    }
    ASSERT_TRUE(child.was_killed() || child.has_finished()) << "the child failed";
    if (child.was_killed()) {
      ++kills_[static_cast<std::size_t>(child.last_stage())];
      if (child.last_stage() == Stage::opening && log_is_live_) ++kills_in_recovery_;
    }
    checkpoints_ += child.checkpoints();
    check_survival(child);
  }

  void check_survival(const KilledChild& child) {
    const bool may_hold_one_more =
        child.last_stage() == Stage::opened || child.last_stage() == Stage::committed;
    const std::uint64_t acknowledged = std::max(model_.count(), child.acknowledged());
    Options how = options;
    how.cache_size = std::size_t{64} << 20;  // the whole log may have to fit
    how.read_only = below(2) == 0;
    const Database database = Database::open(path, how);
    const std::uint64_t count = KillWorkload::count(database);
    EXPECT_GE(count, acknowledged) << "an acknowledged commit is lost";
    EXPECT_LE(count, acknowledged + (may_hold_one_more ? 1 : 0)) << "from nowhere";
    recovered_ += database.info().recovered_commits;
    log_is_live_ = how.read_only && database.info().recovered_commits > 0;
    unacknowledged_ += count > acknowledged ? 1 : 0;
    model_.advance_to(count);
    expect_model(database);
  }

  void expect_model(const Database& database) const {
    testing::expect_sound(database);
    if (model_.count() == 0) return;
    const Snapshot snapshot = database.snapshot();
    // Not EXPECT_EQ, which would print a megabyte.
    EXPECT_TRUE(testing::contents(snapshot.open<Blob>("log")) == model_.log());
    EXPECT_TRUE(testing::contents(snapshot.open<Hash>("table")) == model_.table());
    EXPECT_EQ(snapshot.open<Hash>("counters").get("last")->text(), std::to_string(model_.count()));
    EXPECT_EQ(snapshot.collections().size(), 3u);
  }

  int kills() const {
    int total = 0;
    for (const int count : kills_) total += count;
    return total;
  }
  int kills(Stage stage) const { return kills_[static_cast<std::size_t>(stage)]; }

  int checkpoints() const { return checkpoints_; }

  void print_figures() const {
    std::cout << kills() << " kills of a running child: " << kills(Stage::opening)
              << " while it opened (" << kills_in_recovery_ << " with a log to recover), "
              << kills(Stage::opened) + kills(Stage::committed) << " while it committed, "
              << kills(Stage::closing) << " while it closed, "
              << kills(Stage::closed) + kills(Stage::started) << " before or after; "
              << model_.count() << " transactions, " << checkpoints_ << " checkpoints, "
              << recovered_ << " recovered, " << unacknowledged_
              << " of them not yet acknowledged\n";
  }

 private:
  std::uint64_t seed_;
  std::mt19937_64 random_;
  KillWorkload workload_;
  KillModel model_;
  bool log_is_live_ = false;    // the next child has to recover
  std::array<int, 6> kills_{};  // by the stage in which they hit
  int kills_in_recovery_ = 0;
  int checkpoints_ = 0;
  std::uint64_t recovered_ = 0;
  std::uint64_t unacknowledged_ = 0;
};

TEST_F(KillTest, LosesNoAcknowledgedCommitAndKeepsNoHalfOne) {
  Database::open(path, options).close();
  for (int round = 0; kills() < kKills && round < 2 * kKills && !HasFailure(); ++round) {
    ASSERT_NO_FATAL_FAILURE(kill_one()) << "round " << round;
  }
  print_figures();
  testing::tried("kills of a process at work", static_cast<std::uint64_t>(kills()));
  EXPECT_GE(kills(), kKills);
  EXPECT_GT(kills(Stage::opening), 0);
  EXPECT_GT(kills(Stage::opened) + kills(Stage::committed), 0);
  EXPECT_GT(kills(Stage::closing), 0);
  EXPECT_GT(checkpoints(), 0);
  Database database = Database::open(path, options);
  expect_model(database);
  database.close();
  EXPECT_EQ(contents_of(directory).size(), 1u) << "left-overs of the dead are gone";
}

TEST_F(KillTest, LeavesNoFileOrAWholeOneWhenKilledWhileItCreatesOne) {
  std::uint64_t killed = 0;
  for (int round = 0; round < kCreationKills; ++round) {
    replace_contents(directory, {});
    KilledChild child([&](const auto& tell) { live(tell, 0); });
    child.wait_for(Stage::opening, 1);
    child.kill_after(short_delay(std::chrono::milliseconds(20)));
    ASSERT_TRUE(child.was_killed() || child.has_finished()) << "the child failed";
    killed += child.was_killed() ? 1 : 0;
    Database database = Database::open(path, options);
    EXPECT_TRUE(database.snapshot().collections().empty());
    testing::expect_sound(database);
    database.close();
    EXPECT_EQ(contents_of(directory).size(), 1u) << "left-overs of the dead are gone";
  }
  testing::tried("kills of a process that creates a database", killed);
}

}  // namespace
}  // namespace quire
