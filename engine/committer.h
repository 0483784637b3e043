#pragma once

#include <quire/options.h>

#include "engine/core.h"
#include "pager/private_pages.h"

namespace quire::engine {

/// Makes the pages of a transaction the next commit, durable and visible, and returns its number;
/// that of the pages' base if nothing was changed. OutOfSpace: nothing has happened and the caller
/// rolls back. IoError: the database is poisoned; outcome_unknown() tells whether the commit may
/// exist. Afterwards `pages` is used up.
Seq commit(Core& core, pager::PrivatePages& pages, Durability durability)
    QUIRE_REQUIRES(core.mutex);

}  // namespace quire::engine
