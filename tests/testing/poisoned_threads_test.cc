#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <quire/quire.h>
#include <quire/testing.h>

#include "tests/support/tally.h"
#include "tests/support/threaded_file_system.h"
#include "tests/support/tried.h"

// Eight threads commit when a write or a sync fails, wherever it is: in a group's, in a checkpoint's.
// Each thread must get its IoError; those whose commit was published are told that its outcome is
// unknown, and no others. Snapshots go on. Reopened, after the process died or the power was cut, the
// database holds what was acknowledged and nothing that was refused.

namespace quire {
namespace {

using testing::Tally;

constexpr std::size_t kThreads = 8;
/// Far more than any fault waits for: a thread that gets so far has missed its error.
constexpr std::uint64_t kMostCommits = 400;
const std::string kPath = "/poisoned.quire";

/// What one thread did: it commits the numbers 1, 2, .. under its name.
struct Diary {
  std::uint64_t attempted = 0;     // the last number
  std::uint64_t acknowledged = 0;  // the last for which commit() has returned
  std::uint64_t durable = 0;       // the last of them that was not relaxed
  bool is_unknown = false;
  std::optional<std::string> other_error;
};

void commit_number(Database& database, std::size_t thread, std::uint64_t number, Diary& diary) {
  Transaction transaction = database.begin();
  Tally::count(transaction, thread, number);
  const bool is_relaxed = number % 3 == 0;
  diary.attempted = number;
  transaction.commit(is_relaxed ? Durability::relaxed : Durability::immediate);
  diary.acknowledged = number;
  if (!is_relaxed) diary.durable = number;
}

void work(Database& database, std::size_t thread, Diary& diary) {
  try {
    for (std::uint64_t number = 1; number <= kMostCommits; ++number) {
      commit_number(database, thread, number, diary);
    }
    diary.other_error = "no failure has reached it";
  } catch (const IoError& error) {
    diary.is_unknown = error.outcome_unknown();
  } catch (const std::exception& error) {
    diary.other_error = error.what();
  }
}

enum class Keeper { none, thread };

/// One database that meets one fault.
class PoisonedDatabase {
 public:
  explicit PoisonedDatabase(Keeper keeper) {
    options_.file_system = &files_;
    if (keeper == Keeper::thread) options_.file_system = &threaded_;
    options_.cache_size = std::size_t{1} << 20;
    options_.wal_segment_size = std::size_t{64} << 10;
    options_.wal_limit = std::size_t{128} << 10;
    database_ = Database::open(kPath, options_);
  }

  /// The threads go on until call `from` or a later one has failed.
  void run_until(FaultKind kind, std::uint64_t from) {
    const std::uint64_t commits_before = database_->stats().commits;
    // One sync that reports late may be the last of its file: then nothing ever fails.
    const std::uint64_t count = kind == FaultKind::sync_reports_late ? Fault::kForever : 1;
    files_.set_faults({{{kind, files_.crash_points() + from, count}}});
    {
      std::atomic<bool> done{false};
      std::thread reader([&] { read_until(done); });
      std::vector<std::thread> threads;
      for (std::size_t thread = 0; thread < kThreads; ++thread) {
        Diary& diary = diaries_[thread];
        threads.emplace_back([this, thread, &diary] { work(*database_, thread, diary); });
      }
      for (std::thread& thread : threads) thread.join();
      done = true;
      reader.join();
    }
    expect_told(database_->stats().commits - commits_before);
    expect_poisoned();
    database_.reset();
  }

  /// `keeps_relaxed`: what was acknowledged with Durability::relaxed must be there too.
  void expect_healed_by(const CrashPolicy& end, bool keeps_relaxed) {
    const auto after = files_.crash(end);
    Options options = options_;
    options.file_system = after.get();
    Database database = Database::open(kPath, options);
    const CheckReport report = database.check();
    EXPECT_TRUE(report.ok()) << report.problems.front().what;
    const Tally tally = read(database.snapshot());
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      const Diary& diary = diaries_[thread];
      EXPECT_GE(tally.numbers[thread], keeps_relaxed ? diary.acknowledged : diary.durable);
      EXPECT_LE(tally.numbers[thread], diary.is_unknown ? diary.attempted : diary.acknowledged);
    }
    Diary later;
    commit_number(database, 0, 1, later);
    database.close();
  }

 private:
  static Tally read(const Snapshot& snapshot) {
    const Tally tally = Tally::read(snapshot, kThreads);
    EXPECT_NO_THROW(tally.require_whole());
    return tally;
  }

  void read_until(const std::atomic<bool>& done) {
    std::uint64_t newest = 0;
    while (!done) {
      const Snapshot snapshot = database_->snapshot();
      EXPECT_GE(snapshot.seq(), newest);
      newest = snapshot.seq();
      read(snapshot);
    }
  }

  /// Each published commit was either acknowledged or is unknown to the thread that made it.
  void expect_told(std::uint64_t published) const {
    std::uint64_t known = 0;
    for (const Diary& diary : diaries_) {
      EXPECT_FALSE(diary.other_error) << *diary.other_error;
      if (diary.is_unknown) {
        EXPECT_EQ(diary.attempted, diary.acknowledged + 1);
      }
      known += diary.acknowledged + (diary.is_unknown ? 1 : 0);
    }
    EXPECT_EQ(known, published);
  }

  void expect_poisoned() {
    const Snapshot snapshot = database_->snapshot();
    const Tally tally = read(snapshot);
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      EXPECT_GE(tally.numbers[thread], diaries_[thread].acknowledged);
    }
    EXPECT_THROW(database_->begin(), IoError);
    EXPECT_THROW(database_->sync(), IoError);
    EXPECT_THROW(database_->checkpoint(), IoError);
    EXPECT_EQ(read(snapshot), tally);
    EXPECT_EQ(database_->snapshot().seq(), snapshot.seq());
  }

  SimulatedFileSystem files_;
  testing::ThreadedFileSystem threaded_{files_};
  Options options_;
  std::optional<Database> database_;
  std::vector<Diary> diaries_{kThreads};
};

/// Whether a fault of this kind may take what was given to the system before.
bool loses_the_cache(FaultKind kind) { return kind == FaultKind::sync_reverts; }

class PoisonedThreadsTest : public ::testing::TestWithParam<Keeper> {};

TEST_P(PoisonedThreadsTest, AreAllToldAndLoseNothingThatWasAcknowledged) {
  std::uint64_t cases = 0;
  for (const FaultKind kind :
       {FaultKind::partial_write, FaultKind::sync_loses, FaultKind::sync_reverts,
        FaultKind::sync_reports_late, FaultKind::sync_keeps_some}) {
    for (const std::uint64_t from : {0, 5, 17, 40, 60, 99, 150, 280, 400, 700}) {
      SCOPED_TRACE(std::string(to_string(kind)) + ", from call " + std::to_string(from));
      PoisonedDatabase subject(GetParam());
      subject.run_until(kind, from);
      subject.expect_healed_by(CrashPolicy::process_death(), !loses_the_cache(kind));
      subject.expect_healed_by(CrashPolicy::lose_all(), false);
      subject.expect_healed_by(CrashPolicy::random(from), false);
      ++cases;
    }
  }
  testing::tried("failing calls under eight threads", cases);
}

INSTANTIATE_TEST_SUITE_P(Keepers, PoisonedThreadsTest,
                         ::testing::Values(Keeper::none, Keeper::thread), [](const auto& instance) {
                           return instance.param == Keeper::none ? "WithoutKeeperThread"
                                                                 : "WithKeeperThread";
                         });

}  // namespace
}  // namespace quire
