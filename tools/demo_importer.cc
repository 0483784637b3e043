#include "tools/demo_importer.h"

#include <fmt/format.h>

#include <sstream>
#include <string_view>
#include <vector>

#include "tools/demo_content.h"
#include "tools/demo_directories.h"
#include "tools/demo_plan.h"
#include "tools/demo_reader.h"
#include "tools/demo_words.h"
#include "tools/held_snapshot.h"
#include "tools/output.h"
#include "tools/source_file.h"

namespace quire::tools {

namespace {

// A transaction ends with the file that brings it to either limit.
constexpr std::uint64_t kBatchFiles = 8;
constexpr std::uint64_t kBatchBytes = std::uint64_t{1} << 20;

// The file as it is now, or nothing if it has become unreadable since the plan was made.
std::optional<SourceFile> read_if_possible(const std::string& path) {
  try {
    return read_source_file(path, UINT64_MAX);
  } catch (const IoError&) {
    return std::nullopt;
  }
}

void store(Transaction& transaction, const std::string& path, DemoProgress& progress) {
  PathRecord record;
  if (const std::optional<SourceFile> file = read_if_possible(path)) {
    record.number = static_cast<std::uint32_t>(progress.files + 1);
    record.mode = file->mode;
    record.size = file->content.size();
    record.mtime_ns = file->mtime_ns;
    transaction.create<Blob>(demo_blob_name(record.number)).append(file->content);
    WordsByKey words;
    progress.words += add_words(file->content, words);
    transaction.open<Partd>(kDemoWords).append(words);
  }
  transaction.open<Records<PathRecord>>(kDemoPaths).put(path, record);
  transaction.open<List>(kDemoArrivals).push_back(path);
  ++progress.files;
  progress.bytes += record.size;
}

// Returns the number of the commit.
std::uint64_t import_batch(Database& database, const std::vector<std::string>& paths,
                           const DemoDirectories& directories, DemoProgress& progress) {
  Transaction transaction = database.begin();
  transaction.open<Pipe>(kDemoDirectories);
  transaction.open<Partd>(kDemoWords, {.codec = Codec::zstd});
  const DemoProgress before = progress;
  while (progress.files < paths.size() && progress.files < before.files + kBatchFiles &&
         progress.bytes < before.bytes + kBatchBytes) {
    const auto& completed = directories.completed_by(progress.files);
    store(transaction, paths[progress.files], progress);
    if (completed.empty()) continue;
    directories.store(transaction, completed);
    ++progress.directories;
  }
  ++progress.transactions;
  write_progress(transaction, progress);
  return transaction.commit();
}

// The words of a line that the importer tells: kDone or kHeld, then numbers.
constexpr std::string_view kDone = "done";
constexpr std::string_view kHeld = "held";

// Returns what the reader has found wrong, or "".
std::string import_all(Database& database, const std::vector<std::string>& paths) {
  DemoReader reader(database);
  const DemoDirectories directories(paths);
  DemoProgress progress = read_progress(database.snapshot());
  while (progress.files < paths.size() && reader.problem().empty()) {
    const std::uint64_t seq = import_batch(database, paths, directories, progress);
    tell_parent(fmt::format("{} {} {} {}", kDone, seq, progress.files, reader.snapshots()));
  }
  return reader.problem();
}

// Returns what is wrong, or "".
std::string read_again(const HeldSnapshot& held) {
  if (!held.reads_the_same()) {
    return fmt::format("the snapshot of commit {} does not read as it did at first", held.seq());
  }
  tell_parent(
      fmt::format("{} {} {} {}", kHeld, held.seq(), held.content().files, held.content().bytes));
  return {};
}

std::vector<std::string> arguments_for(const std::string& database_path,
                                       const std::string& plan_path, bool holds_snapshot) {
  std::vector<std::string> arguments{kDemoImporterCommand};
  if (holds_snapshot) arguments.emplace_back(kHoldFlag);
  arguments.insert(arguments.end(), {"--", database_path, plan_path});
  return arguments;
}

}  // namespace

ExitCode run_demo_importer(const std::string& database_path, const std::string& plan_path,
                           bool holds_snapshot) {
  const std::vector<std::string> paths = load_paths(plan_path);
  Database database = open_demo_database(database_path);
  std::optional<HeldSnapshot> held;
  if (holds_snapshot) held.emplace(database);
  std::string problem = import_all(database, paths);
  if (problem.empty() && held) problem = read_again(*held);
  held.reset();
  database.close();
  if (problem.empty()) return ExitCode::success;
  print_message(problem);
  return ExitCode::problem;
}

ImporterProcess::ImporterProcess(const std::string& database_path, const std::string& plan_path,
                                 bool holds_snapshot)
    : process_(arguments_for(database_path, plan_path, holds_snapshot)) {}

std::optional<Acknowledgement> ImporterProcess::next() {
  while (const std::optional<std::string> line = process_.next_line()) {
    std::istringstream words(*line);
    std::string word;
    words >> word;
    if (word == kDone) {
      Acknowledgement done;
      words >> done.seq >> done.files >> done.snapshots;
      return done;
    }
    held_.emplace();
    words >> held_->seq >> held_->files >> held_->bytes;
  }
  return std::nullopt;
}

}  // namespace quire::tools
