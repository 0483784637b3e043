#pragma once

#include "engine/core.h"
#include "pager/private_pages.h"

namespace quire::engine {

/// How the transaction that builds on commit `base` writes early pages (rule S2). Before the first,
/// it waits until that commit is durable. OutOfSpace if the file may not grow: nothing was written.
/// IoError, and the database is poisoned, if a write fails (rule F1). `core` outlives the result,
/// which the holder of the writer's place calls.
pager::PrivatePages::EarlyWriting early_writing(Core& core, Seq base);

}  // namespace quire::engine
