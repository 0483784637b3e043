#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

#include <quire/database.h>
#include <quire/partd.h>

#include "formats/partd_files.h"
#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/import_command.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/own_files.h"
#include "tools/progress_bar.h"

namespace quire::tools {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{8} << 20;

struct PartdImportArguments {
  std::string source;
  std::string file;
  std::string collection;
  std::string codec = "none";
  bool numpy = false;
  bool json = false;
};

void declare(CLI::App& command, PartdImportArguments& arguments) {
  command.add_option("SRC", arguments.source, "the directory of a partd.File")->required();
  command.add_option("FILE", arguments.file, "the database; made if missing")->required();
  command
      .add_option("NAME", arguments.collection,
                  "the partd to make; its keys are the paths below SRC")
      ->required();
  command.add_option("--codec", arguments.codec, "how values are packed; none if not given")
      ->check(CLI::IsMember({"none", "zstd", "lz4", "snappy"}));
  command.add_flag("--numpy", arguments.numpy,
                   "the arrays of a partd.Numpy, all of one type: a TypedPartd");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

Codec codec_called(const std::string& name) {
  if (name == "zstd") return Codec::zstd;
  if (name == "lz4") return Codec::lz4;
  if (name == "snappy") return Codec::snappy;
  return Codec::none;
}

struct PartdCounts {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
};

/// Imports all of them in one transaction.
PartdCounts import_all(const PartdImportArguments& arguments,
                       const std::vector<formats::PartdFile>& files, const PartdOptions& options) {
  std::uint64_t total = 0;
  for (const formats::PartdFile& file : files) total += file.size;
  PartdCounts counts;
  Database database = open_or_create(arguments.file);
  database.transact([&](Transaction& transaction) {
    require_new(transaction, arguments.file, arguments.collection);
    auto partd = transaction.create<Partd>(arguments.collection, options);
    ProgressBar bar("import");
    formats::import_partd_files(arguments.source, files, partd, [&](std::uint64_t bytes) {
      throw_if_interrupted();
      bar.update(counts.bytes += bytes, total);
    });
    throw_if_interrupted();
  });
  counts.keys = files.size();
  database.close();
  return counts;
}

ExitCode run(const PartdImportArguments& arguments) {
  std::vector<formats::PartdFile> files = formats::find_partd_files(arguments.source);
  const OwnFiles own_files(arguments.file, arguments.source);
  std::erase_if(files, [&](const auto& file) { return own_files.leave_out(file.key); });
  PartdOptions options{.codec = codec_called(arguments.codec), .buffer_size = kBufferBytes};
  if (arguments.numpy) options.element = formats::take_numpy_element(arguments.source, files);
  const PartdCounts counts = import_all(arguments, files, options);
  if (arguments.json) {
    Json document = json_document(arguments.file);
    set_bytes(document, "collection", arguments.collection);
    document["keys"] = counts.keys;
    document["bytes"] = counts.bytes;
    document["element"] = options.element.type;
    print_json(document);
  } else {
    write_data(fmt::format("{} ({})\n", counted(counts.keys, "key"), size_text(counts.bytes)));
  }
  return ExitCode::success;
}

}  // namespace

void add_partd_import(CommandLine& command_line, CLI::App& import) {
  command_line.add<PartdImportArguments>(
      import, "partd", "A partd of the files of a partd.File; all of them or none", declare, run);
}

}  // namespace quire::tools
