#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>

#include <quire/quire.h>
#include <quire/testing.h>

#include "tests/support/budget.h"
#include "tests/support/scarce_memory.h"
#include "tests/support/sheltered_file_system.h"
#include "tests/support/tally.h"
#include "tests/support/tried.h"

// Memory runs out at every allocation of a program in turn, once or from then on: in open and
// recovery, in changes, also of transactions larger than memory, commits and checkpoints, in close and in destructors. std::bad_alloc comes
// out; nothing that was acknowledged is lost, nothing is there by half, and the database goes on or
// refuses to.

namespace quire {
namespace {

using testing::ScarceMemory;
using testing::Tally;

const std::string kPath = "/scarce.quire";
constexpr std::size_t kOneThread = 1;
constexpr std::uint64_t kCommits = 6;

/// What the program was told.
struct Told {
  std::uint64_t before = 0;        // commits that the file held
  std::uint64_t acknowledged = 0;  // the last number whose commit has returned
  std::uint64_t attempted = 0;
  bool is_poisoned = false;
  bool is_taken_back = false;       // a commit has thrown std::bad_alloc: the database goes on
  bool is_poisoned_behind = false;  // but it has not
};

Options scarce_options(FileSystem& files) {
  Options options;
  options.file_system = &files;
  options.cache_size = std::size_t{64} << 10;  // a commit of more than 8 pages goes in chunks
  options.wal_segment_size = std::size_t{64} << 10;
  // Copying this listener takes memory, and calling it does too.
  options.on_event = [padding = std::array<char, 200>()](const Event& event) {
    const std::string line(padding.size() + event.message.size(), ' ');
  };
  return options;
}

/// One program on one disk.
class ScarceProgram {
 public:
  explicit ScarceProgram(SimulatedFileSystem& files) : files_(files), sheltered_(files) {}

  /// Commits, with a checkpoint in between, and closes. What fails is tried once again, so a
  /// failure that comes once is met by a database that has to go on or refuse.
  void run() {
    for (int attempt = 0; attempt < 2 && !database_; ++attempt) {
      unless_out_of_memory([&] { database_.emplace(Database::open(kPath, options_)); });
    }
    if (!database_) return;
    for (std::uint64_t turn = 0;
         turn < 2 * kCommits && told_.acknowledged < told_.before + kCommits; ++turn) {
      unless_out_of_memory([&] { commit_next(); }, [&] { told_.is_taken_back = true; });
      if (turn == kCommits / 2) unless_out_of_memory([&] { database_->checkpoint(); });
    }
    take_picture();
    written_early_ = database_->stats().pages_written_early;
    unless_out_of_memory([&] { database_->close(); });
    database_.reset();
  }

  void begin_behind(std::uint64_t commits) { told_ = {commits, commits, commits}; }
  const Told& told() const noexcept { return told_; }
  /// What the death of the process would have left before close(): a log, with the chunks of commits
  /// that were given up. nullptr if it did not get so far.
  SimulatedFileSystem* before_close() const noexcept { return before_close_.get(); }
  std::uint64_t written_early() const noexcept { return written_early_; }

 private:
  template <class Call>
  void unless_out_of_memory(
      const Call& call, const std::function<void()>& note = [] {}) {
    try {
      call();
    } catch (const std::bad_alloc&) {
      note();
    } catch (const IoError&) {
      // By a failure behind the moment at which a commit can be taken back.
      told_.is_poisoned = true;
      told_.is_poisoned_behind = told_.is_taken_back;
    } catch (const InvalidArgument&) {
      // Doomed: by a savepoint that could not be rolled back.
    }
  }

  void take_picture() {
    const testing::MemoryShelter shelter;
    before_close_ = files_.crash(CrashPolicy::process_death());
  }

  void commit_next() {
    const std::uint64_t number = Tally::read(database_->snapshot(), kOneThread).total + 1;
    if (!told_.is_poisoned && number != told_.acknowledged + 1) {
      throw std::logic_error("a commit was made, though it threw");
    }
    const Snapshot held = database_->snapshot();  // its end reclaims what the commit has superseded
    Transaction transaction = database_->begin();
    Tally::count(transaction, 0, number);
    {
      Savepoint savepoint = transaction.savepoint();
      transaction.open<Blob>("blob").append(std::string(9000, 'x'));
      transaction.drop("history");
    }
    if (number % 3 == 0) transaction.open<Blob>("blob").append(std::string(160'000, 'x'));
    told_.attempted = number;
    transaction.commit(number % 2 == 0 ? Durability::relaxed : Durability::immediate);
    told_.acknowledged = number;
  }

  SimulatedFileSystem& files_;
  std::unique_ptr<SimulatedFileSystem> before_close_;
  testing::ShelteredFileSystem sheltered_;
  const Options options_ = scarce_options(sheltered_);
  std::optional<Database> database_;
  Told told_;
  std::uint64_t written_early_ = 0;
};

/// `least`: what must be there.
void expect_survival(SimulatedFileSystem& files, const Told& told, std::uint64_t least) {
  Database database = Database::open(kPath, scarce_options(files));
  const CheckReport report = database.check();
  EXPECT_TRUE(report.ok()) << report.problems.front().what;
  const Tally tally = Tally::read(database.snapshot(), kOneThread);
  EXPECT_NO_THROW(tally.require_whole());
  EXPECT_GE(tally.total, least);
  EXPECT_LE(tally.total, told.attempted);
  database.transact(
      [&](Transaction& transaction) { Tally::count(transaction, 0, tally.total + 1); });
  database.close();
}

/// False if the program has fewer allocations.
bool run_out_of_memory(SimulatedFileSystem& files, const Told& before, std::uint64_t first,
                       ScarceMemory::Failing failing) {
  ScarceProgram program(files);
  program.begin_behind(before.acknowledged);
  {
    const ScarceMemory scarce(first, failing);
    program.run();
  }
  const Told told = program.told();
  if (ScarceMemory::failures() == 0) {
    EXPECT_GT(program.written_early(), 0u) << "no transaction was larger than memory";
  }
  if (failing == ScarceMemory::Failing::once && !told.is_poisoned) {
    EXPECT_EQ(told.acknowledged, before.acknowledged + kCommits) << "it has not gone on";
  }
  if (failing == ScarceMemory::Failing::once) {
    EXPECT_FALSE(told.is_poisoned_behind) << "a commit that seemed taken back has broken the log";
  }
  if (program.before_close() != nullptr) {
    expect_survival(*program.before_close(), told, told.acknowledged);
  }
  const auto after_death = files.crash(CrashPolicy::process_death());
  expect_survival(*after_death, told, told.acknowledged);
  const auto after_power_cut = files.crash(CrashPolicy::lose_all());
  // Of two commits in a row one was immediate.
  const bool may_lose_last = told.acknowledged > before.acknowledged && told.acknowledged % 2 == 0;
  expect_survival(*after_power_cut, told, told.acknowledged - (may_lose_last ? 1 : 0));
  return ScarceMemory::failures() > 0;
}

class OutOfMemoryTest : public ::testing::TestWithParam<ScarceMemory::Failing> {
 protected:
  /// Every allocation of the program on copies of this disk.
  void sweep(const SimulatedFileSystem& disk, const Told& before) {
    const std::uint64_t often = GetParam() == ScarceMemory::Failing::once ? 1 : 3;
    const std::uint64_t stride = testing::kIsSanitized ? 23 : often;
    std::uint64_t first = 0;
    while (
        run_out_of_memory(*disk.crash(CrashPolicy::process_death()), before, first, GetParam())) {
      ASSERT_FALSE(HasFailure()) << "allocation " << first;
      first += stride;
    }
    ASSERT_FALSE(HasFailure()) << "allocation " << first;
    std::cout << first / stride << " failing allocations\n";
    testing::tried("failing allocations", first / stride);
  }
};

TEST_P(OutOfMemoryTest, LosesNothing) { sweep(SimulatedFileSystem(5), {}); }

TEST_P(OutOfMemoryTest, LosesNothingInRecovery) {
  SimulatedFileSystem files(6);
  Database database = Database::open(kPath, scarce_options(files));
  for (std::uint64_t number = 1; number <= 3; ++number) {
    database.transact([&](Transaction& transaction) { Tally::count(transaction, 0, number); });
  }
  sweep(files, {3, 3, 3});
}

INSTANTIATE_TEST_SUITE_P(Failing, OutOfMemoryTest,
                         ::testing::Values(ScarceMemory::Failing::once,
                                           ScarceMemory::Failing::for_ever),
                         [](const auto& instance) {
                           return instance.param == ScarceMemory::Failing::once ? "Once"
                                                                                : "ForEver";
                         });

}  // namespace
}  // namespace quire
