#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include <quire/collection.h>
#include <quire/salvage_report.h>

#include "engine/catalog.h"
#include "engine/salvage_hash.h"
#include "engine/salvage_loose.h"

namespace quire::engine {

/// A collection of a damaged database, and what was brought over of it.
struct SalvagedCopy {
  static constexpr std::size_t kNoParent = SIZE_MAX;

  CatalogEntry source;             // as the broken catalog has it; root kNoPid: it does not tell
  std::string name;                // in the new database; of a child, within its parent
  std::size_t parent = kNoParent;  // index of the composite that it is a child of
  bool has_root = false;           // its root was read
  PageAges ages;                   // of its pages and its entry in the catalog
  std::optional<SalvagedHash::Root> hash_root;
  SalvagedCollection account;
};

// These fill the empty collection of `into`, a blob, a list or a hash, and its account; what cannot
// be read is no exception but a loss. Memory: one key and value.

/// From the root that the catalog names, or that was found.
void copy_from_root(SalvageSource& source, Pid root, WriteScope& into, SalvagedCopy& copy);
/// From a table of a blob: a stretch whose place in it nobody knows.
void copy_blob_part(SalvageSource& source, Pid table, WriteScope& into, SalvagedCopy& copy);
/// From the loose pages of its owner, the newest first: a root if none was read, then what no root
/// leads to.
void copy_from_loose_pages(SalvageSource& source, std::span<const LoosePage> pages,
                           WriteScope& into, SalvagedCopy& copy);

}  // namespace quire::engine
