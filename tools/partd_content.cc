// What `quire ls` and `quire cat` do with a partd.

#include <fmt/format.h>

#include <string>
#include <utility>

#include <quire/partd.h>

#include "tools/interrupt.h"
#include "tools/kind_content.h"

namespace quire::tools {

namespace {

void print_partd(const ContentArguments& arguments, const Snapshot& snapshot) {
  const PartdView partd = snapshot.open<Partd>(arguments.collection);
  if (arguments.key) {
    if (!partd.contains(*arguments.key)) throw_no_key(arguments);
    return print_value(arguments, partd.get(*arguments.key));
  }
  Json document = content_json(arguments);
  document["kind"] = Partd::kKind;
  document["entries"] = Json::array();
  for (const ByteView key : partd.keys()) {
    throw_if_interrupted();
    const Value value = partd.get(key);
    if (arguments.json) {
      document["entries"].push_back(entry_json(key, value));
    } else {
      write_data(entry_line(key, value));
    }
  }
  if (arguments.json) print_json(document);
}

void list_partd(const ContentArguments& arguments, const Snapshot& snapshot) {
  const PartdView partd = snapshot.open<Partd>(arguments.collection);
  Json document = content_json(arguments);
  document["keys"] = Json::array();
  for (const ByteView key : partd.keys()) {
    throw_if_interrupted();
    const std::uint64_t size = partd.value_size(key);
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "key", key);
      entry["bytes"] = size;
      document["keys"].push_back(std::move(entry));
    } else {
      write_data(fmt::format("{}\t{}\n", for_standard_output(key.text()), size));
    }
  }
  if (arguments.json) print_json(document);
}

}  // namespace

const KindContent kPartdContent{Partd::kKind, list_partd, print_partd};

}  // namespace quire::tools
