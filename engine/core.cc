#include "engine/core.h"

#include <algorithm>

#include "os/fork_guard.h"

namespace quire::engine {
namespace {

/// So that numbers of options can be doubled, and turned into nanoseconds. What is beyond means "no
/// limit" and "never" in either case.
Options with_bounded_numbers(Options options) {
  constexpr std::size_t kMostLogBytes = SIZE_MAX / 4;
  constexpr std::chrono::milliseconds kLongestInterval = std::chrono::hours(24 * 365);
  options.wal_limit = std::min(options.wal_limit, kMostLogBytes);
  options.relaxed_sync_interval = std::clamp(options.relaxed_sync_interval,
                                             std::chrono::milliseconds::zero(), kLongestInterval);
  return options;
}

}  // namespace

std::shared_ptr<Core> Core::start(Opened opened, const Options& options) {
  std::shared_ptr<Core> core(new Core(std::move(opened), options), [](Core* last) {
    if (last->in_forked_child()) {
      abandon(last);
    } else if (last->keeper_.is_keeper_thread()) {
      // A listener has let go of the database, on the thread that has to end for it.
      std::thread([last] { delete last; }).detach();
    } else {
      delete last;
    }
  });
  if (!core->options().read_only) {
    core->keeper_.start();
    core->reaper_.start();
  }
  return core;
}

Core::Core(Opened opened, const Options& options)
    : header(opened.header),
      opened_(std::move(opened)),
      options_(with_bounded_numbers(options)),
      listener_(options.on_event
                    ? std::make_shared<const std::function<void(const Event&)>>(options.on_event)
                    : nullptr),
      name_(opened_.logged ? opened_.path : "database in memory"),
      fork_count_(os::fork_count()),
      queue_({opened_.visible, opened_.space->committed_page_count()}, opened_.path),
      room_(*opened_.base),
      events_(std::move(opened_.events)),
      keeper_(*this),
      reaper_(*this) {
  counters.free_pages = opened_.space->free_pages();
  pool().set_relief([this] { keeper_.let_go_of_old_versions(); });
}

/// The file, its lock and its log belong to the parent, and its threads do not exist here, though
/// they may seem to wait: only the descriptor that shares the parent's lock is given back.
void Core::abandon(Core* core) {
  static auto& abandoned = *new std::vector<Core*>;  // reachable: no leak to report
  abandoned.push_back(core);
  core->opened_.base.reset();
}

Core::~Core() {
  try {
    if (gate_.close()) close_parts();
  } catch (...) {
    // Nothing committed is lost: the next open recovers. A destructor has nobody to tell.
  }
}

bool Core::in_forked_child() const noexcept { return os::fork_count() != fork_count_; }

void Core::require_own_process() const {
  if (!in_forked_child()) return;
  throw ClosedError(
      "the database was opened before fork() and belongs to the parent; open it anew in the child");
}

CallPass::CallPass(Core& core) : gate_(core.gate()) {
  core.require_own_process();
  if (!gate_.enter(lane_)) throw ClosedError("the database is closed; open it again");
}

void Core::close() {
  if (!gate_.is_closed()) require_may_close();
  if (!gate_.close()) return wait_until_closed();
  close_parts();
  deliver_events();
}

void Core::require_may_close() {
  require_own_process();
  if (writers_place_.is_user()) {
    throw InvalidArgument(
        "this thread has a transaction open; commit or roll it back before close()");
  }
  if (keeper_.is_keeper_thread()) {
    throw InvalidArgument("Options::on_event may not close the database; close it elsewhere");
  }
}

/// Whoever closes waits for the keeper's thread, and does not exist in a forked child.
void Core::wait_until_closed() {
  if (!in_forked_child() && !keeper_.is_keeper_thread()) gate_.wait_until_finished();
}

void Core::close_parts() {
  writers_place_.close();
  gate_.wait_until_empty();
  reaper_.stop();
  keeper_.stop();
  try {
    if (!options_.read_only && opened_.logged && !queue_.poisoned()) keeper_.close();
  } catch (...) {
    opened_.base.reset();
    gate_.finish();
    throw;
  }
  opened_.base.reset();  // and with it the lock
  opened_.pool.reset();  // Values keep their frames
  gate_.finish();
}

bool Core::has_unsaved_work() { return queue_.log() != nullptr || pool().versions().dirty() > 0; }

void Core::reclaim() {
  pager::VersionMap& versions = pool().versions();
  if (versions.long_chains() == 0) return;
  versions.prune(registry_.raise_horizon(queue_.visible().seq));
}

void Core::queue_event(Event event) {
  if (!listener_) return;
  const MutexLock lock(events_mutex_);
  events_.push_back(std::move(event));
}

void Core::deliver_events() noexcept {
  if (!listener_) return;
  std::vector<Event> events;
  {
    const MutexLock lock(events_mutex_);
    events.swap(events_);
  }
  const auto listener = listener_;  // it may let go of the database
  for (const Event& event : events) {
    try {
      (*listener)(event);
    } catch (...) {
      // A commit that has succeeded must not look failed because its listener threw.
    }
  }
}

Stats collect_stats(Core& core) {
  Stats stats;
  stats.seq = core.queue().visible().seq;
  stats.commits = core.counters.commits;
  stats.rollbacks = core.counters.rollbacks;
  stats.checkpoints = core.counters.checkpoints;
  stats.checkpoint_pages_written = core.counters.checkpoint_pages;
  if (const wal::LogWriter* log = core.queue().log()) {
    stats.wal_bytes_written = log->bytes_written();
    stats.wal_syncs = log->syncs();
    stats.wal_live_bytes = log->live_bytes();
    stats.wal_segments = log->segment_count();
  }
  const pager::PagePool::Counters pages = core.pool().counters();
  stats.page_hits = pages.hits;
  stats.page_loads = pages.loads;
  stats.page_evictions = pages.evictions;
  stats.pages_written_early = pages.written_early;
  const pager::VersionMap& versions = core.pool().versions();
  stats.frames = versions.frames();
  stats.frames_dirty = versions.dirty();
  stats.frames_old = versions.superseded();
  stats.page_count = core.queue().visible().page_count;
  stats.free_pages = core.counters.free_pages;
  stats.snapshots_open = core.registry().size();
  stats.oldest_snapshot = core.registry().oldest(stats.seq);
  return stats;
}

}  // namespace quire::engine
