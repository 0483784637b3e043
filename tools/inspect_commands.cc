#include "tools/inspect_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <quire/database.h>
#include <quire/facades.h>

#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/kind_content.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/table.h"

namespace quire::tools {

namespace {

// info

struct InfoArguments {
  std::string file;
  bool json = false;
};

void declare_info(CLI::App& command, InfoArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

double milliseconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

Json info_json(const InfoArguments& arguments, const DatabaseInfo& info, std::size_t collections) {
  Json document = json_document(arguments.file);
  document["uuid"] = info.uuid;
  document["format"] = {{"major", info.format_major}, {"minor", info.format_minor}};
  document["collections"] = collections;
  document["seq"] = info.seq;
  document["checkpoint_seq"] = info.checkpoint_seq;
  document["pages"] = info.page_count;
  document["free_pages"] = info.free_pages;
  document["file_bytes"] = info.file_bytes;
  document["wal_bytes"] = info.wal_bytes;
  document["recovered_commits"] = info.recovered_commits;
  document["recovery_ms"] = milliseconds(info.recovery_time);
  return document;
}

std::string info_text(const DatabaseInfo& info, std::size_t collections) {
  Table table({Table::Align::left, Table::Align::left});
  table.add({"file", for_standard_output(info.path)});
  table.add({"uuid", info.uuid});
  table.add({"format", fmt::format("{}.{}", info.format_major, info.format_minor)});
  table.add({"collections", count_text(collections)});
  table.add({"newest commit", count_text(info.seq)});
  table.add({"saved up to commit", count_text(info.checkpoint_seq)});
  table.add({"pages", fmt::format("{}, {} of them free", count_text(info.page_count),
                                  count_text(info.free_pages))});
  table.add({"size", size_text(info.file_bytes)});
  table.add({"log", fmt::format("{}, {} replayed in {}", size_text(info.wal_bytes),
                                counted(info.recovered_commits, "commit"),
                                duration_text(info.recovery_time))});
  return table.text();
}

ExitCode run_info(const InfoArguments& arguments) {
  Database database = open_to_read(arguments.file);
  const DatabaseInfo info = database.info();
  const std::size_t collections = database.snapshot().collections().size();
  if (arguments.json) {
    print_json(info_json(arguments, info, collections));
  } else {
    write_data(info_text(info, collections));
  }
  return ExitCode::success;
}

// ls

struct LsArguments {
  std::string file;
  std::optional<std::string> collection;
  bool json = false;
};

void declare_ls(CLI::App& command, LsArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_option("NAME", arguments.collection, "list what is in this collection, by key");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

// What else is to be said of a collection. Of a damaged one nothing: that is for `check` to tell.
Json description(const Snapshot& snapshot, const CollectionInfo& collection) {
  const KindContent* known = find_kind_content(collection.kind);
  try {
    if (known != nullptr && known->describe) return known->describe(snapshot, collection.name);
  } catch (const Error&) {
  }
  return Json::object();
}

std::string kind_text(const std::string& kind, const Json& description) {
  std::string text = kind;
  for (const auto& [name, value] : description.items()) {
    text += fmt::format(", {} {}", name, printable(value.get<std::string>()));
  }
  return text;
}

void list_collections(const LsArguments& arguments, const Snapshot& snapshot) {
  std::vector<CollectionInfo> collections = snapshot.collections();
  std::ranges::sort(collections, {}, &CollectionInfo::name);
  Json document = json_document(arguments.file);
  document["collections"] = Json::array();
  Table table({Table::Align::left, Table::Align::right, Table::Align::left});
  for (const CollectionInfo& collection : collections) {
    const Json more = description(snapshot, collection);
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "name", collection.name);
      entry["kind"] = collection.kind;
      entry["pages"] = collection.pages;
      entry.update(more);
      document["collections"].push_back(std::move(entry));
    } else {
      table.add({kind_text(collection.kind, more), counted(collection.pages, "page"),
                 for_standard_output(collection.name)});
    }
  }
  arguments.json ? print_json(document) : write_data(table.text());
}

ExitCode run_ls(const LsArguments& arguments) {
  const Database database = open_to_read(arguments.file);
  const Snapshot snapshot = database.snapshot();
  if (!arguments.collection) {
    list_collections(arguments, snapshot);
    return ExitCode::success;
  }
  const ContentArguments content{
      .file = arguments.file, .collection = *arguments.collection, .json = arguments.json};
  const KindContent& known = kind_content(content, snapshot);
  if (known.list == nullptr) throw_has_no_keys(content, known.kind);
  known.list(content, snapshot);
  return ExitCode::success;
}

// check

struct CheckArguments {
  std::string file;
  bool deep = false;
  bool json = false;
};

void declare_check(CLI::App& command, CheckArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_flag("--deep", arguments.deep,
                   "read all content too, not only the pages that describe it");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

Json problem_json(const CheckProblem& problem) {
  Json entry;
  entry["page"] = problem.page == UINT32_MAX ? Json() : Json(problem.page);
  set_bytes(entry, "collection", problem.collection);
  set_bytes(entry, "what", problem.what);
  entry["unreached"] = problem.unreached;
  return entry;
}

Json check_json(const CheckArguments& arguments, const CheckReport& report) {
  Json document = json_document(arguments.file);
  document["ok"] = report.ok();
  document["deep"] = arguments.deep;
  document["seq"] = report.seq;
  document["collections"] = report.collections;
  document["pages"] = {{"all", report.pages},
                       {"header", report.header_pages},
                       {"map", report.map_pages},
                       {"catalog", report.catalog_pages},
                       {"blob", report.blob_pages},
                       {"list", report.list_pages},
                       {"hash", report.hash_pages},
                       {"free", report.free_pages},
                       {"unaccounted", report.unaccounted_pages}};
  document["problem_count"] = report.problem_count;
  document["problems"] = Json::array();
  for (const CheckProblem& problem : report.problems) {
    document["problems"].push_back(problem_json(problem));
  }
  return document;
}

// Whether `next` says of the following page what `last` says of its own.
bool continues(const CheckProblem& last, const CheckProblem& next) {
  return last.page != UINT32_MAX && next.page == last.page + 1 && next.what == last.what &&
         next.collection == last.collection;
}

// Also without the page, which stands before it.
std::string_view bare_text(const CheckProblem& problem) {
  std::string_view what = problem.what;
  const std::string page = fmt::format("page {}: ", problem.page);
  if (what.starts_with(page)) what.remove_prefix(page.size());
  return what;
}

// A line for each run of pages with the same problem.
std::string lines_of(const std::vector<CheckProblem>& problems) {
  std::string text;
  for (auto first = problems.begin(); first != problems.end();) {
    auto last = first;
    while (last + 1 != problems.end() && continues(*last, last[1])) ++last;
    std::string line;
    if (first != last) {
      line = fmt::format("pages {}..{}: ", first->page, last->page);
    } else if (first->page != UINT32_MAX) {
      line = fmt::format("page {}: ", first->page);
    }
    if (!first->collection.empty()) line += fmt::format("collection '{}': ", first->collection);
    line += bare_text(*first);
    text += printable(line) + "\n";
    first = last + 1;
  }
  return text;
}

// What is damaged page by page, and its consequences by their number.
std::string problems_text(const CheckReport& report) {
  std::vector<CheckProblem> damage = report.problems;
  const bool has_unreached =
      std::erase_if(damage, [](const CheckProblem& problem) { return problem.unreached; }) > 0;
  const std::uint64_t unreached = has_unreached ? report.unaccounted_pages : 0;
  std::string text = lines_of(damage);
  if (const std::uint64_t more = report.problem_count - unreached - damage.size(); more > 0)
    text += fmt::format("and {} more\n", count_text(more));
  if (unreached > 0) {
    text += fmt::format("{} {} not reached because of the damage above; --json lists {}\n",
                        counted(unreached, "more page", "more pages"),
                        unreached == 1 ? "is" : "are", unreached == 1 ? "it" : "them");
  }
  return text;
}

std::string check_text(const CheckArguments& arguments, const CheckReport& report) {
  std::string text = problems_text(report);
  Table table({Table::Align::left, Table::Align::right});
  table.add({"header pages", count_text(report.header_pages)});
  table.add({"map pages", count_text(report.map_pages)});
  table.add({"catalog pages", count_text(report.catalog_pages)});
  table.add({"blob pages", count_text(report.blob_pages)});
  table.add({"list pages", count_text(report.list_pages)});
  table.add({"hash pages", count_text(report.hash_pages)});
  table.add({"free pages", count_text(report.free_pages)});
  table.add({"unaccounted pages", count_text(report.unaccounted_pages)});
  table.add({"all pages", count_text(report.pages)});
  table.add({"collections", count_text(report.collections)});
  return text + table.text() +
         (report.ok() ? std::string(arguments.deep ? "ok\n"
                                                   : "ok; content was not read: --deep does that\n")
                      : counted(report.problem_count, "problem") + "\n");
}

ExitCode run_check(const CheckArguments& arguments) {
  Database database = open_to_read(arguments.file);
  CheckOptions options = facade_check_options();
  options.deep = arguments.deep;
  const CheckReport report = [&] {
    ProgressBar bar("check");
    return database.check(options, [&](std::uint64_t done, std::uint64_t total) {
      throw_if_interrupted();
      bar.update(done, total);
    });
  }();
  if (arguments.json) {
    print_json(check_json(arguments, report));
  } else {
    write_data(check_text(arguments, report));
  }
  if (report.ok()) return ExitCode::success;
  print_message(
      "the database is damaged; restore a backup, or bring what is left into a new one with "
      "`quire salvage`");
  return ExitCode::problem;
}

}  // namespace

void add_inspect_commands(CommandLine& command_line) {
  CLI::App& app = command_line.app();
  command_line.add<InfoArguments>(app, "info", "What the file says of itself", declare_info,
                                  run_info);
  command_line.add<LsArguments>(
      app, "ls", "The collections of a database, or what is in one of them", declare_ls, run_ls);
  command_line.add<CheckArguments>(app, "check", "Account for every page and check every structure",
                                   declare_check, run_check);
}

}  // namespace quire::tools
