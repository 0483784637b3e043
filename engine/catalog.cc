#include "engine/catalog.h"

#include <quire/error.h>

#include <cstring>

#include "base/invariant.h"
#include "engine/utf8.h"

namespace quire::engine {
namespace {

constexpr std::string_view kStateKey;        // empty
constexpr std::size_t kShownNameBytes = 64;  // of a refused name, in its error

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
    if (!holds) fail(field, expected, std::to_string(found));
  }
  std::size_t left() const { return rest_.size(); }

 private:
  [[noreturn]] void fail(const char* field, const std::string& expected, const std::string& found) {
    throw CorruptionError("catalog entry of '" + std::string(name_) + "'", field, expected, found);
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

}  // namespace

std::string_view kind_name(const CatalogEntry& entry) noexcept {
  switch (entry.kind) {
    case CollectionKind::blob:
      return "blob";
    case CollectionKind::list:
      return "list";
    case CollectionKind::hash:
      return "hash";
    case CollectionKind::composite:
      return entry.kind_name;
  }
  return "unknown";
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
  reader.require((header.root == kNoPid) == is_composite, "root",
                 is_composite ? "0 for a composite" : "a page", header.root);
  reader.require((header.kind_name_size != 0) == is_composite, "length of the kind's name",
                 is_composite ? "1 to 63" : "0", header.kind_name_size);
  CatalogEntry entry;
  entry.kind = static_cast<CollectionKind>(header.kind);
  entry.root = header.root;
  entry.id = header.id;
  entry.parent = header.parent;
  entry.created_seq = header.created_seq;
  entry.kind_name = reader.take(header.kind_name_size, "kind name").str();
  entry.options = reader.take(header.options_size, "options").str();
  for (unsigned i = 0; i < header.child_count; ++i) {
    CatalogChild child;
    child.id = reader.take<Le32>();
    const auto kind = reader.take<std::uint8_t>();
    reader.require(is_kind(kind), "kind of a child", "1 to 4", kind);
    child.kind = static_cast<CollectionKind>(kind);
    child.name = reader.take(reader.take<std::uint8_t>(), "name of a child").str();
    entry.children.push_back(std::move(child));
  }
  reader.require(reader.left() == 0, "length", "nothing behind the children", reader.left());
  return entry;
}

void require_valid_name(std::string_view name) {
  const auto refuse = [&](const std::string& why) {
    const std::string shown(name.substr(0, kShownNameBytes));
    throw InvalidArgument("the name '" + shown + (shown.size() < name.size() ? "...' " : "' ") +
                          why + "; name collections in UTF-8 of 1 to 255 bytes without byte 0");
  };
  if (name.empty()) refuse("is empty");
  if (name.size() > kMaxNameBytes) refuse("has " + std::to_string(name.size()) + " bytes");
  if (name.find('\0') != std::string_view::npos) refuse("contains byte 0");
  if (!is_utf8(name)) refuse("is not UTF-8");
}

std::optional<CatalogEntry> CatalogView::find(std::string_view name) const {
  const auto value = table_.get(name);
  if (!value) return std::nullopt;
  return decode_catalog_entry(name, *value);
}

std::optional<CatalogView::Named> CatalogView::next(structures::HashCursor& cursor,
                                                    bool with_children) const {
  while (auto entry = table_.next(cursor)) {
    const std::string_view key = entry->key.text();
    if (key == kStateKey || (!with_children && key.front() == '\0')) continue;
    return Named{std::string(key), decode_catalog_entry(key, entry->value)};
  }
  return std::nullopt;
}

CollectionId Catalog::take_id() {
  CatalogState state{};
  state.next_id = 1;
  if (const auto stored = table_.get(kStateKey)) {
    if (stored->size() != sizeof state) {
      throw CorruptionError("catalog state", "length", std::to_string(sizeof state),
                            std::to_string(stored->size()));
    }
    std::memcpy(&state, stored->data(), sizeof state);
  }
  const CollectionId id = state.next_id;
  if (id == 0 || id == UINT32_MAX) {
    throw CorruptionError("catalog state", "next collection id", "1 to 2^32 - 2",
                          std::to_string(id));
  }
  state.next_id = id + 1;
  table_.put(kStateKey, bytes_of(state));
  return id;
}

void Catalog::put(std::string_view name, const CatalogEntry& entry) {
  table_.put(name, encode(entry));
}

void Catalog::erase(std::string_view name) { table_.erase(name); }

}  // namespace quire::engine
