#include "tools/bench_command.h"

#include <fmt/format.h>

#include <string>

#include "bench/measurements.h"
#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/table.h"
#include "tools/temporary_directory.h"

namespace quire::tools {

namespace {

using bench::Figures;
using bench::Measurement;

struct BenchArguments {
  std::string directory;
  double seconds = 1;
  bool json = false;
};

void declare_bench(CLI::App& command, BenchArguments& arguments) {
  command.add_option("--dir", arguments.directory,
                     "measure the disk of this directory (default: TMPDIR, or /tmp)");
  command.add_option("--seconds", arguments.seconds, "about so long for each row")
      ->check(number_between(0.001, 3600))
      ->capture_default_str();
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

std::string rate_text(double items_per_second, const std::string& item) {
  return fmt::format("{} {}/s", count_text(static_cast<std::uint64_t>(items_per_second)), item);
}

std::string remark(const Measurement& row) {
  if (row.times_peer > 0) return fmt::format("{:.3g} times {}", row.times_peer, row.peer);
  if (row.commits_per_sync > 0) return fmt::format("{:.2f} commits a sync", row.commits_per_sync);
  return row.note;
}

std::string bench_text(const Figures& figures) {
  Table table({Table::Align::left, Table::Align::right, Table::Align::right, Table::Align::left});
  for (const Measurement& row : figures.measurements) {
    table.add({row.name, rate_text(row.items_per_second, row.item),
               row.bytes_per_second > 0
                   ? size_text(static_cast<std::uint64_t>(row.bytes_per_second)) + "/s"
                   : "",
               remark(row)});
  }
  table.add({"written for each byte", fmt::format("{:.2f} bytes", figures.written_per_byte), "",
             "log and checkpoint of the load"});
  table.add({"space for each byte", fmt::format("{:.2f} bytes", figures.space_per_byte), "",
             fmt::format("{} entries of {} bytes", count_text(figures.entries),
                         figures.bytes_per_entry)});
  return table.text();
}

Json bench_json(const BenchArguments& arguments, const std::string& directory,
                const Figures& figures) {
  Json document;
  document["schema"] = 1;
  set_bytes(document, "directory", directory);
  document["seconds"] = arguments.seconds;
  document["entries"] = figures.entries;
  document["bytes_per_entry"] = figures.bytes_per_entry;
  document["measurements"] = Json::array();
  for (const Measurement& row : figures.measurements) {
    Json entry{{"name", row.name}, {"item", row.item}, {"items_per_second", row.items_per_second}};
    if (row.bytes_per_second > 0) entry["bytes_per_second"] = row.bytes_per_second;
    if (row.commits_per_sync > 0) entry["commits_per_sync"] = row.commits_per_sync;
    if (row.times_peer > 0) {
      entry["peer"] = row.peer;
      entry["times_peer"] = row.times_peer;
    }
    if (!row.note.empty()) entry["note"] = row.note;
    document["measurements"].push_back(std::move(entry));
  }
  document["written_per_byte"] = figures.written_per_byte;
  document["space_per_byte"] = figures.space_per_byte;
  return document;
}

ExitCode run_bench(const BenchArguments& arguments) {
  if (!arguments.directory.empty()) require_directory_of(arguments.directory + "/");
  const TemporaryDirectory directory(arguments.directory);
  print_message(printable("measuring in " + directory.path()));
  const Figures figures = [&] {
    try {
      return bench::measure_all(directory.path(), arguments.seconds, interrupt_has_come);
    } catch (const std::exception&) {
      throw_if_interrupted();  // which is how that ends, then
      throw;
    }
  }();
  if (arguments.json) {
    print_json(bench_json(arguments, directory.path(), figures));
  } else {
    write_data(bench_text(figures));
  }
  return ExitCode::success;
}

}  // namespace

void add_bench_command(CommandLine& command_line) {
  command_line.add<BenchArguments>(command_line.app(), "bench",
                                   "Quick figures of this machine and disk", declare_bench,
                                   run_bench);
}

}  // namespace quire::tools
