#include <gtest/gtest.h>

#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <quire/testing.h>

#include "tests/support/sample.h"
#include "tests/support/tried.h"
#include "tests/testing/engine_workload.h"
#include "tests/testing/protocol_observer.h"
#include "torture/survival.h"

// Every call that the engine makes fails once, or from then on, in every way that it can. A commit
// that was acknowledged must be there after reopening, whether the machine went on or lost power;
// one that threw OutOfSpace must not, and the database goes on; after any other failed commit the
// database takes no more. What was seen once after reopening stays.

namespace quire {
namespace {

const std::string kPath = "/errors.quire";

using Promises = CrashRun::Promises;

bool last_is_acknowledged(const CrashRun& run, std::size_t index) {
  const CrashHistory history = run.promises()->history;
  return !history.empty() && history.back().acknowledged &&
         history.back().note == std::to_string(index + 1);
}

bool last_is_unknown(const CrashRun& run, std::size_t index) {
  const CrashHistory history = run.promises()->history;
  return !history.empty() && !history.back().acknowledged &&
         history.back().note == std::to_string(index + 1);
}

/// One step; false if the database refuses to go on.
bool try_step(const EngineWorkload& workload, CrashRun& run, Database& database,
              std::size_t index) {
  constexpr int kAttempts = 2;  // room comes back, or never
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    try {
      workload.make_step(run, database, index);
      return true;
    } catch (const OutOfSpace&) {
      const bool is_made = last_is_acknowledged(run, index);  // and there was no checkpoint
      if (workload.find_step(database) != index + (is_made ? 1 : 0)) {
        throw std::runtime_error("a commit that found no room has left a trace");
      }
      if (is_made) return true;
    } catch (const IoError&) {
      if (last_is_unknown(run, index)) {
        EXPECT_THROW(database.begin(), IoError) << "after " << run.files().injected().at(0);
      }
      return false;
    }
  }
  return false;
}

/// The workload until a failure stops it. Only errors that tell of the system may come out.
void run_with_errors(const EngineWorkload& workload, CrashRun& run) {
  try {
    Database database = run.open();
    for (std::size_t index = 0; index < workload.step_count(); ++index) {
      if (!try_step(workload, run, database, index)) return;
    }
    database.close();
  } catch (const IoError&) {
  } catch (const OutOfSpace&) {
  } catch (const CorruptionError&) {  // of a read that was wrong, or ended early
  } catch (const FormatError&) {      // the same, of both headers
  }
}

/// What the sweep runs under each fault, on a disk of its own.
struct Subject {
  std::function<std::unique_ptr<SimulatedFileSystem>()> disk;
  std::function<void(CrashRun&)> program;
  std::shared_ptr<const Promises> promises;
};

constexpr FaultKind kKinds[] = {
    FaultKind::io_error,          FaultKind::interrupted,     FaultKind::partial_write,
    FaultKind::complete_write,    FaultKind::no_space,        FaultKind::quota,
    FaultKind::too_large,         FaultKind::read_only,       FaultKind::access_denied,
    FaultKind::too_many_files,    FaultKind::bad_sector,      FaultKind::short_read,
    FaultKind::wrong_read,        FaultKind::sync_loses,      FaultKind::sync_reverts,
    FaultKind::sync_reports_late, FaultKind::sync_keeps_some, FaultKind::sync_tells_each,
    FaultKind::sync_no_space};

class ErrorSweep {
 public:
  ErrorSweep(const EngineWorkload& workload, Subject subject)
      : workload_(workload), subject_(std::move(subject)) {}

  /// Each call, each way to fail, once and for ever.
  void run() {
    const auto files = subject_.disk();
    run_program(*files);
    testing::Sample sample;
    for (std::uint64_t call = 0; call < files->crash_points(); ++call) {
      for (const FaultKind kind : kKinds) {
        if (!can_fail(kind, files->operation(call))) continue;
        for (const std::uint64_t count : {std::uint64_t{1}, Fault::kForever}) {
          if (sample.takes_next()) try_fault({kind, call, count});
        }
      }
    }
    std::cout << cases_ << " failing calls of " << files->crash_points() << ", stride "
              << sample.stride() << "; " << images_ << " crashes after them\n";
    testing::tried("failing calls", cases_);
    testing::tried("crashes after a failing call", images_);
  }

 private:
  std::shared_ptr<const Promises> run_program(SimulatedFileSystem& files) {
    CrashRun run(files, kPath, workload_.options(), subject_.promises);
    subject_.program(run);
    return run.promises();
  }

  void try_fault(const Fault& fault) {
    ++cases_;
    const auto files = subject_.disk();
    files->set_faults({{fault}});
    files->watch(testing::ProtocolObserver::watcher(kPath));
    std::string injected;
    try {
      const auto promises = run_program(*files);
      files->set_faults({});
      for (const std::string& complaint : files->complaints()) throw std::runtime_error(complaint);
      for (const std::string& call : files->injected()) {
        if (injected.empty()) injected = call;
      }
      images_ += torture::require_survival(program_of(workload_, kPath), *files, *promises,
                                           fault.kind, promises->history.size());
    } catch (const std::exception& error) {
      // What cannot be read is not lost silently, that is all.
      const std::string what = error.what();
      if (fault.kind == FaultKind::bad_sector && what.find("pread") != std::string::npos) return;
      ADD_FAILURE() << error.what() << "\nafter '" << to_string(fault.kind) << "'"
                    << (fault.count == 1 ? " once" : " for ever") << " at call "
                    << fault.first_operation << " (" << injected << ")";
    }
  }

  const EngineWorkload& workload_;
  const Subject subject_;
  std::uint64_t cases_ = 0;
  std::uint64_t images_ = 0;
};

class EngineErrorTest : public ::testing::TestWithParam<std::string> {
 protected:
  const EngineWorkload& workload() const { return engine_workloads().at(GetParam()); }
};

TEST_P(EngineErrorTest, FailingCallLosesNoAcknowledgedCommit) {
  ErrorSweep(workload(), {[] { return std::make_unique<SimulatedFileSystem>(7); },
                          [this](CrashRun& run) { run_with_errors(workload(), run); },
                          std::make_shared<const Promises>()})
      .run();
}

TEST_P(EngineErrorTest, FailingCallOfRecoveryLosesNothing) {
  SimulatedFileSystem files;
  CrashRun run(files, kPath, workload().options(), std::make_shared<const Promises>());
  Database database = run.open();
  for (std::size_t index = 0; index < 3; ++index) workload().make_step(run, database, index);
  ErrorSweep(workload(), {[&] { return files.crash(CrashPolicy::process_death()); },
                          [](CrashRun& again) {
                            try {
                              again.open().close();
                            } catch (const IoError&) {
                            } catch (const OutOfSpace&) {
                            } catch (const CorruptionError&) {
                            } catch (const FormatError&) {
                            }
                          },
                          run.promises()})
      .run();
}

/// A log whose last commits nothing but their acknowledgement proves: to recovery, one wrong bit of
/// them is a torn end.
TEST(EngineBadReadTest, OneWrongReadOfTheLogLosesNoAcknowledgedCommit) {
  const EngineWorkload& workload = engine_workloads().at("SmallCommits");
  SimulatedFileSystem files;
  CrashRun run(files, kPath, workload.options(), std::make_shared<const Promises>());
  Database database = run.open();
  for (std::size_t index = 0; index < 6; ++index) workload.make_step(run, database, index);
  const auto is_log_read = [](const std::string& call) {
    return call.starts_with("read " + kPath + "-wal.") && call.find(" at 4096,") != call.npos;
  };
  for (int turn = 0; turn < 400; ++turn) {
    files.status("/");  // one call more, so the seed is another, and with it the wrong bit
    const auto trial = files.crash(CrashPolicy::process_death());
    torture::reopen(program_of(workload, kPath), *trial, *run.promises());
    std::uint64_t call = 0;
    while (!is_log_read(trial->operation_name(call))) ++call;
    const auto after = files.crash(CrashPolicy::process_death());
    after->set_faults({{{FaultKind::wrong_read, call, 1}}});
    ASSERT_EQ(torture::reopen(program_of(workload, kPath), *after, *run.promises()), 6u);
  }
}

INSTANTIATE_TEST_SUITE_P(Workloads, EngineErrorTest,
                         ::testing::Values("SmallCommits", "OverwritesAndCheckpoints",
                                           "ClosesAndReopens", "DropsAndRollbacks",
                                           "RelaxedAndImmediate", "Savepoints", "CommitsInChunks",
                                           "DropsInSteps", "CutsAndRegrows", "EarlyPages",
                                           "EarlyPagesOfEachKind"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace quire
