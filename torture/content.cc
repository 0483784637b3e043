#include "torture/content.h"

#include <map>
#include <utility>

#include <quire/blob.h>
#include <quire/error.h>
#include <quire/facades.h>
#include <quire/hash.h>
#include <quire/list.h>

namespace quire::torture {

namespace {

using Entries = std::map<std::string, std::string>;

void add(std::string& text, ByteView bytes) {
  text += std::to_string(bytes.size()) + ":";
  text += bytes.text();
}

void add(std::string& text, const Entries& entries) {
  for (const auto& [key, value] : entries) {
    add(text, key);
    add(text, value);
  }
}

std::string text_of(const Item& item) {
  return std::to_string(item.number) +
         std::string(reinterpret_cast<const char*>(item.bytes), sizeof item.bytes);
}

void read(const BlobView& blob, std::string& text) { add(text, blob.read_all()); }

void read(const ListView& list, std::string& text) {
  for (const Value item : list) add(text, item);
}

void read(const HashView& hash, std::string& text) {
  Entries entries;
  for (const auto& [key, value] : hash) entries.emplace(key.text(), value.text());
  add(text, entries);
}

void read(const PipeView& pipe, std::string& text) {
  for (const Block& block : pipe) {
    add(text, block.key());
    for (const auto [key, value] : block) {
      add(text, key);
      add(text, value);
    }
    text += ";";
  }
}

void read(const FlatFileView& flat_file, std::string& text) {
  for (const FlatFileSegment& segment : flat_file.segments()) {
    text += std::to_string(segment.id) + (segment.sealed ? " sealed " : " open ");
    for (const DataLocation& location : flat_file.scan(segment.id)) {
      text += std::to_string(location.offset) + " ";
      add(text, flat_file.get(location));
    }
  }
}

void read(const PartdView& partd, std::string& text) {
  Entries entries;
  for (const ByteView key : partd.keys()) entries.emplace(key.text(), partd.get(key).text());
  add(text, entries);
}

void read(const RecordsView<Item>& records, std::string& text) {
  Entries entries;
  for (const auto& [key, record] : records) {
    entries.emplace(key.text(), std::to_string(records.version(key)) + " " + text_of(*record));
  }
  add(text, entries);
}

void read(const RecordArrayView<Item>& arrays, std::string& text) {
  Entries entries;
  for (const std::string& key : arrays.keys()) {
    std::string& items = entries[key];
    for (const auto item : arrays.view(key)) add(items, text_of(*item));
  }
  add(text, entries);
}

void read(const RingView<Item>& ring, std::string& text) {
  text += std::to_string(ring.capacity()) + " ";
  for (std::uint64_t index = 0; index < ring.size(); ++index) add(text, text_of(*ring.at(index)));
}

template <class T>
bool read_if(const Snapshot& snapshot, const CollectionInfo& info, std::string& text) {
  if (info.kind != T::kKind) return false;
  read(snapshot.open<T>(info.name), text);
  return true;
}

template <class... T>
void read_one_of(const Snapshot& snapshot, const CollectionInfo& info, std::string& text) {
  if ((read_if<T>(snapshot, info, text) || ...)) return;
  throw InvalidArgument("'" + info.name + "' is a " + info.kind +
                        ", which no operation of this campaign makes");
}

}  // namespace

std::string content_of(const Database& database) {
  const Snapshot snapshot = database.snapshot();
  Entries collections;
  for (const CollectionInfo& info : snapshot.collections()) {
    std::string text;
    read_one_of<Blob, List, Hash, Pipe, FlatFile, Partd, Records<Item>, RecordArray<Item>,
                Ring<Item>>(snapshot, info, text);
    collections.emplace(info.name + " " + info.kind, std::move(text));
  }
  std::string all;
  add(all, collections);
  return all;
}

}  // namespace quire::torture
