#include "tools/export_command.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>

#include <quire/database.h>

#include "tools/command_line.h"
#include "tools/export_paths.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/target_directory.h"

namespace quire::tools {

namespace {

struct DirectoryArguments {
  std::string file;
  std::string collection;
  std::string target;
  bool force = false;
  bool json = false;
};

void declare_directory(CLI::App& command, DirectoryArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command
      .add_option("NAME", arguments.collection,
                  "the hash of path -> content; NAME.meta, if there, says mode and mtime")
      ->required();
  command.add_option("DEST", arguments.target, "the directory; made if missing")->required();
  command.add_flag("--force", arguments.force, "overwrite files that exist");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

// Writes one hash below one directory. Everything that speaks against it is found before the first
// file is written.
class DirectoryExport {
 public:
  DirectoryExport(const DirectoryArguments& arguments, const Snapshot& snapshot)
      : arguments_(arguments),
        content_(snapshot.open<Hash>(arguments.collection)),
        meta_(snapshot.find<Hash>(arguments.collection + ".meta")),
        paths_(arguments.file, arguments.collection) {}

  void run() {
    collect_paths();
    paths_.write_all(
        arguments_.target, arguments_.force,
        [this](TargetDirectory& target, const std::string& path) { write(target, path); });
  }

  std::uint64_t files() const noexcept { return files_; }
  std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  void collect_paths() {
    for (const auto& [key, value] : content_) {
      throw_if_interrupted();
      paths_.add(std::string(key.text()));
    }
    paths_.require_no_file_is_a_directory();
  }

  void write(TargetDirectory& target, const std::string& path) {
    const Value value = content_.get(path).value();  // of the snapshot that listed it
    target.write(path, value, attributes_of(path), arguments_.force);
    ++files_;
    bytes_ += value.size();
  }

  std::optional<TargetDirectory::Attributes> attributes_of(const std::string& path) const {
    const std::optional<Value> text = meta_ ? meta_->get(path) : std::nullopt;
    if (!text) return std::nullopt;
    const Json entry = Json::parse(text->text(), nullptr, false);
    const auto number = [&](const char* name) {
      return entry.is_object() && entry.contains(name) && entry[name].is_number_integer();
    };
    if (number("mode") && number("mtime_ns")) {
      return TargetDirectory::Attributes{entry["mode"].get<std::uint32_t>(),
                                         entry["mtime_ns"].get<std::int64_t>()};
    }
    print_message(printable("'" + arguments_.collection + ".meta' has no mode and time of '" +
                            path + "'; it gets those of a new file"));
    return std::nullopt;
  }

  const DirectoryArguments& arguments_;
  HashView content_;
  std::optional<HashView> meta_;
  ExportPaths paths_;
  std::uint64_t files_ = 0;
  std::uint64_t bytes_ = 0;
};

ExitCode run_directory(const DirectoryArguments& arguments) {
  const Database database = open_to_read(arguments.file);
  DirectoryExport files(arguments, database.snapshot());
  files.run();
  if (arguments.json) {
    Json document = json_document(arguments.file);
    set_bytes(document, "collection", arguments.collection);
    set_bytes(document, "directory", arguments.target);
    document["files"] = files.files();
    document["bytes"] = files.bytes();
    print_json(document);
  } else {
    write_data(fmt::format("{} ({})\n", counted(files.files(), "file"), size_text(files.bytes())));
  }
  return ExitCode::success;
}

}  // namespace

void add_directory_export(CommandLine& command_line, CLI::App& export_command) {
  command_line.add<DirectoryArguments>(export_command, "dir",
                                       "Files below a directory; the reverse of import dir",
                                       declare_directory, run_directory);
}

}  // namespace quire::tools
