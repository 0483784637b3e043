#include "engine/reaper.h"

#include <algorithm>

#include "engine/collection_pages.h"
#include "engine/committer.h"
#include "engine/core.h"
#include "engine/structure.h"
#include "structures/list.h"

namespace quire::engine {
namespace {

constexpr std::size_t kMostPagesAStep = 256;

}  // namespace

void Reaper::start() {
  const MutexLock lock(mutex_);
  thread_ = core_.file_system().start_thread([this] { run(); });
  has_thread_ = thread_ != nullptr;
}

void Reaper::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  thread_.reset();  // joins
}

// ---- drops

std::uint32_t Reaper::pages_a_step() const noexcept {
  return static_cast<std::uint32_t>(std::min(kMostPagesAStep, core_.pool().budget() / 4));
}

bool Reaper::drop(pager::PrivatePages& pages, const CatalogEntry& entry,
                  std::uint32_t& pages_left) {
  TransactionPages own(pages, entry.id);
  // What this transaction has made would be logged only to be freed.
  if (entry.created_seq > pages.base() && destroy_some(entry, own, UINT32_MAX)) return false;
  const std::uint64_t count = pages_of_structure(entry, own);
  if (count <= pages_left && destroy_some(entry, own, pages_left)) {
    pages_left -= static_cast<std::uint32_t>(count);
    return false;
  }
  TransactionPages engine_pages(pages, kEngineOwner);
  Catalog catalog(engine_pages);
  if (catalog.reaper_root() == kNoPid) {
    catalog.set_reaper_root(structures::List::create(engine_pages));
  }
  structures::List(engine_pages, catalog.reaper_root()).push_back(encode(entry));
  return true;
}

// ---- who makes the steps

Reaper::State Reaper::state() const {
  const MutexLock lock(mutex_);
  return state_;
}

void Reaper::set_state(State state) {
  const MutexLock lock(mutex_);
  state_ = state;
  wake_.notify_all();
}

void Reaper::wake() { set_state(State::waiting); }

void Reaper::try_again() {
  const MutexLock lock(mutex_);
  if (state_ != State::stopped) return;
  state_ = State::waiting;
  wake_.notify_all();
}

void Reaper::nudge() {
  {
    const MutexLock lock(mutex_);
    if (has_thread_ || state_ != State::waiting || nudged_) return;
    nudged_ = true;  // the step's own commit nudges too
  }
  if (core_.writers_place().try_take()) step();
  const MutexLock lock(mutex_);
  nudged_ = false;
}

void Reaper::finish() {
  // The keeper waits for nobody who may wait for a checkpoint (F5).
  if (core_.keeper().is_keeper_thread()) return;
  try_again();
  // Waits for the thread's step to its end, so that the checkpoint finds the place vacant.
  const auto is_wanted = [this] { return state() == State::waiting; };
  while (core_.writers_place().take_for_engine(WritersPlace::IfInUse::give_up, is_wanted)) step();
}

void Reaper::run() {
  for (;;) {
    {
      const MutexLock lock(mutex_);
      while (state_ != State::waiting && !stopping_) wake_.wait(mutex_);
      if (stopping_) return;
    }
    const QuietPass pass(core_);
    if (!pass) return;
    // Somebody else may have made the last step: then this would only be in a checkpoint's way.
    bool is_wanted = true;
    const auto look_again = [&] { return is_wanted = state() == State::waiting; };
    if (core_.writers_place().take_for_engine(WritersPlace::IfInUse::wait, look_again)) {
      step();
    } else if (is_wanted) {
      return;
    }
  }
}

// ---- a step

/// One transaction. The caller has taken the writer's place, which is given up here, after the
/// state says what is left: whoever has the place next can rely on it. What stops a step (no room,
/// poison, damage) leaves the list as it is.
void Reaper::step() {
  set_state(State::stopped);  // until it has succeeded; a try_again() meanwhile counts
  PublishedCommit commit;
  try {
    core_.queue().require_healthy();
    pager::PrivatePages pages(core_.pool(), core_.space(), core_.queue().published());
    const bool more = reap(pages);
    core_.keeper().wait_for_room(pages.size());
    commit = publish_commit(core_, pages, Durability::relaxed);
    set_state(more ? State::waiting : State::empty);
  } catch (const std::exception&) {
    core_.space().rollback();
  }
  core_.writers_place().leave();
  try {
    if (commit.changed) wait_for_commit(core_, commit, Durability::relaxed);
  } catch (const std::exception&) {
    // Poisoned: the next step finds out.
  }
}

/// Frees some pages of the collection that has waited longest; true if anything is left on the list.
bool Reaper::reap(pager::PrivatePages& pages) {
  TransactionPages engine_pages(pages, kEngineOwner);
  Catalog catalog(engine_pages);
  const Pid root = catalog.reaper_root();
  if (root == kNoPid) return false;
  structures::List list(engine_pages, root);
  if (list.size() > 0) {
    const CatalogEntry entry = decode_catalog_entry("a dropped collection", list.at(0));
    TransactionPages own(pages, entry.id);
    if (!destroy_some(entry, own, pages_a_step())) return true;
    list.erase(0);
    if (list.size() > 0) return true;
  }
  list.destroy();
  catalog.set_reaper_root(kNoPid);
  return false;
}

}  // namespace quire::engine
