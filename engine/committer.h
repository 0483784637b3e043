#pragma once

#include <vector>

#include <quire/options.h>

#include "engine/core.h"
#include "pager/private_pages.h"

namespace quire::engine {

/// A commit that is published: the next transaction may begin.
struct PublishedCommit {
  Seq seq = 0;
  bool changed = false;    // false: nothing was changed, and `seq` is what was read
  std::vector<Pid> pages;  // that have a new version
};

/// Makes the pages of a transaction the next commit. The caller holds the writer's place, and has
/// waited for room in memory and log (Keeper::wait_for_room).
/// OutOfSpace: nothing has happened and the caller rolls back. IoError: the database is poisoned.
/// Afterwards `pages` is used up.
PublishedCommit publish_commit(Core& core, pager::PrivatePages& pages, Durability durability);

/// Returns when the commit is as durable as was asked for, and visible; the caller no longer holds
/// the writer's place. IoError, of unknown outcome, if the database is poisoned before.
void wait_for_commit(Core& core, const PublishedCommit& commit, Durability durability);

}  // namespace quire::engine
