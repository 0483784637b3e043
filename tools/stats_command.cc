#include "tools/stats_command.h"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>
#include <string>

#include <quire/database.h>

#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/table.h"

namespace quire::tools {

namespace {

struct StatsArguments {
  std::string file;
  bool json = false;
};

void declare_stats(CLI::App& command, StatsArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

enum class Unit { count, bytes, pages };

struct Field {
  const char* name;   // in JSON, and in Stats
  const char* label;  // for people
  Unit unit;
  std::uint64_t Stats::*member;
};

constexpr Field kFields[] = {
    {"seq", "newest commit", Unit::count, &Stats::seq},
    {"commits", "commits", Unit::count, &Stats::commits},
    {"rollbacks", "rollbacks", Unit::count, &Stats::rollbacks},
    {"wal_bytes_written", "log written", Unit::bytes, &Stats::wal_bytes_written},
    {"wal_syncs", "log syncs", Unit::count, &Stats::wal_syncs},
    {"wal_live_bytes", "log in use", Unit::bytes, &Stats::wal_live_bytes},
    {"wal_segments", "log segments", Unit::count, &Stats::wal_segments},
    {"checkpoints", "checkpoints", Unit::count, &Stats::checkpoints},
    {"checkpoint_pages_written", "written by checkpoints", Unit::pages,
     &Stats::checkpoint_pages_written},
    {"page_hits", "pages found in memory", Unit::count, &Stats::page_hits},
    {"page_loads", "pages loaded", Unit::pages, &Stats::page_loads},
    {"page_evictions", "pages evicted", Unit::pages, &Stats::page_evictions},
    {"pages_written_early", "written before commits", Unit::pages, &Stats::pages_written_early},
    {"frames", "memory for pages", Unit::pages, &Stats::frames},
    {"frames_dirty", "not yet in the file", Unit::pages, &Stats::frames_dirty},
    {"frames_old", "kept for snapshots", Unit::pages, &Stats::frames_old},
    {"page_count", "file", Unit::pages, &Stats::page_count},
    {"free_pages", "free in the file", Unit::pages, &Stats::free_pages},
    {"snapshots_open", "open snapshots", Unit::count, &Stats::snapshots_open},
    {"oldest_snapshot", "oldest shows commit", Unit::count, &Stats::oldest_snapshot},
};
static_assert(sizeof(Stats) == std::size(kFields) * sizeof(std::uint64_t),
              "a field of Stats is missing above");

std::string value_text(const Field& field, std::uint64_t value) {
  constexpr std::uint64_t kPageSize = 4096;
  switch (field.unit) {
    case Unit::count:
      break;
    case Unit::bytes:
      return size_text(value);
    case Unit::pages:
      return fmt::format("{}, {}", counted(value, "page"), size_text(value * kPageSize));
  }
  return count_text(value);
}

ExitCode run_stats(const StatsArguments& arguments) {
  const Database database = open_to_read(arguments.file);
  const Stats stats = database.stats();
  Json document = json_document(arguments.file);
  Table table({Table::Align::left, Table::Align::left});
  for (const Field& field : kFields) {
    document[field.name] = stats.*field.member;
    table.add({field.label, value_text(field, stats.*field.member)});
  }
  arguments.json ? print_json(document) : write_data(table.text());
  return ExitCode::success;
}

}  // namespace

void add_stats_command(CommandLine& command_line) {
  command_line.add<StatsArguments>(
      command_line.app(), "stats",
      "Counters since this command opened the file, and sizes; `info` says what the file is",
      declare_stats, run_stats);
}

}  // namespace quire::tools
