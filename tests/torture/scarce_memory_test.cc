// Memory runs out at every allocation of a program in turn, once or from then on: as it opens and
// recovers what it starts from, in every operation, in close and in destructors. std::bad_alloc comes
// out, and the operation leaves no trace or the database takes no more; nothing that was acknowledged
// is lost, and nothing is there by half.

#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <tuple>

#include <quire/error.h>

#include "tests/support/sample.h"
#include "tests/support/scarce_memory.h"
#include "tests/support/sheltered_file_system.h"
#include "tests/support/tried.h"
#include "tests/torture/canonical_programs.h"
#include "torture/program.h"

namespace quire::torture {
namespace {

using testing::MemoryShelter;
using testing::ScarceMemory;
using Promises = CrashRun::Promises;

const std::string kPath = "/scarce.quire";

/// One program on a disk that holds its starting state.
class ScarceTrial final : private Runner {
 public:
  ScarceTrial(const Sequence& sequence, SimulatedFileSystem& files)
      : sequence_(sequence), files_(files), sheltered_(files), options_(sequence.options()) {
    options_.file_system = &sheltered_;
  }

  /// All of it. Each operation that finds no memory is made once again, so that a failure that comes
  /// once is met by a database that has to go on.
  void run() {
    if (!try_twice([&] { database_.emplace(open()); }, [] {})) return;
    while (made_ < sequence_.size() &&
           try_twice([&] { run_next(); }, [&] { require_no_trace(); })) {
      ++made_;
    }
    take_picture();
    try_once([&] { database_->close(); });
    database_.reset();
  }

  bool is_complete() const { return made_ == sequence_.size(); }
  bool is_poisoned() const { return is_poisoned_; }

  /// When there is memory again.
  void require_survival() const {
    if (before_close_) reopen(program_, *before_close_, promises(acknowledged_));
    reopen(program_, *files_.crash(CrashPolicy::process_death()), promises(acknowledged_));
    reopen(program_, *files_.crash(CrashPolicy::lose_all()), promises(durable_));
  }

 private:
  Database open() override { return Database::open(kPath, options_); }
  void commit(Transaction& transaction, std::size_t operations, Durability durability) override {
    announced_ = operations;
    transaction.commit(durability);
    acknowledged_ = operations;
    if (durability == Durability::immediate) durable_ = operations;
  }
  void sync(Database& database) override {
    database.sync();
    durable_ = acknowledged_;
  }

  void run_next() {
    std::optional<Snapshot> held;  // its end reclaims what a commit has superseded
    try {
      held = database_->snapshot();
    } catch (const ClosedError&) {  // and not opened again, the first time
    }
    sequence_.run_one(*this, *database_, made_);
  }

  template <class Call>
  bool try_once(const Call& call) {
    try {
      call();
      return true;
    } catch (const std::bad_alloc&) {
    } catch (const IoError&) {
      is_poisoned_ = true;
    } catch (const InvalidArgument&) {  // a savepoint could not be rolled back
    } catch (const ClosedError&) {      // it was closed, and could not be opened again
    }
    return false;
  }

  template <class Call, class Between>
  bool try_twice(const Call& call, const Between& between) {
    if (try_once(call)) return true;
    between();
    return try_once(call);
  }

  /// Of what has failed, unless that has poisoned the database.
  void require_no_trace() {
    const MemoryShelter shelter;
    try_once([&] { database_->begin(); });
    try {
      inspect(program_, *database_, is_poisoned_ ? promises(acknowledged_) : exactly(made_));
    } catch (const ClosedError&) {
    }
  }

  void take_picture() {
    const MemoryShelter shelter;
    before_close_ = files_.crash(CrashPolicy::process_death());
  }

  static Promises exactly(std::size_t operations) {
    return {{{std::to_string(operations), true}}, 0};
  }
  Promises promises(std::size_t least) const {
    return {{{std::to_string(least), true}, {std::to_string(announced_)}}, 0};
  }

  const Sequence& sequence_;
  const Program program_ = program_of(sequence_, kPath);
  SimulatedFileSystem& files_;
  testing::ShelteredFileSystem sheltered_;
  Options options_;
  std::optional<Database> database_;
  std::unique_ptr<SimulatedFileSystem> before_close_;
  std::size_t made_ = 0;  // operations
  std::size_t announced_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t durable_ = 0;
  bool is_poisoned_ = false;
};

/// The disk on which a process has died that has made the starting state.
std::unique_ptr<SimulatedFileSystem> start_of(const Sequence& sequence) {
  SimulatedFileSystem files;
  CrashRun run(files, kPath, sequence.options(), std::make_shared<const Promises>());
  const Database database = sequence.start(run);
  return files.crash(CrashPolicy::process_death());
}

using Parameters = std::tuple<CanonicalProgram, ScarceMemory::Failing>;

class ScarceMemoryTest : public ::testing::TestWithParam<Parameters> {
 protected:
  /// False if the program has fewer allocations.
  bool run_without(std::uint64_t allocation) {
    const auto files = disk_->crash(CrashPolicy::process_death());
    ScarceTrial trial(sequence_, *files);
    {
      const ScarceMemory scarce(allocation, failing_);
      trial.run();
    }
    trial.require_survival();
    if (ScarceMemory::failures() == 0 ||
        (failing_ == ScarceMemory::Failing::once && !trial.is_poisoned())) {
      EXPECT_TRUE(trial.is_complete()) << "it has not gone on";
    }
    return ScarceMemory::failures() > 0;
  }

  const ScarceMemory::Failing failing_ = std::get<1>(GetParam());
  const Sequence sequence_ = make_sequence(std::get<0>(GetParam()));
  const std::unique_ptr<SimulatedFileSystem> disk_ = start_of(sequence_);
};

TEST_P(ScarceMemoryTest, LosesNothingWhateverAllocationFails) {
  std::uint64_t allocation = 0;
  std::uint64_t tried = 0;
  testing::Sample sample;
  for (bool has_failed = true; has_failed; ++allocation) {
    if (!sample.takes_next()) continue;
    ++tried;
    ASSERT_NO_THROW(has_failed = run_without(allocation)) << "allocation " << allocation;
    ASSERT_FALSE(HasFailure()) << "allocation " << allocation;
  }
  std::cout << tried << " failing allocations of " << allocation << ", stride " << sample.stride()
            << "\n";
  testing::tried("failing allocations", tried);
}

INSTANTIATE_TEST_SUITE_P(Programs, ScarceMemoryTest,
                         ::testing::Combine(::testing::ValuesIn(canonical_programs()),
                                            ::testing::Values(ScarceMemory::Failing::once,
                                                              ScarceMemory::Failing::for_ever)),
                         [](const auto& instance) {
                           const bool is_once =
                               std::get<1>(instance.param) == ScarceMemory::Failing::once;
                           return std::string(std::get<0>(instance.param).name) +
                                  (is_once ? "Once" : "ForEver");
                         });

}  // namespace
}  // namespace quire::torture
