#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <quire/database.h>
#include <quire/flat_file.h>

#include "formats/conduit_files.h"
#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/file_tree.h"
#include "tools/import_command.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/own_files.h"
#include "tools/progress_bar.h"
#include "tools/target_directory.h"

namespace quire::tools {

namespace {

using formats::ConduitDirectory;
using formats::ConduitFile;
using formats::ConduitLocation;
using formats::ConduitLocationList;
using formats::ConduitName;
using formats::kConduitDataDirectory;
using formats::kConduitLocations;

constexpr std::uint64_t kPiece = std::uint64_t{64} << 10;
constexpr std::size_t kMostOpenFiles = 16;

struct FlatFileImportArguments {
  std::string source;
  std::string file;
  std::string collection;
  std::optional<std::string> locations;
  std::optional<std::string> new_locations;
  bool scan_frames = false;
  int compression_level = 0;
  bool json = false;
};

void declare_import(CLI::App& command, FlatFileImportArguments& arguments) {
  command
      .add_option("SRC", arguments.source,
                  "a directory of data_NNNNNNNN.dat and .dat.zst files, any other directory, or a "
                  "file; without --locations each file becomes one value, in the order of names")
      ->required();
  command.add_option("FILE", arguments.file, "the database; made if missing")->required();
  command.add_option("NAME", arguments.collection, "the flat file, which must be new")->required();
  command.add_option(
      "--locations", arguments.locations,
      "a list of the values in SRC, a line for each: {\"file\":\"data_00000000.dat\","
      "\"start\":0,\"end\":80}; -: standard input");
  command.add_option("--new-locations", arguments.new_locations,
                     "a new file that gets the same list with \"segment\", \"offset\" and "
                     "\"length\" of each value in NAME");
  command.add_flag("--scan-frames", arguments.scan_frames,
                   "read .dat.zst files without their seek tables, as far as frames are complete; "
                   "zeros behind them are passed over");
  command
      .add_option("--compression-level", arguments.compression_level,
                  "zstd's level for NAME; 0, the default, stores values as they are")
      ->check(CLI::Range(0, 22));
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

struct Counts {
  std::uint64_t values = 0;
  std::uint64_t bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t skipped = 0;
};

// One value to be: bytes [start, end) of a file below the source. Without an end: all of them.
struct Part {
  std::string file;  // below the source; empty: the source itself
  std::uint64_t start = 0;
  std::optional<std::uint64_t> end = {};
};

// Puts every value into one flat file, in one transaction.
class FlatFileImport {
 public:
  FlatFileImport(const FlatFileImportArguments& arguments, FlatFile flat_file, std::ostream* list)
      : arguments_(arguments), flat_file_(std::move(flat_file)), list_(list) {}

  Counts run(const std::vector<std::string>& files) {
    ProgressBar bar("import");
    for (const std::string& file : files) {
      put({file});
      open_files_.clear();
      bar.update(counts_.values, files.size());
    }
    return finish();
  }

  Counts run(const std::string& locations) {
    ConduitLocationList list(locations);
    ProgressBar bar("import");
    while (const auto location = list.next()) {
      const Part part{location->file.text(), location->start, location->end};
      const std::uint64_t size = open(part.file).size();
      if (location->end > size) {
        throw list.error("end", fmt::format("at most {}, the size of {}", size, part.file),
                         std::to_string(location->end));
      }
      put(part);
      if (list.bytes()) bar.update(list.bytes_read(), *list.bytes());
    }
    return finish();
  }

 private:
  Counts finish() {
    counts_.segments = flat_file_.segments().size();
    return counts_;
  }

  void put(const Part& part) {
    throw_if_interrupted();
    ConduitFile& file = open(part.file);
    const std::uint64_t end = part.end.value_or(file.size());
    const DataLocation location = copy(file, part.start, end);
    ++counts_.values;
    counts_.bytes += location.length;
    if (list_ != nullptr) *list_ << line_of(part, end, location) << '\n';
  }

  DataLocation copy(ConduitFile& file, std::uint64_t start, std::uint64_t end) {
    std::vector<std::byte> piece(std::min(kPiece, end - start));
    if (piece.size() == end - start) {
      file.read(start, piece);
      return flat_file_.put(piece);
    }
    auto out = flat_file_.writer();
    while (start < end && out) {
      throw_if_interrupted();
      const ByteView bytes = ByteView(piece).sub(0, end - start);
      file.read(start, std::span(piece).first(bytes.size()));
      out << bytes.text();
      start += bytes.size();
    }
    return out.finish();
  }

  ConduitFile& open(const std::string& name) {
    if (const auto found = open_files_.find(name); found != open_files_.end()) {
      return found->second;
    }
    if (open_files_.size() == kMostOpenFiles) open_files_.erase(open_files_.begin());
    const auto frames =
        arguments_.scan_frames ? ConduitFile::Frames::by_scanning : ConduitFile::Frames::by_table;
    const std::string path = path_of(name);
    auto file = open_files_.try_emplace(name, path, frames, throw_if_interrupted).first;
    if (const auto left_over = file->second.left_over(); left_over.bytes > 0) {
      print_message(printable(fmt::format(
          "{}: passed over {} at the end, {}", path, counted(left_over.bytes, "byte"),
          left_over.is_zeros ? "all zero" : "the beginning of a frame that is not complete")));
    }
    return file->second;
  }

  // A list may name a link too: none is followed but the source itself.
  std::string path_of(const std::string& name) const {
    if (name.empty()) return arguments_.source;
    std::string path = arguments_.source + "/" + name;
    if (std::filesystem::is_symlink(path)) {
      throw InvalidArgument("'" + path +
                            "' is a symbolic link, which import does not follow; put "
                            "the file itself there");
    }
    return path;
  }

  static std::string line_of(const Part& part, std::uint64_t end, const DataLocation& location) {
    Json line;
    set_bytes(line, "file", part.file);
    line["start"] = part.start;
    line["end"] = end;
    line["segment"] = location.segment;
    line["offset"] = location.offset;
    line["length"] = location.length;
    return line.dump();
  }

  const FlatFileImportArguments& arguments_;
  FlatFile flat_file_;
  std::ostream* list_;  // nullptr: none is wanted
  std::map<std::string, ConduitFile> open_files_;
  Counts counts_;
};

// ---- what the source is

// The files that become a value each, by name, and how many entries do not.
struct Sources {
  std::vector<std::string> files;
  std::uint64_t skipped = 0;

  void skip(const std::string& path, const std::string& reason) {
    print_message(printable(fmt::format("skipped: {}: {}", path, reason)));
    ++skipped;
  }
};

Sources conduit_sources(const ConduitDirectory& directory) {
  directory.require_one_kind();
  Sources sources;
  for (const ConduitName& file : directory.files()) sources.files.push_back(file.text());
  for (const auto& [name, reason] : directory.others()) sources.skip(name, reason);
  return sources;
}

Sources tree_sources(const FlatFileImportArguments& arguments) {
  const FileTree tree = walk_files(arguments.source);
  const OwnFiles own_files(arguments.file, arguments.source);
  Sources sources;
  for (const FileTree::File& file : tree.files) {
    if (!own_files.leave_out(file.path)) sources.files.push_back(file.path);
  }
  for (const FileTree::Unreadable& entry : tree.unreadable) sources.skip(entry.path, entry.reason);
  if (tree.symlink_count + tree.special_count > 0) {
    print_message(fmt::format("skipped: {}, {}", counted(tree.symlink_count, "symbolic link"),
                              counted(tree.special_count, "special file")));
    sources.skipped += tree.symlink_count + tree.special_count;
  }
  return sources;
}

Sources find_sources(const FlatFileImportArguments& arguments) {
  std::error_code error;
  if (std::filesystem::equivalent(arguments.source, arguments.file, error)) {
    throw InvalidArgument("'" + arguments.source + "' is the database itself; give another SRC");
  }
  if (!std::filesystem::is_directory(arguments.source)) return {{""}};  // or it will be NotFound
  const std::filesystem::path source = arguments.source;
  if (std::filesystem::is_regular_file(source / kConduitLocations) &&
      std::filesystem::is_directory(source / kConduitDataDirectory)) {
    throw InvalidArgument(fmt::format(
        "'{0}' is what `quire export flatfile` has written; give '{0}/{1}' instead, and "
        "--locations '{0}/{2}'",
        arguments.source, kConduitDataDirectory, kConduitLocations));
  }
  const ConduitDirectory directory(arguments.source);
  return directory.files().empty() ? tree_sources(arguments) : conduit_sources(directory);
}

// ---- the command

Counts import_into(const FlatFileImportArguments& arguments, Transaction& txn,
                   const Sources& sources, std::ostream* list) {
  require_new(txn, arguments.file, arguments.collection);
  const FlatFileOptions options{.compression_level = arguments.compression_level};
  FlatFileImport import(arguments, txn.create<FlatFile>(arguments.collection, options), list);
  return arguments.locations ? import.run(*arguments.locations) : import.run(sources.files);
}

// The list must be there when the values are: it is complete and on the disk before the commit, and
// goes again if that fails.
Counts import_with_list(const FlatFileImportArguments& arguments, Transaction& txn,
                        const Sources& sources) {
  require_directory_of(*arguments.new_locations);
  const std::filesystem::path path = *arguments.new_locations;
  const std::string parent = path.parent_path().empty() ? "." : path.parent_path().string();
  TargetDirectory target(parent);
  const std::string name = path.filename().string();
  if (target.exists(name)) throw KeyExists("'" + path.string() + "' exists; name a new file");
  Counts counts;
  target.write(
      name, [&](std::ostream& out) { counts = import_into(arguments, txn, sources, &out); },
      std::nullopt, false);
  try {
    target.sync();
    txn.commit();
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    throw;
  }
  return counts;
}

void print_counts(const FlatFileImportArguments& arguments, const Counts& counts) {
  if (arguments.json) {
    Json document = json_document(arguments.file);
    set_bytes(document, "collection", arguments.collection);
    document["values"] = counts.values;
    document["bytes"] = counts.bytes;
    document["segments"] = counts.segments;
    document["skipped"] = counts.skipped;
    return print_json(document);
  }
  write_data(fmt::format("{} ({}) in {}; {} skipped\n", counted(counts.values, "value"),
                         size_text(counts.bytes), counted(counts.segments, "segment"),
                         counted(counts.skipped, "file")));
}

ExitCode run_import(const FlatFileImportArguments& arguments) {
  const Sources sources = arguments.locations ? Sources() : find_sources(arguments);
  Database database = open_or_create(arguments.file);
  Transaction txn = database.begin();
  Counts counts;
  if (arguments.new_locations) {
    counts = import_with_list(arguments, txn, sources);
  } else {
    counts = import_into(arguments, txn, sources, nullptr);
    txn.commit();
  }
  counts.skipped = sources.skipped;
  database.close();
  print_counts(arguments, counts);
  return ExitCode::success;
}

}  // namespace

void add_flat_file_import(CommandLine& command_line, CLI::App& import) {
  command_line.add<FlatFileImportArguments>(
      import, "flatfile", "A flat file of the values in conduit's data files, or of any files",
      declare_import, run_import);
}

}  // namespace quire::tools
