#include "tools/import_command.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <quire/database.h>

#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/file_tree.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/own_files.h"
#include "tools/progress_bar.h"
#include "tools/source_file.h"

namespace quire::tools {

namespace {

// A transaction ends with the file that brings it to either limit.
constexpr std::uint64_t kBatchFiles = 64;
constexpr std::uint64_t kBatchBytes = std::uint64_t{4} << 20;

struct DirectoryArguments {
  std::string source;
  std::string file;
  std::string collection;
  bool json = false;
};

void declare_directory(CLI::App& command, DirectoryArguments& arguments) {
  command.add_option("SRC", arguments.source, "the directory")->required();
  command.add_option("FILE", arguments.file, "the database; made if missing")->required();
  command
      .add_option("NAME", arguments.collection,
                  "the hash that gets path -> content; NAME.meta gets path -> size, mode, mtime")
      ->required();
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

struct DirectoryCounts {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t transactions = 0;
};

// Puts the files of one tree into one pair of hashes. Content and meta entry of a file are of the
// same transaction, so a meta entry that agrees with the file says that its content is there.
class DirectoryImport {
 public:
  DirectoryImport(const DirectoryArguments& arguments, Database& database)
      : arguments_(arguments),
        database_(database),
        own_files_(database.info().path, arguments.source) {}

  DirectoryCounts run(const FileTree& tree) {
    try {
      import_all(tree);
    } catch (const Error&) {
      if (kept_.files > 0) {
        print_message(fmt::format(
            "stored before this, and there to stay: {} in {}; the same command will go on from "
            "there",
            counted(kept_.files, "file"), counted(kept_.transactions, "transaction")));
      }
      throw;
    }
    return counts_;
  }

 private:
  void import_all(const FileTree& tree) {
    for (const FileTree::File& file : tree.files) total_ += file.size;
    for (const FileTree::File& file : tree.files) {
      throw_if_interrupted();
      if (!own_files_.leave_out(file.path)) import_file(file.path);
      if (batch_files_ >= kBatchFiles || batch_bytes_ >= kBatchBytes) commit();
      bar_.update(done_ += file.size, total_);
    }
    commit();
  }

  void import_file(const std::string& path) {
    const std::string source = arguments_.source + "/" + path;
    try {
      const SourceStatus status = source_status(source);
      if (open_transaction().second.get(path) == meta_text(status)) {
        ++counts_.unchanged;
        return;
      }
      store(path, source, status.size <= kReadStep);
    } catch (const IoError& error) {
      if (error.path() != source) throw;  // the database's trouble, not the source's
      print_message(fmt::format("skipped: {}", printable(error.message())));
      ++counts_.unreadable;
    }
  }

  void store(const std::string& path, const std::string& source, bool is_short) {
    const SourceStatus file = is_short ? store_whole(path, source) : store_in_steps(path, source);
    open_transaction().second.put(path, meta_text(file));
    ++batch_files_;
    batch_bytes_ += file.size;
    ++counts_.files;
    counts_.bytes += file.size;
  }

  SourceStatus store_whole(const std::string& path, const std::string& source) {
    const SourceFile file = read_source_file(source, UINT64_MAX);
    open_transaction().first.put(path, file.content);
    return {file.content.size(), file.mode, file.mtime_ns};
  }

  // For files larger than memory, each in a transaction of its own: one that cannot be read to its
  // end leaves what was there before. (A savepoint would do, but remembers each page.)
  SourceStatus store_in_steps(const std::string& path, const std::string& source) {
    if (transaction_) commit();
    Hash content = open_transaction().first;
    content.put(path, "");
    std::uint64_t done = done_;
    try {
      return stream_source_file(source, [&](ByteView bytes) {
        throw_if_interrupted();
        content.append(path, bytes);
        bar_.update(done += bytes.size(), total_);
      });
    } catch (...) {
      transaction_.reset();
      throw;
    }
  }

  static std::string meta_text(const SourceStatus& status) {
    return fmt::format(R"({{"size":{},"mode":{},"mtime_ns":{}}})", status.size, status.mode,
                       status.mtime_ns);
  }

  // The hashes of content and meta in the open transaction.
  std::pair<Hash, Hash> open_transaction() {
    if (!transaction_) transaction_ = database_.begin();
    return {transaction_->open<Hash>(arguments_.collection),
            transaction_->open<Hash>(arguments_.collection + ".meta")};
  }

  void commit() {
    open_transaction();  // an empty directory makes the collections too
    transaction_->commit();
    transaction_.reset();
    if (batch_files_ > 0) ++counts_.transactions;
    kept_ = counts_;
    batch_files_ = 0;
    batch_bytes_ = 0;
  }

  const DirectoryArguments& arguments_;
  Database& database_;
  OwnFiles own_files_;
  ProgressBar bar_{"import"};
  std::uint64_t total_ = 0;  // bytes
  std::uint64_t done_ = 0;
  std::optional<Transaction> transaction_;
  std::uint64_t batch_files_ = 0;
  std::uint64_t batch_bytes_ = 0;
  DirectoryCounts counts_;
  DirectoryCounts kept_;  // as of the last commit
};

void print_counts(const DirectoryArguments& arguments, const FileTree& tree,
                  const DirectoryCounts& counts) {
  if (arguments.json) {
    Json document = json_document(arguments.file);
    set_bytes(document, "collection", arguments.collection);
    document["files"] = counts.files;
    document["bytes"] = counts.bytes;
    document["unchanged"] = counts.unchanged;
    document["unreadable"] = counts.unreadable;
    document["symlinks"] = tree.symlink_count;
    document["special"] = tree.special_count;
    document["transactions"] = counts.transactions;
    return print_json(document);
  }
  write_data(fmt::format("{} ({}) in {}; {} unchanged; skipped: {} unreadable, {}, {}\n",
                         counted(counts.files, "file"), size_text(counts.bytes),
                         counted(counts.transactions, "transaction"), count_text(counts.unchanged),
                         count_text(counts.unreadable),
                         counted(tree.symlink_count, "symbolic link"),
                         counted(tree.special_count, "special file")));
}

ExitCode run_directory(const DirectoryArguments& arguments) {
  const FileTree tree = walk_files(arguments.source);
  for (const FileTree::Unreadable& entry : tree.unreadable) {
    print_message(printable(fmt::format("skipped: {}: {}", entry.path, entry.reason)));
  }
  Database database = open_or_create(arguments.file);
  DirectoryCounts counts = DirectoryImport(arguments, database).run(tree);
  counts.unreadable += tree.unreadable.size();
  database.close();
  print_counts(arguments, tree, counts);
  return ExitCode::success;
}

}  // namespace

void add_directory_import(CommandLine& command_line, CLI::App& import) {
  command_line.add<DirectoryArguments>(
      import, "dir", "A hash of the regular files below a directory; may be repeated",
      declare_directory, run_directory);
}

}  // namespace quire::tools
