#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>

#include <quire/database.h>
#include <quire/partd.h>

#include "formats/partd_files.h"
#include "tools/command_line.h"
#include "tools/export_command.h"
#include "tools/export_paths.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/target_directory.h"

namespace quire::tools {

namespace {

struct PartdExportArguments {
  std::string file;
  std::string collection;
  std::string target;
  bool force = false;
  bool json = false;
};

void declare(CLI::App& command, PartdExportArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_option("NAME", arguments.collection, "the partd")->required();
  command.add_option("DEST", arguments.target, "the directory; made if missing")->required();
  command.add_flag("--force", arguments.force, "overwrite files that exist");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

// Writes one partd as the directory of a partd.File; one of numbers as partd.Numpy has it.
class PartdExport {
 public:
  PartdExport(const PartdExportArguments& arguments, const Snapshot& snapshot)
      : arguments_(arguments),
        partd_(snapshot.open<Partd>(arguments.collection)),
        dtype_(formats::numpy_dtype(partd_.element())),
        paths_(arguments.file, arguments.collection) {}

  void run() {
    collect_paths();
    tell_of_lost_type();
    paths_.write_all(
        arguments_.target, arguments_.force,
        [this](TargetDirectory& target, const std::string& path) { write(target, path); });
  }

  std::uint64_t keys() const noexcept { return keys_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void collect_paths() {
    for (const ByteView key : partd_.keys()) {
      throw_if_interrupted();
      const std::string path = key.str();
      paths_.add(path, formats::reason_against_partd_key(path));
      if (dtype_) add_dtype(path + std::string(formats::kDtypeSuffix));
    }
    paths_.require_no_file_is_a_directory();
  }

  void tell_of_lost_type() const {
    const PartdElement& element = partd_.element();
    if (dtype_ || element.type.empty()) return;
    print_message(printable(fmt::format(
        "not exported: that the values are arrays of '{}', {} each; partd knows no such "
        "type, and an import makes plain bytes of them",
        element.type, counted(element.size, "byte"))));
  }

  void add_dtype(const std::string& path) {
    paths_.add(path, partd_.contains(path) ? "partd.Numpy has the type of another key there" : "");
  }

  void write(TargetDirectory& target, const std::string& path) {
    if (partd_.contains(path)) {
      const Value value = partd_.get(path);
      target.write(path, value, std::nullopt, arguments_.force);
      ++keys_;
      bytes_ += value.size();
    } else {
      target.write(path, *dtype_, std::nullopt, arguments_.force);
    }
  }

  const PartdExportArguments& arguments_;
  PartdView partd_;
  std::optional<std::string> dtype_;  // of every value, if they are arrays of numbers
  ExportPaths paths_;
  std::uint64_t keys_ = 0;
  std::uint64_t bytes_ = 0;
};

ExitCode run(const PartdExportArguments& arguments) {
  const Database database = open_to_read(arguments.file);
  PartdExport files(arguments, database.snapshot());
  files.run();
  if (arguments.json) {
    Json document = json_document(arguments.file);
    set_bytes(document, "collection", arguments.collection);
    set_bytes(document, "directory", arguments.target);
    document["keys"] = files.keys();
    document["bytes"] = files.bytes();
    print_json(document);
  } else {
    write_data(fmt::format("{} ({})\n", counted(files.keys(), "key"), size_text(files.bytes())));
  }
  return ExitCode::success;
}

}  // namespace

void add_partd_export(CommandLine& command_line, CLI::App& export_command) {
  command_line.add<PartdExportArguments>(
      export_command, "partd", "The directory of a partd.File; the reverse of import partd",
      declare, run);
}

}  // namespace quire::tools
