#pragma once

#include <quire/check_report.h>

#include "engine/session.h"

namespace quire::engine {

/// Accounts for every page of the snapshot exactly once and checks every law of every structure.
/// Never throws for what it finds; takes the engine's mutex for one collection at a time, and two
/// bits of memory a page. The checks of composite kinds are called without it.
CheckReport check(const std::shared_ptr<SnapshotSession>& snapshot, const CheckOptions& options,
                  const ProgressFunction& progress);

}  // namespace quire::engine
