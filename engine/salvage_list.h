#pragma once

#include <functional>

#include <quire/bytes.h>
#include <quire/salvage_report.h>

#include "engine/salvage_pages.h"

namespace quire::engine {

using SalvagedItemSink = std::function<void(ByteView item)>;

/// Gives the items of a list of a damaged database to `sink`, in their order; what cannot be read is
/// left out and entered in the account by its former number. CorruptionError, and nothing is known,
/// if the root cannot be read or belongs to something else.
void read_salvaged_list(SalvagePages& pages, Pid root, const SalvagedItemSink& sink,
                        SalvagedCollection& account);

/// The same for a node that nothing leads to, with all below it; the items count as loose.
void read_loose_list_node(SalvagePages& pages, Pid node, const SalvagedItemSink& sink,
                          SalvagedCollection& account);

}  // namespace quire::engine
