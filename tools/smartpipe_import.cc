// `quire import smartpipe`: the files of smart-pipe become a pipe, in one transaction.

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <quire/database.h>
#include <quire/pipe.h>

#include "formats/smartpipe.h"
#include "tools/command_line.h"
#include "tools/figures.h"
#include "tools/import_command.h"
#include "tools/interrupt.h"
#include "tools/open_database.h"
#include "tools/output.h"
#include "tools/progress_bar.h"

namespace quire::tools {

namespace {

using formats::SmartPipeReader;

struct SmartPipeArguments {
  std::string source;
  std::string file;
  std::string collection;
  std::string duplicates = "refuse";
  std::optional<std::string> orphans;
  int compression_level = PipeOptions().compression_level;
  bool json = false;
};

void declare_smartpipe(CLI::App& command, SmartPipeArguments& arguments) {
  command
      .add_option("SRC", arguments.source,
                  "the files' common name, or one of them: SRC.dat or SRC.datz, with SRC.idx")
      ->required();
  command.add_option("FILE", arguments.file, "the database; made if missing")->required();
  command.add_option("NAME", arguments.collection, "the pipe, which must be new")->required();
  command
      .add_option("--duplicates", arguments.duplicates,
                  "what becomes of a block whose key an earlier one has: refuse the files, keep "
                  "the first or the last one, or add #2, #3 .. to its key")
      ->check(CLI::IsMember({"refuse", "keep-first", "keep-last", "suffix"}))
      ->capture_default_str();
  command.add_option("--orphans", arguments.orphans,
                     "the key of a block for the records before the first block");
  command
      .add_option("--compression-level", arguments.compression_level,
                  "zstd's level for NAME; 0 stores blocks as they are")
      ->check(CLI::Range(0, 22))
      ->capture_default_str();
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

struct SmartPipeCounts {
  std::uint64_t blocks = 0;
  std::uint64_t pairs = 0;
  std::uint64_t bytes = 0;  // of keys and values
  std::uint64_t duplicates = 0;
};

/// Puts the blocks of one pair of files into a new pipe.
class SmartPipeImport {
 public:
  SmartPipeImport(const SmartPipeArguments& arguments, SmartPipeReader& reader, Pipe pipe)
      : arguments_(arguments), reader_(reader), pipe_(std::move(pipe)) {}

  SmartPipeCounts run() {
    ProgressBar bar("import");
    while (const auto block = reader_.next_block()) {
      if (const auto key = key_for(*block)) take(*key, bar);
    }
    return counts_;
  }

 private:
  /// Under which key the block is stored; nothing if it is left out.
  std::optional<std::string> key_for(const SmartPipeReader::Block& block) {
    if (block.is_orphaned) {
      if (arguments_.orphans) return *arguments_.orphans;
      throw InvalidArgument(fmt::format(
          "'{}': records that belong to no block begin it, {}; --orphans KEY puts them into one of "
          "that key",
          reader_.data_path(), counted(block.end, "byte")));
    }
    if (!pipe_.contains(block.key)) return block.key;
    ++counts_.duplicates;
    if (arguments_.duplicates == "refuse") refuse_duplicate(block);
    if (arguments_.duplicates == "keep-first") return std::nullopt;
    if (arguments_.duplicates == "suffix") return free_key(block.key);
    pipe_.remove(block.key);
    --counts_.blocks;
    return block.key;
  }

  std::string free_key(const std::string& key) {
    // From where the last one of that key was found, or a long row of them would take for ever.
    for (std::uint64_t& number = last_numbers_.try_emplace(key, 1).first->second;;) {
      throw_if_interrupted();
      std::string candidate = key + "#" + std::to_string(++number);
      if (!pipe_.contains(candidate)) return candidate;
    }
  }

  [[noreturn]] void refuse_duplicate(const SmartPipeReader::Block& block) const {
    std::string first;
    SmartPipeReader again(reader_.data_path());
    while (const auto earlier = first.empty() ? again.next_block() : std::nullopt) {
      if (earlier->is_orphaned && arguments_.orphans == block.key) {
        first = "in the block of --orphans";
      } else if (!earlier->is_orphaned && earlier->key == block.key) {
        first = "at byte " + std::to_string(earlier->offset);
      }
    }
    throw InvalidArgument(fmt::format(
        "'{}': two blocks have the key '{}', {} and at byte {}; --duplicates says which to keep",
        reader_.data_path(), block.key, first, block.offset));
  }

  void take(const std::string& key, ProgressBar& bar) {
    throw_if_interrupted();
    BlockWriter writer = pipe_.begin_block(key);
    while (const auto record = reader_.next_record()) {
      throw_if_interrupted();
      writer.append(record->key, record->value);
      ++counts_.pairs;
      counts_.bytes += record->key.size() + record->value.size();
      bar.update(reader_.bytes_read(), reader_.data_bytes());
    }
    writer.finish();
    ++counts_.blocks;
  }

  const SmartPipeArguments& arguments_;
  SmartPipeReader& reader_;
  Pipe pipe_;
  SmartPipeCounts counts_;
  std::map<std::string, std::uint64_t> last_numbers_;  // of keys that came more than once
};

void print_counts(const SmartPipeArguments& arguments, const SmartPipeCounts& counts,
                  std::size_t torn_index_bytes) {
  if (torn_index_bytes > 0) {
    print_message(
        fmt::format("skipped: {} behind the last entry of the index, as the original does",
                    counted(torn_index_bytes, "byte")));
  }
  if (arguments.json) {
    Json document = json_document(arguments.file);
    set_bytes(document, "collection", arguments.collection);
    document["blocks"] = counts.blocks;
    document["pairs"] = counts.pairs;
    document["bytes"] = counts.bytes;
    document["duplicates"] = counts.duplicates;
    document["torn_index_bytes"] = torn_index_bytes;
    return print_json(document);
  }
  write_data(fmt::format("{} of {} ({}); {}\n", counted(counts.blocks, "block"),
                         counted(counts.pairs, "pair"), size_text(counts.bytes),
                         counted(counts.duplicates, "duplicate key")));
}

ExitCode run_smartpipe(const SmartPipeArguments& arguments) {
  SmartPipeReader reader(arguments.source);
  Database database = open_or_create(arguments.file);
  const SmartPipeCounts counts = database.transact([&](Transaction& txn) {
    require_new(txn, arguments.file, arguments.collection);
    const PipeOptions options{.compression_level = arguments.compression_level};
    return SmartPipeImport(arguments, reader, txn.create<Pipe>(arguments.collection, options))
        .run();
  });
  database.close();
  print_counts(arguments, counts, reader.torn_index_bytes());
  return ExitCode::success;
}

}  // namespace

void add_smartpipe_import(CommandLine& command_line, CLI::App& import) {
  command_line.add<SmartPipeArguments>(
      import, "smartpipe", "A pipe of the blocks in files of smart-pipe, in one transaction",
      declare_smartpipe, run_smartpipe);
}

}  // namespace quire::tools
