#include "tests/format/content_summary.h"

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/checksum.h"
#include "base/endian.h"
#include "base/hex.h"
#include "tests/format/golden_types.h"

namespace quire::testing {
namespace {

std::string hex(std::uint64_t number) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += kDigits[number >> shift & 15];
  return text;
}

void add_with_length(std::string& out, const std::string& bytes) {
  const Le64 length = bytes.size();
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out += bytes;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

/// Members in the order of their names; values are JSON already.
std::string object(const std::map<std::string, std::string>& members, const std::string& indent) {
  std::string json = "{";
  for (const char* separator = "\n"; const auto& [name, value] : members) {
    json += separator + indent + "  " + quoted(name) + ": " + value;
    separator = ",\n";
  }
  return json + "\n" + indent + "}";
}

std::string describe(const BlobView& blob, const std::string& indent) {
  return object({{"kind", quoted("blob")},
                 {"size", std::to_string(blob.size())},
                 {"xxh3", quoted(hex(checksum64(blob.read_all(), 0)))}},
                indent);
}

std::string describe(const ListView& list, const std::string& indent) {
  std::string all;
  for (const Value item : list) add_with_length(all, item.str());
  return object({{"kind", quoted("list")},
                 {"items", std::to_string(list.size())},
                 {"xxh3", quoted(hex(checksum64(all, 0)))}},
                indent);
}

std::string describe(const HashView& table, const std::string& indent) {
  std::map<std::string, std::string> entries;
  for (const auto [key, value] : table) entries.emplace(key.str(), value.str());
  std::string all;
  for (const auto& [key, value] : entries) {
    add_with_length(all, key);
    add_with_length(all, value);
  }
  return object({{"kind", quoted("hash")},
                 {"entries", std::to_string(table.size())},
                 {"xxh3", quoted(hex(checksum64(all, 0)))}},
                indent);
}

std::string describe_composite(std::string_view kind, const std::string& options,
                               const std::map<std::string, std::string>& children,
                               const std::string& indent) {
  return object(
      {{"kind", quoted(std::string(kind))},
       {"options", quoted(to_hex(std::span(reinterpret_cast<const unsigned char*>(options.data()),
                                           options.size())))},
       {"children", object(children, indent + "  ")}},
      indent);
}

std::string describe(const BoxView& box, const std::string& indent) {
  return describe_composite(Box::kKind, "", {{"content", describe(box.content(), indent + "    ")}},
                            indent);
}

std::string describe(const ShelfView& shelf, const std::string& indent) {
  const std::string below = indent + "    ";
  return describe_composite(Shelf::kKind, shelf.label().str(),
                            {{"box, größer", describe(shelf.box(), below)},
                             {"index", describe(shelf.index(), below)},
                             {"items", describe(shelf.items(), below)}},
                            indent);
}

std::string describe(const Snapshot& snapshot, const CollectionInfo& info,
                     const std::string& indent) {
  if (info.kind == Blob::kKind) return describe(snapshot.open<Blob>(info.name), indent);
  if (info.kind == List::kKind) return describe(snapshot.open<List>(info.name), indent);
  if (info.kind == Hash::kKind) return describe(snapshot.open<Hash>(info.name), indent);
  return describe(snapshot.open<Shelf>(info.name), indent);
}

}  // namespace

std::string content_summary(const Database& database) {
  const Snapshot snapshot = database.snapshot();
  std::map<std::string, std::string> collections;
  for (const CollectionInfo& info : snapshot.collections()) {
    collections[info.name] = describe(snapshot, info, "    ");
  }
  const DatabaseInfo info = database.info();
  return object({{"collections", object(collections, "  ")},
                 {"pages", std::to_string(info.page_count)},
                 {"seq", std::to_string(info.seq)}},
                "") +
         "\n";
}

}  // namespace quire::testing
