#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/child_process.h"
#include "tools/exit_code.h"

namespace quire::tools {

inline constexpr const char* kDemoImporterCommand = "demo-importer";
inline constexpr const char* kHoldFlag = "--hold-snapshot";

/// What the importer says of each commit after it has returned.
struct Acknowledgement {
  std::uint64_t seq = 0;        // the commit
  std::uint64_t files = 0;      // DemoProgress::files with it
  std::uint64_t snapshots = 0;  // that this importer's reader has found whole so far
};

/// A snapshot that an importer has held all its life and found unchanged at the end.
struct HeldReport {
  std::uint64_t seq = 0;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

/// The importer's own work: goes on from where the database says it is to the end of the plan, a
/// few files to a transaction, while a DemoReader looks at snapshots. Writes an acknowledgement to
/// standard output for each commit. With `holds_snapshot` it takes a HeldSnapshot first, reads it
/// again at the end, and reports it. ExitCode::problem if a snapshot was not as it must be.
ExitCode run_demo_importer(const std::string& database_path, const std::string& plan_path,
                           bool holds_snapshot);

/// This program again, in a process of its own that runs run_demo_importer(). The destructor kills
/// it. One thread at a time.
class ImporterProcess {
 public:
  using Ending = ChildProcess::Ending;

  ImporterProcess(const std::string& database_path, const std::string& plan_path,
                  bool holds_snapshot = false);

  /// Waits for the next acknowledgement; nothing once the importer has ended and all were read.
  std::optional<Acknowledgement> next();

  /// What it has said of its held snapshot; all acknowledgements must have been read.
  const std::optional<HeldReport>& held() const noexcept { return held_; }

  /// SIGKILL. Acknowledgements that it has sent before can still be read.
  void kill() noexcept { process_.kill(); }

  /// Waits until it has ended.
  Ending wait() { return process_.wait(); }

 private:
  ChildProcess process_;
  std::optional<HeldReport> held_;
};

}  // namespace quire::tools
