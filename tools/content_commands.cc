#include "tools/content_commands.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include <quire/database.h>

#include "tools/command_line.h"
#include "tools/interrupt.h"
#include "tools/kind_content.h"
#include "tools/open_database.h"
#include "tools/output.h"

namespace quire::tools {

namespace {

void declare_collection(CLI::App& command, ContentArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_option("NAME", arguments.collection, "the collection")->required();
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

// get

void declare_get(CLI::App& command, ContentArguments& arguments) {
  declare_collection(command, arguments);
  command.add_option("KEY", arguments.key, "the key")->required();
}

ExitCode run_get(const ContentArguments& arguments) {
  const Database database = open_to_read(arguments.file);
  const HashView hash = database.snapshot().open<Hash>(arguments.collection);
  const std::optional<Value> value = hash.get(*arguments.key);
  if (!value) throw_no_key(arguments);
  print_value(arguments, *value);
  return ExitCode::success;
}

// put

void declare_put(CLI::App& command, ContentArguments& arguments) {
  declare_get(command, arguments);
  command.add_option("VALUE", arguments.value, "the value; - or none: standard input");
}

std::string read_standard_input() {
  if (isatty(STDIN_FILENO) != 0) print_message("type the value; Ctrl-D at a line's start ends it");
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    wait_readable(STDIN_FILENO);
    const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0) throw IoError("read", "standard input", errno);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

ExitCode run_put(const ContentArguments& arguments) {
  // Read before the file is locked: whatever writes to the pipe may want the database too.
  const bool from_input = !arguments.value || *arguments.value == "-";
  const std::string value = from_input ? read_standard_input() : *arguments.value;
  Database database = open_or_create(arguments.file);
  const bool is_new = database.transact([&](Transaction& transaction) {
    return transaction.open<Hash>(arguments.collection).put(*arguments.key, value);
  });
  database.close();
  if (arguments.json) {
    Json document = content_json(arguments);
    document["new"] = is_new;
    document["bytes"] = value.size();
    print_json(document);
  }
  return ExitCode::success;
}

// rm

void declare_rm(CLI::App& command, ContentArguments& arguments) {
  declare_collection(command, arguments);
  command.add_option("KEY", arguments.key, "a key of a hash; none: the whole collection");
}

void remove(const ContentArguments& arguments, Transaction& transaction) {
  if (arguments.key) {
    std::optional<Hash> hash = transaction.find<Hash>(arguments.collection);
    if (hash) {
      if (!hash->erase(*arguments.key)) throw_no_key(arguments);
      return;
    }
  } else if (transaction.drop(arguments.collection)) {
    return;
  }
  throw_of<NotFound>(arguments, "no such collection");
}

ExitCode run_rm(const ContentArguments& arguments) {
  Database database = open_to_change(arguments.file);
  database.transact([&](Transaction& transaction) { remove(arguments, transaction); });
  database.close();
  if (arguments.json) {
    Json document = content_json(arguments);
    document["removed"] = arguments.key ? "key" : "collection";
    print_json(document);
  }
  return ExitCode::success;
}

// mv

struct MvArguments {
  ContentArguments of;
  std::string new_name;
};

void declare_mv(CLI::App& command, MvArguments& arguments) {
  declare_collection(command, arguments.of);
  command.add_option("NEW", arguments.new_name, "its new name, which no collection has")
      ->required();
}

ExitCode run_mv(const MvArguments& arguments) {
  Database database = open_to_change(arguments.of.file);
  database.transact([&](Transaction& transaction) {
    transaction.rename(arguments.of.collection, arguments.new_name);
  });
  database.close();
  if (arguments.of.json) {
    Json document = content_json(arguments.of);
    set_bytes(document, "new_name", arguments.new_name);
    print_json(document);
  }
  return ExitCode::success;
}

// cat

void declare_cat(CLI::App& command, ContentArguments& arguments) {
  declare_collection(command, arguments);
  command.add_option("KEY", arguments.key,
                     "a key, as `quire ls FILE NAME` lists them; none: everything");
}

ExitCode run_cat(const ContentArguments& arguments) {
  const Database database = open_to_read(arguments.file);
  const Snapshot snapshot = database.snapshot();
  kind_content(arguments, snapshot).print(arguments, snapshot);
  return ExitCode::success;
}

}  // namespace

void add_content_commands(CommandLine& command_line) {
  CLI::App& app = command_line.app();
  command_line.add<ContentArguments>(app, "get", "Write the value of a key to standard output",
                                     declare_get, run_get);
  command_line.add<ContentArguments>(
      app, "put", "Set the value of a key; makes the file and the hash if they are missing",
      declare_put, run_put);
  command_line.add<ContentArguments>(app, "rm", "Remove a key, or a whole collection", declare_rm,
                                     run_rm);
  command_line.add<MvArguments>(app, "mv", "Give a collection another name", declare_mv, run_mv);
  command_line.add<ContentArguments>(
      app, "cat",
      "Write a collection (a list: an item a line; a hash: key, tab, value) or one value to "
      "standard output",
      declare_cat, run_cat);
}

}  // namespace quire::tools
