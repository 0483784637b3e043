#include "engine/catalog.h"

#include <quire/error.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/utf8.h"

namespace quire::engine {
namespace {

constexpr std::string_view kStateKey;        // empty
constexpr std::size_t kShownNameBytes = 64;  // of a refused name, in its error

constexpr std::pair<CollectionKind, std::string_view> kStructures[] = {
    {CollectionKind::blob, "blob"}, {CollectionKind::list, "list"}, {CollectionKind::hash, "hash"}};

/// Cuts fields off the front of an entry; a field that is not there is a CorruptionError.
class EntryReader {
 public:
  EntryReader(std::string_view name, ByteView bytes) : name_(name), rest_(bytes) {}

  template <class T>
  T take() {
    T value;
    const ByteView bytes = take(sizeof value, "header");
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  ByteView take(std::size_t size, const char* field) {
    if (size > rest_.size()) {
      fail(field, std::to_string(size) + " bytes", std::to_string(rest_.size()) + " bytes");
    }
    const ByteView taken = rest_.sub(0, size);
    rest_ = rest_.sub(size);
    return taken;
  }
  void require(bool holds, const char* field, const std::string& expected, std::uint64_t found) {
    require(holds, field, expected, std::to_string(found));
  }
  void require(bool holds, const char* field, const std::string& expected,
               const std::string& found) {
    if (!holds) fail(field, expected, found);
  }
  std::size_t left() const { return rest_.size(); }

 private:
  [[noreturn]] void fail(const char* field, const std::string& expected, const std::string& found) {
    entry_is_wrong(name_, field, expected, found);
  }

  std::string_view name_;
  ByteView rest_;
};

bool is_kind(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(CollectionKind::blob) &&
         kind <= static_cast<std::uint8_t>(CollectionKind::composite);
}

ByteView bytes_of(const auto& object) {
  return {reinterpret_cast<const std::byte*>(&object), sizeof object};
}

/// Why `text` is not UTF-8 of 1 to `most` bytes without byte 0; empty if it is.
std::string fault_of_text(std::string_view text, std::size_t most) {
  if (text.empty()) return "is empty";
  if (text.size() > most) return "has " + std::to_string(text.size()) + " bytes";
  if (text.find('\0') != std::string_view::npos) return "contains byte 0";
  return is_utf8(text) ? "" : "is not UTF-8";
}

/// InvalidArgument unless `text` is UTF-8 of 1 to `most` bytes without byte 0.
void require_short_text(const std::string& what, std::string_view text, std::size_t most) {
  const std::string fault = fault_of_text(text, most);
  if (fault.empty()) return;
  const std::string shown(text.substr(0, kShownNameBytes));
  throw InvalidArgument("the " + what + " '" + shown +
                        (shown.size() < text.size() ? "...' " : "' ") + fault + "; a " + what +
                        " is UTF-8 of 1 to " + std::to_string(most) + " bytes without byte 0");
}

}  // namespace

std::string_view kind_name(const CatalogEntry& entry) noexcept {
  for (const auto& [kind, name] : kStructures) {
    if (kind == entry.kind) return name;
  }
  return entry.kind_name;
}

std::optional<CollectionKind> structure_called(std::string_view kind) noexcept {
  for (const auto& [structure, name] : kStructures) {
    if (name == kind) return structure;
  }
  return std::nullopt;
}

std::string encode(const CatalogEntry& entry) {
  CatalogEntryHeader header{};
  header.kind = static_cast<std::uint8_t>(entry.kind);
  header.version = kCatalogEntryVersion;
  header.root = entry.root;
  header.id = entry.id;
  header.parent = entry.parent;
  header.created_seq = entry.created_seq;
  header.options_size = static_cast<std::uint16_t>(entry.options.size());
  header.child_count = static_cast<std::uint16_t>(entry.children.size());
  header.kind_name_size = static_cast<std::uint8_t>(entry.kind_name.size());
  std::string out = bytes_of(header).str() + entry.kind_name + entry.options;
  for (const CatalogChild& child : entry.children) {
    out += bytes_of(Le32(child.id)).text();
    out += static_cast<char>(child.kind);
    out += static_cast<char>(child.name.size());
    out += child.name;
  }
  return out;
}

CatalogEntry decode_catalog_entry(std::string_view name, ByteView bytes) {
  EntryReader reader(name, bytes);
  const auto header = reader.take<CatalogEntryHeader>();
  reader.require(header.version == kCatalogEntryVersion, "version", "1", header.version);
  reader.require(is_kind(header.kind), "kind", "1 to 4", header.kind);
  const bool is_composite = header.kind == static_cast<std::uint8_t>(CollectionKind::composite);
  reader.require(header.id != kEngineOwner, "id", "not that of the engine, 0", header.id);
  reader.require((header.root == kNoPid) == is_composite, "root",
                 is_composite ? "0 for a composite" : "a page", header.root);
  reader.require(
      is_composite ? header.kind_name_size >= 1 && header.kind_name_size <= kMaxKindNameBytes
                   : header.kind_name_size == 0,
      "length of the kind's name", is_composite ? "1 to 63" : "0", header.kind_name_size);
  reader.require(header.options_size <= kMaxOptionsBytes, "length of the options", "at most 1024",
                 header.options_size);
  reader.require(is_composite || header.child_count == 0, "children", "none but of a composite",
                 header.child_count);
  CatalogEntry entry;
  entry.kind = static_cast<CollectionKind>(header.kind);
  entry.root = header.root;
  entry.id = header.id;
  entry.parent = header.parent;
  entry.created_seq = header.created_seq;
  entry.kind_name = reader.take(header.kind_name_size, "kind name").str();
  reader.require(!structure_called(entry.kind_name), "kind name", "a composite's", entry.kind_name);
  reader.require(!is_composite || fault_of_text(entry.kind_name, kMaxKindNameBytes).empty(),
                 "kind name", "UTF-8 without byte 0", entry.kind_name);
  entry.options = reader.take(header.options_size, "options").str();
  for (unsigned i = 0; i < header.child_count; ++i) {
    CatalogChild child;
    child.id = reader.take<Le32>();
    const auto kind = reader.take<std::uint8_t>();
    reader.require(is_kind(kind), "kind of a child", "1 to 4", kind);
    child.kind = static_cast<CollectionKind>(kind);
    child.name = reader.take(reader.take<std::uint8_t>(), "name of a child").str();
    reader.require(fault_of_text(child.name, kMaxNameBytes).empty(), "name of a child",
                   "UTF-8 without byte 0", child.name);
    entry.children.push_back(std::move(child));
  }
  reader.require(reader.left() == 0, "length", "nothing behind the children", reader.left());
  return entry;
}

void require_valid_name(std::string_view name) { require_short_text("name", name, kMaxNameBytes); }

void require_valid_kind_name(std::string_view kind) {
  require_short_text("kind", kind, kMaxKindNameBytes);
}

void entry_is_wrong(std::string_view path, const char* field, const std::string& expected,
                    const std::string& found) {
  throw CorruptionError("catalog entry of '" + std::string(path) + "'", field, expected, found);
}

std::string child_key(CollectionId parent, std::string_view name) {
  return std::string(1, '\0') + bytes_of(Le32(parent)).str() + std::string(name);
}

std::optional<CatalogEntry> CatalogView::find(std::string_view name) const {
  const auto value = table_.get(name);
  if (!value) return std::nullopt;
  return decode_catalog_entry(name, *value);
}

CatalogEntry CatalogView::entry_of(std::string_view path, CollectionId parent,
                                   const CatalogChild& child) const {
  const auto value = table_.get(child_key(parent, child.name));
  if (!value) entry_is_wrong(path, "child", "an entry of its own", "none");
  CatalogEntry entry = decode_catalog_entry(path, *value);
  const auto require = [&](const char* field, std::uint64_t expected, std::uint64_t found) {
    if (expected == found) return;
    entry_is_wrong(path, field, std::to_string(expected), std::to_string(found));
  };
  require("id", child.id, entry.id);
  require("kind", static_cast<unsigned>(child.kind), static_cast<unsigned>(entry.kind));
  require("parent", parent, entry.parent);
  return entry;
}

std::optional<CatalogEntry> CatalogView::find_child(std::string_view path,
                                                    const CatalogEntry& parent,
                                                    std::string_view name) const {
  const auto found = std::find_if(parent.children.begin(), parent.children.end(),
                                  [&](const CatalogChild& known) { return known.name == name; });
  if (found == parent.children.end()) return std::nullopt;
  return entry_of(path, parent.id, *found);
}

std::optional<CatalogView::Named> CatalogView::next(structures::HashCursor& cursor) const {
  return next_where(cursor, false);
}

std::optional<CatalogView::Named> CatalogView::next_child(structures::HashCursor& cursor) const {
  return next_where(cursor, true);
}

std::optional<CatalogView::Named> CatalogView::next_where(structures::HashCursor& cursor,
                                                          bool hidden) const {
  while (auto entry = table_.next(cursor)) {
    const std::string_view key = entry->key.text();
    if (key == kStateKey || (key.front() == '\0') != hidden) continue;
    if (const std::string fault = hidden ? "" : fault_of_text(key, kMaxNameBytes); !fault.empty()) {
      entry_is_wrong(key, "name", "UTF-8 of 1 to 255 bytes", "one that " + fault);
    }
    return Named{std::string(key), decode_catalog_entry(key, entry->value)};
  }
  return std::nullopt;
}

CatalogState CatalogView::state() const {
  CatalogState state{};
  state.next_id = 1;
  if (const auto stored = table_.get(kStateKey)) {
    if (stored->size() != sizeof state) {
      throw CorruptionError("catalog state", "length", std::to_string(sizeof state),
                            std::to_string(stored->size()));
    }
    std::memcpy(&state, stored->data(), sizeof state);
    if (state.next_id == kEngineOwner) {
      throw CorruptionError("catalog state", "next id", "at least 1", "0");
    }
  }
  return state;
}

Pid CatalogView::reaper_root() const { return state().reaper_root; }

void Catalog::set_reaper_root(Pid root) {
  CatalogState changed = state();
  changed.reaper_root = root;
  table_.put(kStateKey, bytes_of(changed));
}

CollectionId Catalog::take_id() {
  CatalogState state = this->state();
  const CollectionId id = state.next_id;
  if (id == UINT32_MAX) {
    throw OutOfSpace(
        "the database has made 2^32 - 2 collections, which is all it can; start another file");
  }
  state.next_id = id + 1;
  table_.put(kStateKey, bytes_of(state));
  return id;
}

void Catalog::put(std::string_view key, const CatalogEntry& entry) {
  table_.put(key, encode(entry));
}

void Catalog::erase(std::string_view key) { table_.erase(key); }

}  // namespace quire::engine
