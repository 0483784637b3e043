#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include <quire/database.h>

namespace quire::tools {

/// What does not fit together in one snapshot of the demo's database, in words; empty if it holds
/// whole transactions only: "arrivals", "paths" and "progress" count the same files, each of the
/// newest arrivals has its path record and its blob, and no blob is there of a file that has not
/// arrived. Costs a few lookups, whatever the size of the database.
std::string torn_transaction(const Snapshot& snapshot);

/// A thread that takes one snapshot after another while its process imports, and looks in each for
/// torn transactions and for anything older than the snapshot before. It stops at the first
/// problem. The database must outlive it.
class DemoReader {
 public:
  /// Looks at a first snapshot before it returns.
  explicit DemoReader(const Database& database);
  /// Stops it.
  ~DemoReader();
  DemoReader(const DemoReader&) = delete;
  DemoReader& operator=(const DemoReader&) = delete;

  /// Snapshots in which all was well so far; any thread.
  std::uint64_t snapshots() const noexcept { return snapshots_; }
  /// What was wrong; empty so far. Any thread.
  std::string problem() const;

 private:
  void follow();
  bool look();
  void check_next();

  const Database& database_;
  std::uint64_t last_seq_ = 0;    // the reader's own
  std::uint64_t last_files_ = 0;  // the reader's own
  std::atomic<std::uint64_t> snapshots_ = 0;
  std::atomic<bool> stopped_ = false;
  mutable std::mutex mutex_;  // of problem_
  std::string problem_;
  std::thread thread_;
};

}  // namespace quire::tools
