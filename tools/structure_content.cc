// What `quire ls` and `quire cat` do with the three structures.

#include <string>
#include <utility>

#include "tools/interrupt.h"
#include "tools/kind_content.h"

namespace quire::tools {

namespace {

void print_blob(const ContentArguments& arguments, const Snapshot& snapshot) {
  if (arguments.key) throw_has_no_keys(arguments, Blob::kKind);
  const BlobView blob = snapshot.open<Blob>(arguments.collection);
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

void print_list(const ContentArguments& arguments, const Snapshot& snapshot) {
  if (arguments.key) throw_has_no_keys(arguments, List::kKind);
  Json document = content_json(arguments);
  document["kind"] = List::kKind;
  document["items"] = Json::array();
  for (const Value item : snapshot.open<List>(arguments.collection)) {
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

void print_hash(const ContentArguments& arguments, const Snapshot& snapshot) {
  const HashView hash = snapshot.open<Hash>(arguments.collection);
  if (arguments.key) {
    const std::optional<Value> value = hash.get(*arguments.key);
    if (!value) throw_no_key(arguments);
    return print_value(arguments, *value);
  }
  Json document = content_json(arguments);
  document["kind"] = Hash::kKind;
  document["entries"] = Json::array();
  for (const auto& [key, value] : hash) {
    throw_if_interrupted();
    if (arguments.json) {
      document["entries"].push_back(entry_json(key, value));
    } else {
      write_data(entry_line(key, value));
    }
  }
  if (arguments.json) print_json(document);
}

void list_hash(const ContentArguments& arguments, const Snapshot& snapshot) {
  Json document = content_json(arguments);
  document["keys"] = Json::array();
  for (const auto& [key, value] : snapshot.open<Hash>(arguments.collection)) {
    throw_if_interrupted();
    if (arguments.json) {
      Json entry;
      set_bytes(entry, "key", key);
      entry["bytes"] = value.size();
      document["keys"].push_back(std::move(entry));
    } else {
      write_data(for_standard_output(key.text()) + "\n");
    }
  }
  if (arguments.json) print_json(document);
}

}  // namespace

const KindContent kBlobContent{Blob::kKind, nullptr, print_blob};
const KindContent kListContent{List::kKind, nullptr, print_list};
const KindContent kHashContent{Hash::kKind, list_hash, print_hash};

}  // namespace quire::tools
