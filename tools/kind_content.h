#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <quire/database.h>

#include "tools/output.h"

namespace quire::tools {

/// What the commands that look into a collection share. Where KEY or VALUE may be left out, an
/// empty one still counts as given: "" is a key like any other.
struct ContentArguments {
  std::string file;
  std::string collection;
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  bool json = false;
};

/// The document of a --json: file, collection, and the key if one was given.
Json content_json(const ContentArguments& arguments);
/// An error of that kind, with file and collection.
template <class E>
[[noreturn]] void throw_of(const ContentArguments& arguments, const std::string& message) {
  E error(message);
  error.add_file(arguments.file);
  error.add_collection(arguments.collection);
  throw error;
}
/// NotFound of the key that was given, with file and collection.
[[noreturn]] void throw_no_key(const ContentArguments& arguments);
/// A value as `quire get` and `quire cat FILE NAME KEY` write it.
void print_value(const ContentArguments& arguments, ByteView value);

/// A key and its value as `quire cat` shows them among others: as JSON, and as a line of text.
Json entry_json(ByteView key, ByteView value);
std::string entry_line(ByteView key, ByteView value);

/// What `quire ls FILE NAME` and `quire cat FILE NAME [KEY]` do with collections of one kind. Both
/// write to standard output, as JSON if that is asked for, and call throw_if_interrupted() between
/// two steps.
struct KindContent {
  std::string_view kind;
  /// One line for each thing that has a key; nullptr if nothing in it has one.
  void (*list)(const ContentArguments&, const Snapshot&) = nullptr;
  /// All of it, or the part that the key names.
  void (*print)(const ContentArguments&, const Snapshot&) = nullptr;
  /// An object of what else `quire ls FILE` says of a collection; nullptr if nothing. Does not read
  /// what is in it.
  Json (*describe)(const Snapshot&, const std::string& name) = nullptr;
};

/// The kinds that the command can look into; each is defined beside its functions.
extern const KindContent kBlobContent;
extern const KindContent kListContent;
extern const KindContent kHashContent;
extern const KindContent kFlatFileContent;
extern const KindContent kPartdContent;
extern const KindContent kPipeContent;
extern const KindContent kRecordArrayContent;
extern const KindContent kRecordsContent;
extern const KindContent kRingContent;

/// That of a kind; nullptr if the command does not know it.
const KindContent* find_kind_content(std::string_view kind);
/// That of a collection. NotFound if there is no collection of that name, TypeMismatch if the
/// command does not know its kind.
const KindContent& kind_content(const ContentArguments& arguments, const Snapshot& snapshot);
/// InvalidArgument, with file and collection: things in it have no keys.
[[noreturn]] void throw_has_no_keys(const ContentArguments& arguments, std::string_view kind);

}  // namespace quire::tools
