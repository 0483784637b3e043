#include "engine/checkpointer.h"

// The one place that says the order of a checkpoint (rules K1 to K4, V2, L6, L7, F3).
//
//     tail          a transaction of its own gives up free pages at the end, if nobody is writing (S3)
//     successor     the next segment is made: the last moment at which a full disk harms nothing
//     generation    G = the newest published commit; the generation of the log ends behind it, and
//                   the checkpoint registers as a reader of G
//     durable       the log is synced up to G, block 0 of the successor before the END behind the
//                   old generation; then a MARK, synced: from here on damage to the old generation
//                   is not a torn end
//     readers       the horizon is raised to G: nobody but who is registered now needs the old base
//     save          the newest version up to G of each unsaved page to its place, ascending; what a
//                   reader needs of the old page is hung in before
//     sync          one sync; exactly the versions that were written are clean now
//     headers       slot A names G and the new generation, synced; slot B follows, and is synced
//                   by the next base sync
//     retire        only now may the old segments go, and the registration
//     file          cut, if no snapshot is older than the commit that cut off the tail
//
// A crash before `headers` finds the old header, whose log still holds every page: replay repairs
// what the base sync had not finished. A crash behind it finds the new header and, at worst,
// segments that it does not need. Commits go on all the while: their versions are newer than G and
// their records lie in the new generation.

#include <algorithm>
#include <new>
#include <string>

#include "base/sabotage.h"
#include "engine/committer.h"
#include "engine/core.h"
#include "pager/header_slots.h"

namespace quire::engine {
namespace {

constexpr std::size_t kPagesAStep = 256;

}  // namespace

bool Checkpointer::step() {
  if (in_progress()) {
    go_on();
  } else if (core_.has_unsaved_work()) {
    begin();
  }
  return in_progress();
}

/// S3: a commit like any other, but of the checkpoint's own. It never waits for the writer's place:
/// a writer may be waiting for this checkpoint (F5).
void Checkpointer::cut_tail() {
  if (!core_.writers_place().try_take()) return;
  try {
    commit_cut();
  } catch (...) {
    core_.writers_place().leave();
    throw;
  }
  core_.writers_place().leave();
}

/// By the holder of the writer's place. Without room for its record, or if the map page cannot be
/// read, the tail stays for another time: that does no harm.
void Checkpointer::commit_cut() {
  try {
    if (!core_.space().cut_tail()) return;
    is_committing_ = true;
    pager::PrivatePages pages(core_.pool(), core_.space(), core_.queue().published());
    cut_ = publish_commit(core_, pages, Durability::immediate).seq;
  } catch (const OutOfSpace&) {
    core_.space().rollback();
  } catch (const CorruptionError&) {
    core_.space().rollback();
  } catch (...) {
    is_committing_ = false;
    core_.space().rollback();
    throw;
  }
  is_committing_ = false;
}

void Checkpointer::begin() {
  began_ = core_.file_system().monotonic_now();
  cut_tail();
  try {
    if (wal::LogWriter* log = core_.queue().log()) log->prepare_successor();
  } catch (const std::exception& error) {
    core_.queue().poison_if_log_failed(error);
    throw;
  }
  core_.queue().close_generation([&](const Visible& end) {
    end_ = end;
    const bool is_registered = !is_sabotaged(Sabotage::registration_of_checkpoint);
    registration_ = &core_.registry().add(is_registered ? end.seq : 0);
  });
  stage_ = Stage::make_durable;
}

void Checkpointer::go_on() {
  try {
    core_.queue()
        .require_healthy();  // a commit may have failed meanwhile: headers stay as they are
    switch (stage_) {
      case Stage::idle:
        break;
      case Stage::make_durable:
        make_durable();
        break;
      case Stage::save:
        save_some();
        break;
      case Stage::sync:
        sync();
        break;
      case Stage::write_headers:
        write_headers(false);
        stage_ = Stage::retire;
        break;
      case Stage::retire:
        retire();
        break;
    }
  } catch (const std::exception& error) {
    // What has been written is unknown, so the registration stays (K2).
    core_.queue().poison(error);
    throw;
  }
}

void Checkpointer::make_durable() {
  if (!is_sabotaged(Sabotage::log_before_pages)) core_.queue().prove_durable();
  readers_ = core_.registry().raise_horizon(end_.seq);
  unsaved_ = core_.pool().versions().unsaved_pages(end_.seq);
  next_ = 0;
  saved_.clear();
  stage_ = Stage::save;
}

void Checkpointer::save_some() {
  const std::size_t count = std::min(kPagesAStep, unsaved_.size() - next_);
  core_.pool().save(std::span(unsaved_).subspan(next_, count), end_.seq, readers_, saved_);
  next_ += count;
  if (next_ == unsaved_.size()) stage_ = Stage::sync;
}

void Checkpointer::sync() {
  // Covers slot B of the last checkpoint too.
  if (!is_sabotaged(Sabotage::saved_page_sync)) core_.room().sync();
  core_.pool().mark_saved(saved_);
  if (core_.queue().log() != nullptr) {
    stage_ = Stage::write_headers;
  } else {
    finish();
  }
}

void Checkpointer::write_headers(bool clean) {
  const MutexLock lock(core_.header_mutex);
  pager::Header& header = core_.header;
  const wal::LogWriter& log = *core_.queue().log();
  header.generation += 1;
  header.checkpoint_seq = end_.seq;
  header.page_count = end_.page_count;
  header.clean = clean;
  header.first_segment = clean ? 0 : log.generation_segment();
  header.first_generation = clean ? 0 : log.generation();
  pager::HeaderSlots slots(core_.base());
  slots.write(0, header);
  if (!is_sabotaged(Sabotage::checkpoint_header_sync)) core_.room().sync_data();
  slots.write(1, header);
  if (clean && !is_sabotaged(Sabotage::clean_header_sync)) core_.room().sync_data();
}

void Checkpointer::retire() {
  std::uint32_t first = 0;
  {
    const MutexLock lock(core_.header_mutex);
    first = core_.header.first_segment;
  }
  core_.queue().lead([first](wal::LogWriter& log) { log.retire(first); });
  finish();
}

/// The header that counts fewer pages is synced. A crash here leaves a longer file.
void Checkpointer::cut_file() {
  if (!cut_) return;
  const pager::Readers readers = core_.registry().raise_horizon(*cut_);
  const bool is_needed = readers.need(0, *cut_) && !is_sabotaged(Sabotage::readers_of_a_cut_tail);
  if (!is_needed && core_.room().cut(end_.page_count)) cut_.reset();
}

void Checkpointer::finish() {
  stage_ = Stage::idle;
  core_.registry().remove(*registration_);
  core_.reclaim();
  cut_file();
  core_.reaper().try_again();  // the log has room again
  core_.counters.checkpoints.fetch_add(1, std::memory_order_relaxed);
  core_.counters.checkpoint_pages.fetch_add(saved_.size(), std::memory_order_relaxed);
  try {
    tell_listener();
  } catch (const std::bad_alloc&) {
    // The event is lost; the checkpoint is made, and must not look failed.
  }
}

void Checkpointer::tell_listener() {
  Event event;
  event.kind = Event::Kind::checkpoint;
  event.message = "checkpoint at commit " + std::to_string(end_.seq) + ": " +
                  std::to_string(saved_.size()) + " pages written";
  event.pages = saved_.size();
  event.duration = core_.file_system().monotonic_now() - began_;
  core_.queue_event(std::move(event));
}

void Checkpointer::close() {
  while (in_progress()) step();
  core_.space().rollback();  // of a transaction that can only be destroyed now
  core_.room().hold(core_.space().page_count());
  if (core_.queue().log() == nullptr) {
    // Clean all the while; but a transaction that was rolled back may have made it longer.
    core_.room().cut(core_.space().page_count());
    return;
  }
  began_ = core_.file_system().monotonic_now();
  try {
    commit_cut();
    end_ = core_.queue().newest();
    registration_ = &core_.registry().add(end_.seq);
    make_durable();
    while (stage_ == Stage::save) save_some();
    sync();
    write_headers(true);
    core_.queue().lead([](wal::LogWriter& log) { log.delete_all(); });
    finish();
    // Room ahead is given back. Both slots are durable and say page_count; a crash here leaves a
    // longer file.
    core_.room().cut(end_.page_count);
  } catch (const std::exception& error) {
    core_.queue().poison(error);
    throw;
  }
}

}  // namespace quire::engine
