#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <quire/check_report.h>

#include "tools/demo_importer.h"
#include "tools/demo_plan.h"
#include "tools/figures.h"
#include "tools/output.h"

namespace quire::tools {

/// One importer killed and what the database was like afterwards.
struct DemoRecovery {
  std::uint64_t acknowledged_files = 0;
  std::uint64_t files = 0;    // that were there
  std::uint64_t commits = 0;  // replayed from the log
  std::chrono::nanoseconds duration{0};
};

/// What `quire demo` has done and found.
struct DemoReport {
  std::string database;
  bool kept = false;
  std::uint64_t seed = 0;
  DemoPlan plan;
  std::uint64_t kills_wanted = 0;
  std::vector<DemoRecovery> recoveries;  // one for each kill that hit an importer at work
  std::uint64_t snapshots = 0;           // found whole by the readers beside the importers
  std::optional<HeldReport> held;        // by the last importer, and unchanged
  std::uint64_t commits_after_held = 0;
  std::uint64_t files = 0;  // stored
  std::uint64_t bytes = 0;
  std::uint64_t transactions = 0;
  std::uint64_t directories = 0;      // blocks of the pipe
  std::uint64_t directory_bytes = 0;  // of them as they are stored
  std::uint64_t words = 0;
  std::uint64_t word_keys = 0;
  std::uint64_t files_compared = 0;
  std::uint64_t bytes_compared = 0;
  std::uint64_t files_changed = 0;
  std::uint64_t files_unreadable = 0;
  std::uint64_t file_bytes = 0;  // of the database, closed
  Seconds import_time{0};        // the importers' lives together
  Seconds compare_time{0};
  Seconds total_time{0};
  CheckReport check;
  std::vector<std::string> problems;   // what did not hold
  std::vector<std::string> not_shown;  // what could not be tried, with what it needs

  bool ok() const noexcept { return problems.empty() && not_shown.empty(); }
};

/// For people: a table, then the problems, then one line that says whether all of it holds.
std::string demo_text(const DemoReport& report);
/// For programs; every figure of the text and the list of recoveries.
Json demo_json(const DemoReport& report);

}  // namespace quire::tools
