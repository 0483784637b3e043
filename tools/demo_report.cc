#include "tools/demo_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "tools/table.h"

namespace quire::tools {

namespace {

struct RecoveryTimes {
  Seconds least{0};
  Seconds median{0};
  Seconds most{0};
};

RecoveryTimes recovery_times(const DemoReport& report) {
  std::vector<Seconds> times;
  for (const DemoRecovery& recovery : report.recoveries) times.emplace_back(recovery.duration);
  if (times.empty()) return {};
  std::ranges::sort(times);
  return {times.front(), times[times.size() / 2], times.back()};
}

std::uint64_t recovered_commits(const DemoReport& report) {
  return std::accumulate(
      report.recoveries.begin(), report.recoveries.end(), std::uint64_t{0},
      [](std::uint64_t sum, const DemoRecovery& recovery) { return sum + recovery.commits; });
}

double size_ratio(const DemoReport& report) {
  return report.bytes > 0
             ? static_cast<double>(report.file_bytes) / static_cast<double>(report.bytes)
             : 0;
}

std::string rate_text(std::uint64_t bytes, Seconds duration) {
  return size_text(static_cast<std::uint64_t>(per_second(bytes, duration))) + "/s";
}

std::string join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, ", "));
}

double milliseconds(Seconds duration) { return duration.count() * 1000; }

Json times_json(const RecoveryTimes& times) {
  return {{"min", milliseconds(times.least)},
          {"median", milliseconds(times.median)},
          {"max", milliseconds(times.most)}};
}

Json recoveries_json(const DemoReport& report) {
  Json list = Json::array();
  for (const DemoRecovery& recovery : report.recoveries) {
    list.push_back({{"acknowledged_files", recovery.acknowledged_files},
                    {"files", recovery.files},
                    {"commits", recovery.commits},
                    {"ms", milliseconds(recovery.duration)}});
  }
  return list;
}

void add_import_rows(Table& table, const DemoReport& report) {
  table.add({"input", join(report.plan.directories)});
  table.add({"files", fmt::format("{} stored, {} changed meanwhile, {} unreadable",
                                  count_text(report.files), count_text(report.files_changed),
                                  count_text(report.files_unreadable + report.plan.unreadable))});
  table.add({"left out",
             fmt::format("{} above 16 MiB, {} beyond the limit of the demo",
                         count_text(report.plan.too_large), count_text(report.plan.over_limit))});
  table.add({"bytes", fmt::format("{} ({})", count_text(report.bytes), size_text(report.bytes))});
  table.add({"directories",
             fmt::format("{} of a pipe, packed to {}", counted(report.directories, "block"),
                         size_text(report.directory_bytes))});
  table.add({"words", fmt::format("{} shuffled to {} of a partd", count_text(report.words),
                                  counted(report.word_keys, "key"))});
  table.add({"transactions", count_text(report.transactions)});
  table.add({"import", fmt::format("{} at {}, {:.0f} files/s, {:.0f} transactions/s",
                                   duration_text(report.import_time),
                                   rate_text(report.bytes, report.import_time),
                                   per_second(report.files, report.import_time),
                                   per_second(report.transactions, report.import_time))});
}

void add_proof_rows(Table& table, const DemoReport& report) {
  const RecoveryTimes times = recovery_times(report);
  table.add({"kills",
             fmt::format("{} of {} hit an importer at work", count_text(report.recoveries.size()),
                         count_text(report.kills_wanted))});
  table.add({"snapshots", fmt::format("{} checked beside the importers, each of whole transactions",
                                      count_text(report.snapshots))});
  if (report.held) {
    table.add({"held snapshot",
               fmt::format("of {}, {}: reads the same after {}",
                           counted(report.held->files, "file"), size_text(report.held->bytes),
                           counted(report.commits_after_held, "more commit"))});
  }
  table.add({"commits recovered", count_text(recovered_commits(report))});
  table.add(
      {"recovery time", fmt::format("{} least, {} median, {} most", duration_text(times.least),
                                    duration_text(times.median), duration_text(times.most))});
  table.add(
      {"compared", fmt::format("{}, {} in {} at {}", counted(report.files_compared, "file"),
                               size_text(report.bytes_compared), duration_text(report.compare_time),
                               rate_text(report.bytes_compared, report.compare_time))});
  table.add({"check", fmt::format("{}, {}", counted(report.check.pages, "page"),
                                  counted(report.check.problem_count, "problem"))});
  table.add({"database", fmt::format("{}, {:.2f} times the input", size_text(report.file_bytes),
                                     size_ratio(report))});
  table.add(
      {"time in all", fmt::format("{}, seed {}", duration_text(report.total_time), report.seed)});
}

std::string_view verdict(const DemoReport& report) {
  if (report.ok()) {
    return "Every acknowledged file survived every kill, no snapshot showed half a transaction, "
           "and every byte equals its source.\n";
  }
  if (!report.problems.empty()) return "Not all of that holds; the problems stand above.\n";
  return "All that could be tried holds; what could not, and what it needs, stands above.\n";
}

}  // namespace

std::string demo_text(const DemoReport& report) {
  Table table({Table::Align::left, Table::Align::left});
  add_import_rows(table, report);
  add_proof_rows(table, report);
  std::string text = table.text();
  for (const std::string& problem : report.problems) {
    text += "PROBLEM: " + printable(problem) + "\n";
  }
  for (const std::string& what : report.not_shown) text += "NOT SHOWN: " + what + "\n";
  if (report.kept) text += "the database is " + report.database + "\n";
  text += verdict(report);
  return text;
}

Json demo_json(const DemoReport& report) {
  Json document = json_document(report.database);
  document["ok"] = report.ok();
  document["kept"] = report.kept;
  document["seed"] = report.seed;
  document["directories"] = report.plan.directories;
  document["files"] = report.files;
  document["bytes"] = report.bytes;
  document["transactions"] = report.transactions;
  document["pipe_blocks"] = report.directories;
  document["pipe_bytes"] = report.directory_bytes;
  document["words"] = report.words;
  document["word_keys"] = report.word_keys;
  document["left_out"] = {{"too_large", report.plan.too_large},
                          {"over_limit", report.plan.over_limit},
                          {"unreadable", report.plan.unreadable + report.files_unreadable}};
  document["kills"] = {{"wanted", report.kills_wanted}, {"hit", report.recoveries.size()}};
  document["snapshots"] = report.snapshots;
  if (report.held) {
    document["held_snapshot"] = {{"seq", report.held->seq},
                                 {"files", report.held->files},
                                 {"bytes", report.held->bytes},
                                 {"commits_later", report.commits_after_held}};
  }
  document["commits_recovered"] = recovered_commits(report);
  document["recovery_ms"] = times_json(recovery_times(report));
  document["recoveries"] = recoveries_json(report);
  document["files_compared"] = report.files_compared;
  document["bytes_compared"] = report.bytes_compared;
  document["files_changed"] = report.files_changed;
  document["database_bytes"] = report.file_bytes;
  document["size_ratio"] = size_ratio(report);
  document["import_seconds"] = report.import_time.count();
  document["import_bytes_per_second"] = per_second(report.bytes, report.import_time);
  document["import_files_per_second"] = per_second(report.files, report.import_time);
  document["compare_seconds"] = report.compare_time.count();
  document["compare_bytes_per_second"] = per_second(report.bytes_compared, report.compare_time);
  document["total_seconds"] = report.total_time.count();
  document["check"] = {{"ok", report.check.ok()}, {"pages", report.check.pages}};
  document["problems"] = report.problems;
  document["not_shown"] = report.not_shown;
  return document;
}

}  // namespace quire::tools
