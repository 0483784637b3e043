#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/salvage_source.h"

namespace quire::engine {

/// A structure page that nothing leads to, and that holds what a collection may have lost.
struct LoosePage {
  CollectionId owner = kEngineOwner;
  PageType type = PageType::data;
  Seq seq = 0;
  Pid pid = kNoPid;
};

/// Every loose page of the owners that `wanted` says yes to, by owner, the newest of each first; of
/// one commit, by page number. Reads all pages that are not claimed. Memory: 24 bytes a page found.
///
/// A page is loose if the space map says that it is in use. Where the map itself is lost, any page
/// is that looks right: then it may have been freed before, and the newest of several that hold the
/// same is the one to believe. Of two ages (SalvageSource::may_mix()) such a page has to be old: a
/// newer one may be that of a transaction which never committed. Pages in use that cannot be read
/// are counted as unreadable.
std::vector<LoosePage> find_loose_pages(SalvageSource& source,
                                        const std::function<bool(CollectionId)>& wanted);

/// Those of one owner.
std::span<const LoosePage> loose_pages_of(std::span<const LoosePage> pages, CollectionId owner);

}  // namespace quire::engine
