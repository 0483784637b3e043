#pragma once

#include <map>
#include <set>
#include <string>

#include "engine/catalog.h"
#include "engine/salvage_source.h"

namespace quire::engine {

/// What is left of the catalog of a damaged database.
struct SalvagedCatalog {
  /// By key, hidden ones of children included; each collection once, by its newest entry.
  std::map<std::string, CatalogEntry> entries;
  /// Those whose entry is newer than the end of the log (SalvageSource).
  std::set<CollectionId> newer;
  /// What had been dropped, and waited for its pages to be freed.
  std::set<CollectionId> dropped;
  bool is_whole = false;
};

/// Reads the catalog and claims its pages; where it has lost some, looks for its pages in the whole
/// file. Memory in proportion to the catalog.
SalvagedCatalog read_salvaged_catalog(SalvageSource& source);

}  // namespace quire::engine
