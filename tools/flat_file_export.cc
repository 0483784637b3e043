#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <quire/database.h>
#include <quire/flat_file.h>

#include "formats/conduit_files.h"
#include "formats/zstd_seekable.h"
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

using formats::kConduitDataDirectory;
using formats::kConduitLocations;

constexpr std::uint64_t kPiece = std::uint64_t{1} << 20;  // and bytes of a frame made here
constexpr std::uint64_t kLargestNumber = 99'999'999;

struct FlatFileExportArguments {
  std::string file;
  std::string collection;
  std::string target;
  bool compress = false;
  bool force = false;
  bool json = false;
};

void declare_export(CLI::App& command, FlatFileExportArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_option("NAME", arguments.collection, "the flat file")->required();
  command
      .add_option("DEST", arguments.target,
                  "the directory that gets data/data_NNNNNNNN.dat and locations.jsonl; made if "
                  "missing")
      ->required();
  command.add_flag("--compress", arguments.compress, "write data_NNNNNNNN.dat.zst, seekable zstd");
  command.add_flag("--force", arguments.force, "replace data/ and locations.jsonl if they exist");
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

// Writes one flat file: a data file for each segment, under the segment's number.
class FlatFileExport {
 public:
  FlatFileExport(const FlatFileExportArguments& arguments, const Snapshot& snapshot)
      : arguments_(arguments), flat_file_(snapshot.open<FlatFile>(arguments.collection)) {
    for (const FlatFileSegment& segment : flat_file_.segments()) {
      if (segment.values == 0) continue;
      segments_.push_back(segment);
      values_ += segment.values;
      bytes_ += segment.size;
    }
  }

  void run() {
    if (!segments_.empty() && segments_.back().id > kLargestNumber) {
      throw InvalidArgument("segment " + std::to_string(segments_.back().id) +
                            " has no name among data files, which have 8 digits");
    }
    TargetDirectory target(arguments_.target);
    require_replaceable(target);
    Staging staging(target);
    write_all(staging.files());
    // The list last: it says that the data is all there.
    staging.publish({kConduitDataDirectory, kConduitLocations}, arguments_.force);
  }

  void print_counts() const {
    if (arguments_.json) {
      Json document = json_document(arguments_.file);
      set_bytes(document, "collection", arguments_.collection);
      set_bytes(document, "directory", arguments_.target);
      document["files"] = segments_.size();
      document["values"] = values_;
      document["bytes"] = bytes_;
      return print_json(document);
    }
    write_data(fmt::format("{} ({}) in {}\n", counted(values_, "value"), size_text(bytes_),
                           counted(segments_.size(), "file")));
  }

 private:
  // The whole directory of data is replaced: the original would take a file of an earlier export
  // that stays in it for one of the new ones. So nothing else may lie in it.
  void require_replaceable(const TargetDirectory& target) const {
    for (const char* name : {kConduitDataDirectory, kConduitLocations}) {
      if (!arguments_.force && target.exists(name)) target.throw_exists(name);
    }
    const std::string data = arguments_.target + "/" + kConduitDataDirectory;
    if (!std::filesystem::is_directory(std::filesystem::symlink_status(data))) return;
    const formats::ConduitDirectory directory(data);
    if (directory.others().empty()) return;
    throw KeyExists("'" + data + "/" + directory.others().front().name +
                    "' is of no export, and the directory is to be replaced; move it away");
  }

  void write_all(TargetDirectory& target) {
    ProgressBar bar("export");
    target.make_directory(kConduitDataDirectory);
    for (const FlatFileSegment& segment : segments_) {
      const auto content = [&](std::ostream& out) {
        arguments_.compress ? write_compressed(segment, out, bar) : write_plain(segment, out, bar);
      };
      target.write(std::string(kConduitDataDirectory) + "/" + name_of(segment), content,
                   std::nullopt, false);
    }
    const auto list = [&](std::ostream& out) { write_locations(out); };
    target.write(kConduitLocations, list, std::nullopt, false);
  }

  std::string name_of(const FlatFileSegment& segment) const {
    return formats::ConduitName{static_cast<std::uint32_t>(segment.id), arguments_.compress}.text();
  }

  void write_plain(const FlatFileSegment& segment, std::ostream& out, ProgressBar& bar) {
    for (std::uint64_t at = 0; at < segment.size; at += kPiece) {
      out << piece(segment, at, kPiece).text();
      bar.update(done_, bytes_);
    }
  }

  // Frames that are there go out as they are stored.
  void write_compressed(const FlatFileSegment& segment, std::ostream& out, ProgressBar& bar) {
    formats::SeekableZstdWriter writer(out);
    const std::uint64_t frame_size = flat_file_.options().frame_size;
    std::uint64_t at = 0;
    for (std::uint64_t frame = 0; frame < segment.frames; ++frame) {
      throw_if_interrupted();
      const std::uint64_t size = std::min(frame_size, segment.size - at);
      writer.add_frame(flat_file_.frame(segment.id, frame), size);
      at += size;
      bar.update(done_ += size, bytes_);
    }
    for (; at < segment.size; at += kPiece) {
      writer.pack(piece(segment, at, kPiece));
      bar.update(done_, bytes_);
    }
    writer.finish();
  }

  Value piece(const FlatFileSegment& segment, std::uint64_t at, std::uint64_t most) {
    throw_if_interrupted();
    const std::uint64_t count = std::min(most, segment.size - at);
    done_ += count;
    return flat_file_.get({segment.id, at, count});
  }

  void write_locations(std::ostream& out) const {
    for (const FlatFileSegment& segment : segments_) {
      for (const DataLocation& location : flat_file_.scan(segment.id)) {
        throw_if_interrupted();
        Json line;
        line["file"] = name_of(segment);
        line["start"] = location.offset;
        line["end"] = location.offset + location.length;
        line["segment"] = location.segment;
        line["offset"] = location.offset;
        line["length"] = location.length;
        out << line.dump() << '\n';
      }
    }
  }

  const FlatFileExportArguments& arguments_;
  FlatFileView flat_file_;
  std::vector<FlatFileSegment> segments_;  // that hold a value
  std::uint64_t values_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t done_ = 0;
};

ExitCode run_export(const FlatFileExportArguments& arguments) {
  const Database database = open_to_read(arguments.file);
  FlatFileExport files(arguments, database.snapshot());
  files.run();
  files.print_counts();
  return ExitCode::success;
}

}  // namespace

void add_flat_file_export(CommandLine& command_line, CLI::App& command) {
  command_line.add<FlatFileExportArguments>(
      command, "flatfile", "Conduit's data files, and a list of where each value lies",
      declare_export, run_export);
}

}  // namespace quire::tools
