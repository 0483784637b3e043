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

/// The name of a kind as users see it: "blob", "list", "hash", or a composite's own.
std::string_view kind_name(const CatalogEntry& entry) noexcept;

std::string encode(const CatalogEntry& entry);
/// CorruptionError, naming the collection, if `bytes` is not an entry.
CatalogEntry decode_catalog_entry(std::string_view name, ByteView bytes);

/// InvalidArgument, saying what is wrong, unless `name` is UTF-8 of 1 to 255 bytes without byte 0.
void require_valid_name(std::string_view name);

/// The catalog of one snapshot; the pages are those of owner 0.
class CatalogView {
 public:
  explicit CatalogView(pager::PageReader& pages) : table_(pages, kCatalogRoot) {}

  std::optional<CatalogEntry> find(std::string_view name) const;

  struct Named {
    std::string name;
    CatalogEntry entry;
  };
  /// The next collection that has a name of its own, children included if asked for; nothing at the
  /// end.
  std::optional<Named> next(structures::HashCursor& cursor, bool with_children = false) const;

  const structures::HashView& table() const noexcept { return table_; }

 private:
  structures::HashView table_;
};

/// The catalog of one transaction.
class Catalog : public CatalogView {
 public:
  explicit Catalog(pager::PageWriter& pages) : CatalogView(pages), table_(pages, kCatalogRoot) {}

  /// A number that no collection has had before.
  CollectionId take_id();
  void put(std::string_view name, const CatalogEntry& entry);
  void erase(std::string_view name);

 private:
  structures::Hash table_;
};

}  // namespace quire::engine
