#pragma once

#include <quire/quire.h>
#include <quire/testing.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tests/schedule/scheduled_file_system.h"
#include "tests/schedule/scheduler.h"
#include "tests/support/snapshot_history.h"

namespace quire::schedule {

/// A disk with a small closed database that scenarios begin with, and what has been seen on copies of
/// it: which of the disks that a power cut leaves have been opened already.
class EngineDisk {
 public:
  /// With a blob "filler" of so many pages at the end of the file.
  explicit EngineDisk(std::size_t filler_pages = 0);

  std::unique_ptr<SimulatedFileSystem> copy() const;
  /// False if such a disk, with the same promises, has been seen before.
  bool is_new(const SimulatedFileSystem& disk, const std::string& promises);
  std::uint64_t seen() const noexcept { return seen_.size(); }

 private:
  std::unique_ptr<SimulatedFileSystem> disk_;
  std::unordered_set<std::string> seen_;
};

/// One run of a scenario: a database on a copy of a disk, whose every thread is the scheduler's, and
/// what its threads have seen of it.
class EngineRun {
 public:
  static constexpr const char* kPath = "/db";
  /// 16 frames and the smallest log.
  static Options small_options();

  EngineRun(Scheduler& scheduler, EngineDisk& disk, Options options = small_options());

  /// What a thread does. Its history is the run's own for the threads' number.
  class Actor;
  using Part = std::function<void(Actor&)>;

  /// Opens the database and lets `before` prepare it, without decisions; runs the parts, a thread each;
  /// then reads what a snapshot of `before` still holds, judges what they saw, check()s the database, cuts the power, and opens the clean file.
  void run(const std::vector<Part>& parts, const Part& before = {});

  Database& database() { return *database_; }
  Scheduler& scheduler() noexcept { return scheduler_; }

 private:
  /// A disk after a power cut, and what had been promised then.
  struct Image {
    std::unique_ptr<SimulatedFileSystem> disk;
    std::uint64_t acknowledged = 0;
    std::uint64_t begun = 0;
  };

  void open();
  void run_parts(const std::vector<Part>& parts);
  void judge(Actor& last);
  void cut_power(const CrashPolicy& policy);
  void judge_images();
  /// What must be on the disk, may be, and must not.
  std::string promises(const Image& image) const;
  void judge_image(Image& image);

  Scheduler& scheduler_;
  EngineDisk& origin_;
  Options options_;
  std::unique_ptr<SimulatedFileSystem> disk_;
  ScheduledFileSystem files_;
  std::optional<Database> database_;
  testing::HistoryClock clock_;    // of what is visible once it is acknowledged
  testing::HistoryClock durable_;  // of what is durable
  std::vector<testing::ThreadHistory> histories_;
  std::vector<Image> images_;
  bool has_slept_ = false;  // a part of the scenario, which lets time pass
};

class EngineRun::Actor {
 public:
  Actor(EngineRun& run, std::size_t number) : run_(run), number_(number) {}

  Database& database() { return run_.database(); }

  /// A transaction that changes every object.
  void commit(Durability durability = Durability::immediate);
  /// The same, and all of the filler: too much for one chunk of the log.
  void commit_in_chunks();
  void roll_back();
  /// The same with changes that a savepoint takes back first.
  void commit_after_savepoint();
  /// A snapshot, read twice.
  void read();
  /// A snapshot that lives until end_snapshot(), which reads it again.
  void begin_snapshot();
  void end_snapshot();
  bool has_snapshot() const noexcept { return snapshot_.has_value(); }
  /// Database::sync(): every relaxed commit that was acknowledged is durable.
  void sync();
  void checkpoint();
  void close();
  /// Reads more pages than there are frames.
  void evict();
  /// A transaction that makes the filler longer; one that drops it.
  void grow(std::size_t pages);
  void drop_filler();
  void sleep(std::chrono::nanoseconds time);

 private:
  testing::ThreadHistory& history() { return run_.histories_[number_]; }
  void note(const char* what);
  testing::Attempt change(Transaction& transaction);
  void finish(Transaction& transaction, testing::Attempt attempt, Durability durability);

  EngineRun& run_;
  const std::size_t number_;
  std::optional<Snapshot> snapshot_;
  std::optional<std::uint64_t> filler_;  // its size in the snapshot
  testing::SnapshotRead read_;
};

}  // namespace quire::schedule
