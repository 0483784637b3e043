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

std::string_view codec_text(Codec codec) {
  switch (codec) {
    case Codec::none:
      break;
    case Codec::zstd:
      return "zstd";
    case Codec::lz4:
      return "lz4";
    case Codec::snappy:
      return "snappy";
  }
  return "none";
}

Json describe_partd(const Snapshot& snapshot, const std::string& name) {
  const PartdView partd = snapshot.open<Partd>(name);
  Json members = Json::object();
  if (!partd.element().type.empty()) set_bytes(members, "element", partd.element().type);
  members["codec"] = codec_text(partd.codec());
  return members;
}

}  // namespace

const KindContent kPartdContent{Partd::kKind, list_partd, print_partd, describe_partd};

}  // namespace quire::tools
