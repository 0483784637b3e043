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
#include "tools/open_database.h"
#include "tools/output.h"

namespace quire::tools {

namespace {

// What the four commands share. Where KEY or VALUE may be left out, an empty one still counts as
// given: "" is a key like any other.
struct ContentArguments {
  std::string file;
  std::string collection;
  std::optional<std::string> key;
  std::optional<std::string> value;
  bool json = false;
};

void declare_collection(CLI::App& command, ContentArguments& arguments) {
  command.add_option("FILE", arguments.file, "the database")->required();
  command.add_option("NAME", arguments.collection, "the collection")->required();
  command.add_flag("--json", arguments.json, "one JSON object on standard output");
}

Json content_json(const ContentArguments& arguments) {
  Json document = json_document(arguments.file);
  set_bytes(document, "collection", arguments.collection);
  if (arguments.key) set_bytes(document, "key", *arguments.key);
  return document;
}

[[noreturn]] void throw_no_key(const ContentArguments& arguments) {
  NotFound error("no key '" + *arguments.key + "'; `quire ls FILE NAME` lists those there are");
  error.add_file(arguments.file);
  error.add_collection(arguments.collection);
  throw error;
}

// get, and cat with a key

void declare_get(CLI::App& command, ContentArguments& arguments) {
  declare_collection(command, arguments);
  command.add_option("KEY", arguments.key, "the key")->required();
}

void print_value(const ContentArguments& arguments, const HashView& hash) {
  const std::optional<Value> value = hash.get(*arguments.key);
  if (!value) throw_no_key(arguments);
  if (!arguments.json) {
    write_data(*value);
    // A prompt should not follow it on the same line; in a pipe the value is all there is.
    if (isatty(STDOUT_FILENO) != 0 && !value->text().ends_with('\n')) write_data("\n");
    return;
  }
  Json document = content_json(arguments);
  document["bytes"] = value->size();
  set_bytes(document, "value", *value);
  print_json(document);
}

ExitCode run_get(const ContentArguments& arguments) {
  Database database = open_to_read(arguments.file);
  print_value(arguments, database.snapshot().open<Hash>(arguments.collection));
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
  NotFound error("no such collection");
  error.add_file(arguments.file);
  error.add_collection(arguments.collection);
  throw error;
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

// cat

void declare_cat(CLI::App& command, ContentArguments& arguments) {
  declare_collection(command, arguments);
  command.add_option("KEY", arguments.key, "a key of a hash; none: everything");
}

void print_blob(const ContentArguments& arguments, const BlobView& blob) {
  if (arguments.json) {
    Json document = content_json(arguments);
    document["kind"] = Blob::kKind;
    document["bytes"] = blob.size();
    set_bytes(document, "content", blob.read_all());
    return print_json(document);
  }
  for (const ByteView chunk : blob.chunks()) {
    throw_if_interrupted();
    write_data(chunk);
  }
}

void print_hash(const ContentArguments& arguments, const HashView& hash) {
  Json document = content_json(arguments);
  document["kind"] = Hash::kKind;
  document["entries"] = Json::array();
  for (const auto& [key, value] : hash) {
    throw_if_interrupted();
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "key", key);
      set_bytes(entry, "value", value);
      document["entries"].push_back(std::move(entry));
    } else {
      write_data(for_standard_output(key.text()) + "\t" + for_standard_output(value.text()) + "\n");
    }
  }
  if (arguments.json) print_json(document);
}

void print_list(const ContentArguments& arguments, const ListView& list) {
  Json document = content_json(arguments);
  document["kind"] = List::kKind;
  document["items"] = Json::array();
  for (const Value item : list) {
    throw_if_interrupted();
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "value", item);
      document["items"].push_back(std::move(entry));
    } else {
      write_data(for_standard_output(item.text()) + "\n");
    }
  }
  if (arguments.json) print_json(document);
}

// Nothing if the collection is of another kind.
template <Collection T>
std::optional<typename T::View> open_if(const Snapshot& snapshot, const std::string& name) {
  try {
    return snapshot.open<T>(name);
  } catch (const TypeMismatch&) {
    return std::nullopt;
  }
}

ExitCode run_cat(const ContentArguments& arguments) {
  Database database = open_to_read(arguments.file);
  const Snapshot snapshot = database.snapshot();
  if (arguments.key) {
    print_value(arguments, snapshot.open<Hash>(arguments.collection));
  } else if (const auto blob = open_if<Blob>(snapshot, arguments.collection)) {
    print_blob(arguments, *blob);
  } else if (const auto list = open_if<List>(snapshot, arguments.collection)) {
    print_list(arguments, *list);
  } else {
    print_hash(arguments, snapshot.open<Hash>(arguments.collection));
  }
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
  command_line.add<ContentArguments>(
      app, "cat",
      "Write a blob, a list (an item a line), a hash (key, tab, value) or one value to standard "
      "output",
      declare_cat, run_cat);
}

}  // namespace quire::tools
