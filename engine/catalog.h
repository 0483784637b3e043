#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quire/bytes.h>

#include "engine/catalog_format.h"
#include "pager/page_access.h"
#include "pager/space_map_format.h"
#include "structures/hash.h"

namespace quire::engine {

struct CatalogChild {
  CollectionId id = 0;
  CollectionKind kind = CollectionKind::hash;
  std::string name;
};

/// A collection as the catalog describes it.
struct CatalogEntry {
  CollectionKind kind = CollectionKind::hash;
  Pid root = kNoPid;
  CollectionId id = 0;
  CollectionId parent = 0;
  Seq created_seq = 0;
  std::string kind_name;  // of a composite
  std::string options;
  std::vector<CatalogChild> children;
};

/// The name of a kind as users see it: "blob", "list", "hash", or a composite's own, which is none
/// of these.
std::string_view kind_name(const CatalogEntry& entry) noexcept;
/// The structure of that name; nothing if it is not one.
std::optional<CollectionKind> structure_called(std::string_view kind) noexcept;

std::string encode(const CatalogEntry& entry);
/// CorruptionError, naming the collection, if `bytes` is not an entry.
CatalogEntry decode_catalog_entry(std::string_view name, ByteView bytes);

/// InvalidArgument, saying what is wrong, unless `name` is UTF-8 of 1 to 255 bytes without byte 0.
void require_valid_name(std::string_view name);
/// The same for the name of a composite's kind: UTF-8 of 1 to 63 bytes without byte 0.
void require_valid_kind_name(std::string_view kind);

/// The hidden key of a child's own entry.
std::string child_key(CollectionId parent, std::string_view name);
/// Throws the CorruptionError of an entry; `path` names it.
[[noreturn]] void entry_is_wrong(std::string_view path, const char* field,
                                 const std::string& expected, const std::string& found);

/// The catalog of one snapshot; the pages are those of owner 0.
class CatalogView {
 public:
  explicit CatalogView(pager::PageReader& pages) : table_(pages, kCatalogRoot) {}

  /// The collection that has this name of its own; nothing if there is none.
  std::optional<CatalogEntry> find(std::string_view name) const;
  /// The child of that name; nothing if `parent` has none. `path` names the child in errors.
  /// CorruptionError if its own entry is missing or says something else than its parent's.
  std::optional<CatalogEntry> find_child(std::string_view path, const CatalogEntry& parent,
                                         std::string_view name) const;

  /// The same for a child that its parent lists.
  CatalogEntry entry_of(std::string_view path, CollectionId parent,
                        const CatalogChild& child) const;

  struct Named {
    std::string name;
    CatalogEntry entry;
  };
  /// The next collection that has a name of its own; nothing at the end.
  std::optional<Named> next(structures::HashCursor& cursor) const;
  /// The next child, whatever its parent, with its hidden key as name.
  std::optional<Named> next_child(structures::HashCursor& cursor) const;

  /// The engine's List of collections that are dropped and not yet freed, an entry each; kNoPid if
  /// there are none.
  Pid reaper_root() const;

  const structures::HashView& table() const noexcept { return table_; }

 protected:
  CatalogState state() const;

 private:
  std::optional<Named> next_where(structures::HashCursor& cursor, bool hidden) const;

  structures::HashView table_;
};

/// The catalog of one transaction.
class Catalog : public CatalogView {
 public:
  explicit Catalog(pager::PageWriter& pages) : CatalogView(pages), table_(pages, kCatalogRoot) {}

  /// A number that no collection has had before.
  CollectionId take_id();
  void put(std::string_view key, const CatalogEntry& entry);
  void erase(std::string_view key);
  void set_reaper_root(Pid root);

 private:
  structures::Hash table_;
};

}  // namespace quire::engine
