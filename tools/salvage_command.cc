#include "tools/salvage_command.h"

#include <fmt/format.h>

#include <optional>
#include <string>

#include <quire/database.h>
#include <quire/facades.h>

#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/progress_bar.h"

namespace quire::tools {

namespace {

constexpr std::size_t kShownRanges = 8;

struct SalvageArguments {
  std::string broken;
  std::string made;
  std::string uuid;
  bool json = false;
};

void declare_salvage(CLI::App& command, SalvageArguments& arguments) {
  command.add_option("BROKEN", arguments.broken, "the damaged database; it is not changed")
      ->required();
  command.add_option("NEW", arguments.made, "where to make the new one; nothing may be there")
      ->required();
  command.add_option("--uuid", arguments.uuid,
                     "of the damaged database, if its header is lost: `quire info` of a backup "
                     "prints it");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

template <class Count>
Json or_null(const std::optional<Count>& count) {
  return count ? Json(*count) : Json();
}

Json collection_json(const SalvagedCollection& collection) {
  Json entry;
  set_bytes(entry, "name", collection.name);
  set_bytes(entry, "former_name", collection.former_name);
  set_bytes(entry, "kind", collection.kind);
  entry["id"] = collection.id;
  entry["child"] = collection.child;
  entry["whole"] = collection.whole;
  entry["newer"] = collection.newer;
  entry["found"] = collection.found;
  entry["lost"] = or_null(collection.lost);
  entry["loose"] = collection.loose;
  entry["lost_ranges"] = Json::array();
  for (const SalvagedRange& range : collection.lost_ranges) {
    entry["lost_ranges"].push_back({range.begin, range.end});
  }
  entry["remarks"] = collection.remarks;
  return entry;
}

Json salvage_json(const SalvageArguments& arguments, const SalvageReport& report) {
  Json document = json_document(arguments.made);
  document["ok"] = report.ok();
  document["seq"] = or_null(report.seq);
  document["pages"] = report.pages;
  document["missing_pages"] = report.missing_pages;
  document["header_lost"] = report.header_lost;
  document["header_foreign"] = report.header_foreign;
  document["catalog_lost"] = report.catalog_lost;
  document["sums_compared"] = report.sums_compared;
  document["uuid_rejected"] = report.uuid_rejected;
  document["certain"] = report.is_certain;
  set_bytes(document, "log_damage", report.log_damage);
  document["collections"] = Json::array();
  for (const SalvagedCollection& collection : report.collections) {
    document["collections"].push_back(collection_json(collection));
  }
  document["unreadable_page_count"] = report.unreadable_page_count;
  document["unreadable_pages"] = Json::array();
  for (const UnreadablePage& unreadable : report.unreadable_pages) {
    Json entry;
    entry["page"] = unreadable.page;
    set_bytes(entry, "what", unreadable.what);
    document["unreadable_pages"].push_back(std::move(entry));
  }
  return document;
}

// So many of what a collection of that kind has.
std::string amount_text(const SalvagedCollection& collection) {
  if (collection.kind == Blob::kKind) return counted(collection.found, "byte");
  if (collection.kind == Hash::kKind) return counted(collection.found, "entry", "entries");
  return collection.kind == List::kKind ? counted(collection.found, "item")
                                        : counted(collection.found, "child", "children");
}

std::string ranges_text(const SalvagedCollection& collection) {
  std::string text;
  for (std::size_t i = 0; i < collection.lost_ranges.size() && i < kShownRanges; ++i) {
    const auto [begin, end] = collection.lost_ranges[i];
    text += fmt::format("{} {}..{}", text.empty() ? " at" : ",", begin, end - 1);
  }
  return text + (collection.lost_ranges.size() > kShownRanges ? ", .." : "");
}

// A line for each collection that lacks something or has another name.
std::string collection_text(const SalvagedCollection& collection) {
  const std::string name = collection.former_name.empty()
                               ? fmt::format("a {} without a name", collection.kind)
                               : fmt::format("{} '{}'", collection.kind, collection.former_name);
  std::string text = fmt::format("{}: {} found", name, amount_text(collection));
  if (!collection.whole) {
    text += collection.lost
                ? fmt::format(", {} lost{}", count_text(*collection.lost), ranges_text(collection))
                : std::string(", nobody can say how many are lost");
  }
  if (collection.loose > 0 && collection.kind == List::kKind)
    text += fmt::format(", {} of them at the end, in no order", count_text(collection.loose));
  for (const std::string& remark : collection.remarks) text += "; " + remark;
  if (!collection.name.empty() && collection.name != collection.former_name)
    text += fmt::format("; now '{}'", collection.name);
  return printable(text) + "\n";
}

std::string header_text(const SalvageReport& report) {
  std::string text;
  if (report.missing_pages > 0) {
    text += fmt::format("the file was cut: {} of {} {} missing\n", count_text(report.missing_pages),
                        counted(report.pages, "page"), report.missing_pages == 1 ? "is" : "are");
  }
  if (report.header_foreign) {
    text += report.header_lost ? "the header is another database's\n"
                               : "no page agrees with the header: it is another database's, or all "
                                 "pages are damaged; --uuid would tell, and `quire info` of a "
                                 "backup prints it\n";
  } else if (report.header_lost) {
    text += "both header slots are lost\n";
  }
  if (report.uuid_rejected) {
    text += report.sums_compared ? "the uuid given is not that of this database: it was ignored\n"
                                 : "no page agrees with the uuid given: it was ignored\n";
  }
  if (!report.sums_compared) {
    text += "no checksum could be compared: any content may be damaged";
    text += report.uuid_rejected ? "\n"
                                 : "; --uuid would help, and `quire info` of a backup prints it\n";
  }
  if (report.catalog_lost) text += "a part of the catalog is lost, and maybe names with it\n";
  return text;
}

std::string log_text(const SalvageReport& report) {
  if (report.log_damage.empty()) return {};
  const std::string known =
      report.seq && report.is_certain
          ? fmt::format("what is there is of commit {}; ", count_text(*report.seq))
          : std::string();
  return "the log was not read to its end: " + printable(report.log_damage) + "\n" + known +
         "newer commits, if there were any, are lost\n";
}

bool is_as_it_was(const SalvagedCollection& collection) {
  return collection.whole && collection.name == collection.former_name;
}

std::string whole_text(const SalvageReport& report) {
  std::uint64_t old = 0, newer = 0;
  for (const SalvagedCollection& collection : report.collections) {
    if (is_as_it_was(collection) && !collection.child) ++(collection.newer ? newer : old);
  }
  const auto are = [](std::uint64_t count) {
    return fmt::format("{} {} as", counted(count, "collection"), count == 1 ? "is" : "are");
  };
  if (report.log_damage.empty() || !report.seq)
    return fmt::format("{} {} {}\n", are(old), old == 1 ? "it" : "they", old == 1 ? "was" : "were");
  std::string text = fmt::format("{} commit {} left {}\n", are(old), count_text(*report.seq),
                                 old == 1 ? "it" : "them");
  if (newer > 0)
    text += fmt::format("{} a newer commit left {}\n", are(newer), newer == 1 ? "it" : "them");
  return text;
}

std::string salvage_text(const SalvageReport& report) {
  std::string text = header_text(report) + log_text(report);
  for (const SalvagedCollection& collection : report.collections) {
    if (!is_as_it_was(collection)) text += collection_text(collection);
  }
  if (report.unreadable_page_count > 0)
    text += counted(report.unreadable_page_count, "page") + " could not be read\n";
  return text + whole_text(report) + (report.ok() ? "ok\n" : "something was lost\n");
}

ExitCode run_salvage(const SalvageArguments& arguments) {
  require_directory_of(arguments.made);
  SalvageOptions options;
  options.uuid = arguments.uuid;
  options.checks = facade_check_options();
  const SalvageReport report = [&] {
    ProgressBar bar("salvage");
    return Database::salvage(arguments.broken, arguments.made, options,
                             [&](std::uint64_t done, std::uint64_t total) {
                               throw_if_interrupted();
                               bar.update(done, total);
                             });
  }();
  arguments.json ? print_json(salvage_json(arguments, report)) : write_data(salvage_text(report));
  return report.ok() ? ExitCode::success : ExitCode::problem;
}

}  // namespace

void add_salvage_command(CommandLine& command_line) {
  command_line.add<SalvageArguments>(
      command_line.app(), "salvage",
      "Bring what is left of a damaged database into a new one; exits with 1 if something is lost",
      declare_salvage, run_salvage);
}

}  // namespace quire::tools
