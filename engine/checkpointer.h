#pragma once

#include "engine/core.h"

namespace quire::engine {

/// Carries every committed page to its place in the file and starts a new generation of the log,
/// after which the old segments are deleted. Nothing to do for a clean file. IoError poisons the
/// database; OutOfSpace (no room for the next segment) harms nothing.
void checkpoint(Core& core) QUIRE_REQUIRES(core.mutex);

/// A checkpoint, if the log or the unsaved pages have grown beyond their limits. Never throws: the
/// commit before it has succeeded. A failure poisons the database.
void checkpoint_if_due(Core& core) noexcept QUIRE_REQUIRES(core.mutex);

/// The last checkpoint: leaves a clean file without a log.
void checkpoint_and_close(Core& core) QUIRE_REQUIRES(core.mutex);

}  // namespace quire::engine
