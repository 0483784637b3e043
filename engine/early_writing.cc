#include "engine/early_writing.h"

#include "base/sabotage.h"

namespace quire::engine {
namespace {

/// Recovery must not come back to a state before the one that the transaction builds on: pages that
/// are free there may have been in use before, and are about to be overwritten.
void make_base_durable(CommitQueue& queue) {
  if (!is_sabotaged(Sabotage::sync_before_early_pages)) queue.prove_durable();
}

/// The file keeps its length under what is written until the transaction ends: no checkpoint cuts
/// the tail.
void take_room(Core& core, Pid page_count) {
  if (core.logged()) {
    core.room().reserve(page_count);
  } else {
    core.room().hold(page_count);
  }
}

}  // namespace

pager::PrivatePages::EarlyWriting early_writing(Core& core, Seq base) {
  return [&core, base, is_base_durable = false](Pid page_count, const auto& write) mutable {
    CommitQueue& queue = core.queue();
    queue.require_healthy();
    try {
      if (!is_base_durable) make_base_durable(queue);
      is_base_durable = true;
      take_room(core, page_count);
      write(core.registry().raise_horizon(base));
    } catch (const IoError& error) {
      queue.poison(error);
      throw;
    }
  };
}

}  // namespace quire::engine
