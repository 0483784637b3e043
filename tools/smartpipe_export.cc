// `quire export smartpipe`: a pipe as files that smart-pipe reads.

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <ostream>
#include <string>

#include <quire/database.h>
#include <quire/pipe.h>

#include "formats/smartpipe.h"
#include "tools/command_line.h"
#include "tools/export_command.h"
#include "tools/figures.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/progress_bar.h"
#include "tools/staging.h"
#include "tools/target_directory.h"

namespace quire::tools {

namespace {

using formats::SmartPipeWriter;

struct SmartPipeArguments {
  std::string file;
  std::string collection;
  std::string target;
  bool compress = false;
  bool skip_empty = false;
  bool force = false;
  bool json = false;
};

void declare_smartpipe(CLI::App& command, SmartPipeArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_option("NAME", arguments.collection, "the pipe")->required();
  command
      .add_option("DEST", arguments.target,
                  "what the files are called: DEST.dat and DEST.idx; their directory is made if "
                  "missing")
      ->required();
  command.add_flag("--compress", arguments.compress, "with zlib: DEST.datz instead of DEST.dat");
  command.add_flag("--skip-empty", arguments.skip_empty,
                   "leave out blocks without pairs, which smart-pipe cannot read compressed");
  command.add_flag("--force", arguments.force, "overwrite files that exist");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

/// Writes one pipe. Everything that speaks against it is found before the first file is written.
class SmartPipeExport {
 public:
  SmartPipeExport(const SmartPipeArguments& arguments, const Snapshot& snapshot)
      : arguments_(arguments), pipe_(snapshot.open<Pipe>(arguments.collection)) {
    const std::filesystem::path target(arguments.target);
    directory_ = target.has_parent_path() ? target.parent_path().string() : ".";
    name_ = target.filename().string();
    std::string reason = reason_against(name_);
    if (reason.empty()) reason = reason_against(name_ + data_ending());
    if (!reason.empty()) {
      throw InvalidArgument("'" + arguments.target + "' cannot be the files' name: " + reason +
                            "; nothing was written");
    }
  }

  void run() {
    for (const Block& block : pipe_) look_at(block);
    TargetDirectory target(directory_);
    const std::string data = name_ + data_ending();
    const std::string index = name_ + std::string(formats::kSmartPipeIndex);
    require_free(target, data, index);
    Staging staging(target);
    const auto write_index = [&](std::ostream& data_stream) {
      const auto write_both = [&](std::ostream& index_stream) { write(data_stream, index_stream); };
      staging.files().write(index, write_both, {}, false);
    };
    staging.files().write(data, write_index, {}, false);
    // The index last: without one the original reads nothing.
    staging.publish({data, index}, arguments_.force);
  }

  std::uint64_t blocks() const noexcept { return blocks_; }
  std::uint64_t pairs() const noexcept { return pairs_; }
  std::uint64_t skipped() const noexcept { return skipped_; }

 private:
  std::string data_ending() const {
    return std::string(arguments_.compress ? formats::kSmartPipeCompressed
                                           : formats::kSmartPipeRaw);
  }

  void look_at(const Block& block) {
    throw_if_interrupted();
    raw_bytes_ += block.raw_bytes();
    if (!block.empty()) return;
    if (arguments_.skip_empty) {
      ++skipped_;
    } else if (arguments_.compress) {
      InvalidArgument error("block '" + block.key().str() +
                            "' is empty, and smart-pipe cannot read that compressed; --skip-empty "
                            "leaves such blocks out, and without --compress they can be written");
      error.add_file(arguments_.file);
      error.add_collection(arguments_.collection);
      throw error;
    }
  }

  void require_free(const TargetDirectory& target, const std::string& data,
                    const std::string& index) const {
    const std::string raw = name_ + std::string(formats::kSmartPipeRaw);
    if (arguments_.compress && target.exists(raw)) {
      throw KeyExists("'" + directory_ + "/" + raw +
                      "' exists, and smart-pipe would read it instead; move it away, or choose "
                      "another name");
    }
    const std::string packed = name_ + std::string(formats::kSmartPipeCompressed);
    if (!arguments_.compress && arguments_.force && target.exists(packed)) {
      throw KeyExists("'" + directory_ + "/" + packed +
                      "' exists, whose index would be overwritten; move it away, or choose another "
                      "name");
    }
    for (const std::string& name : {data, index}) {
      if (!arguments_.force && target.exists(name)) target.throw_exists(name);
    }
  }

  void write(std::ostream& data, std::ostream& index) {
    SmartPipeWriter writer(data, index, arguments_.compress);
    ProgressBar bar("export");
    std::uint64_t done = 0;
    for (const Block& block : pipe_) {
      if (block.empty() && arguments_.skip_empty) continue;
      writer.begin_block(block.key());
      for (const auto [key, value] : block) {
        throw_if_interrupted();
        writer.append(key, value);
        bar.update(done += key.size() + value.size(), raw_bytes_);
      }
      ++blocks_;
      pairs_ += block.size();
    }
    writer.finish();
  }

  const SmartPipeArguments& arguments_;
  PipeView pipe_;
  std::string directory_;
  std::string name_;
  std::uint64_t raw_bytes_ = 0;
  std::uint64_t blocks_ = 0;
  std::uint64_t pairs_ = 0;
  std::uint64_t skipped_ = 0;
};

ExitCode run_smartpipe(const SmartPipeArguments& arguments) {
  const Database database = open_to_read(arguments.file);
  SmartPipeExport files(arguments, database.snapshot());
  files.run();
  if (arguments.json) {
    Json document = json_document(arguments.file);
    set_bytes(document, "collection", arguments.collection);
    set_bytes(document, "target", arguments.target);
    document["blocks"] = files.blocks();
    document["pairs"] = files.pairs();
    document["skipped"] = files.skipped();
    print_json(document);
  } else {
    write_data(fmt::format("{} of {}; {} left out\n", counted(files.blocks(), "block"),
                           counted(files.pairs(), "pair"), counted(files.skipped(), "empty one")));
  }
  return ExitCode::success;
}

}  // namespace

void add_smartpipe_export(CommandLine& command_line, CLI::App& export_command) {
  command_line.add<SmartPipeArguments>(export_command, "smartpipe",
                                       "Files of smart-pipe; the reverse of import smartpipe",
                                       declare_smartpipe, run_smartpipe);
}

}  // namespace quire::tools
