#pragma once

#include <cstdint>

#include "engine/catalog.h"
#include "pager/page_access.h"
#include "structures/walk.h"

namespace quire::engine {

// What the engine does with a collection of any kind. A composite has no pages of its own.

/// Makes an empty structure of the pages of its owner; returns its root. `seed` is random, and a
/// hash keeps it for its life; others need none.
Pid create_structure(CollectionKind kind, pager::PageWriter& pages, std::uint64_t seed);
/// Frees about `pages` pages of a collection; true when none is left. Until then its root leads to
/// all that is.
bool destroy_some(const CatalogEntry& entry, pager::PageWriter& writer, std::uint32_t pages);
/// Pages of a collection, its root included. Costs what its size() costs, for a blob a walk.
std::uint64_t pages_of_structure(const CatalogEntry& entry, pager::PageReader& pages);
/// Shows every page and every broken law of a collection to `visitor`.
void walk_structure(const CatalogEntry& entry, pager::PageReader& pages,
                    structures::PageVisitor& visitor);

}  // namespace quire::engine
