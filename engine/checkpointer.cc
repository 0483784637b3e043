#include "engine/checkpointer.h"

// The one place that says the order of a checkpoint (rules K1 to K4, L6, L7, F3).
//
//     successor     the next segment is made: the last moment at which a full disk harms nothing
//     generation    block 0 of the successor synced, END behind the old generation synced
//     mark          a MARK, synced: from here on damage to the old generation is not a torn end
//     base          newest version of each dirty page to its place, in ascending order; one sync
//     header        slot A names T and the new generation, synced; slot B follows, and is synced
//                   by the next base sync
//     retire        only now may the old segments go
//
// A crash before `header` finds the old header, whose log still holds every page: replay repairs
// what the base sync had not finished. A crash behind it finds the new header and, at worst,
// segments that it does not need.

namespace quire::engine {
namespace {

void write_slot(Core& core, int slot, bool sync) QUIRE_REQUIRES(core.mutex) {
  pager::HeaderSlots(core.base()).write(slot, core.header);
  if (sync) core.base().sync_data();
}

std::uint64_t save_pages(Core& core) QUIRE_REQUIRES(core.mutex) {
  const std::uint64_t pages = core.pool().save_dirty(core.readers);
  // Covers slot B of the last checkpoint too; and the length, before a header counts on it.
  if (core.base_has_grown) {
    core.base().sync_all();
  } else {
    core.base().sync_data();
  }
  core.base_has_grown = false;
  core.pool().versions().mark_saved();
  return pages;
}

void checkpoint_logged(Core& core, bool closing) QUIRE_REQUIRES(core.mutex) {
  const auto began = core.file_system().monotonic_now();
  if (!closing) {
    core.log->prepare_successor();
    core.log->next_generation();
  }
  core.log->mark();
  const std::uint64_t pages = save_pages(core);

  core.header.generation += 1;
  core.header.checkpoint_seq = core.visible;
  core.header.page_count = core.space().committed_page_count();
  core.header.clean = closing;
  core.header.first_segment = closing ? 0 : core.log->current_segment();
  core.header.first_generation = closing ? 0 : core.log->generation();
  write_slot(core, 0, true);
  write_slot(core, 1, closing);

  if (closing) {
    core.count_log();
    core.log->delete_all();
    core.log.reset();
  } else {
    core.log->retire(core.log->current_segment());
  }
  ++core.stats.checkpoints;
  core.stats.checkpoint_pages_written += pages;
  Event event;
  event.kind = Event::Kind::checkpoint;
  event.message = "checkpoint at commit " + std::to_string(core.visible) + ": " +
                  std::to_string(pages) + " pages written";
  event.pages = pages;
  event.duration = core.file_system().monotonic_now() - began;
  core.queue_event(std::move(event));
}

void checkpoint_or_poison(Core& core, bool closing) QUIRE_REQUIRES(core.mutex) {
  try {
    if (core.logged()) {
      checkpoint_logged(core, closing);
    } else {
      save_pages(core);
    }
  } catch (const OutOfSpace&) {
    throw;  // thrown before anything was changed
  } catch (const Error& error) {
    core.poison(error.what());
    throw;
  }
}

bool is_due(Core& core) QUIRE_REQUIRES(core.mutex) {
  const std::size_t unsaved = core.pool().versions().dirty().size() * kPageSize;
  if (unsaved >= core.options().cache_size / 2) return true;
  return core.log && core.log->live_bytes() >= core.options().wal_limit;
}

}  // namespace

void checkpoint(Core& core) {
  if (core.logged() && !core.log) return;
  checkpoint_or_poison(core, false);
}

void checkpoint_if_due(Core& core) noexcept {
  try {
    if (is_due(core)) checkpoint_or_poison(core, false);
  } catch (...) {
    // Poisoned, or no room for a segment yet: the next commit says so, or tries again.
  }
}

void checkpoint_and_close(Core& core) {
  if (!core.log) return;
  checkpoint_or_poison(core, true);
  // Room ahead is given back. Both slots are durable and say page_count; a crash here leaves a
  // longer file.
  const std::uint64_t used = std::uint64_t{core.header.page_count} * kPageSize;
  if (core.base_bytes > used) core.base().truncate(used);
}

}  // namespace quire::engine
