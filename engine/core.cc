#include "engine/core.h"

#include "engine/checkpointer.h"
#include "os/fork_guard.h"

namespace quire::engine {

Core::Core(Opened opened, const Options& options)
    : header(opened.header),
      visible(opened.visible),
      opened_(std::move(opened)),
      options_(options),
      name_(opened_.logged ? opened_.path : "database in memory"),
      fork_count_(os::fork_count()),
      events_(std::move(opened_.events)) {
  const MutexLock lock(mutex);
  base_bytes = base().status().size;
}

Core::~Core() {
  if (in_forked_child()) {
    // The file, its lock and its log belong to the parent: release memory and descriptors, touch
    // nothing.
    return;
  }
  const MutexLock lock(mutex);
  try {
    if (!closed_) close_locked();
  } catch (...) {
    // Nothing committed is lost: the next open recovers. A destructor has nobody to tell.
  }
}

bool Core::in_forked_child() const noexcept { return os::fork_count() != fork_count_; }

CoreLock::CoreLock(Core& core) : mutex_(core.mutex) {
  if (core.in_forked_child()) {
    ClosedError error(
        "the database was opened before fork() and belongs to the parent; open it anew in the "
        "child");
    error.add_file(core.name());
    throw error;
  }
  mutex_.lock();
}

void Core::require_open() const {
  if (closed_) throw ClosedError("the database is closed; open it again");
}

void Core::require_healthy() const {
  if (poison_.empty()) return;
  throw IoError("commit", path(), 0,
                "an earlier failure has stopped all writing (" + poison_ +
                    "); close the database and open it again to recover");
}

void Core::poison(const std::string& reason) {
  if (poison_.empty()) poison_ = reason;
}

bool Core::take_writers_place(const std::chrono::steady_clock::time_point* deadline) {
  if (is_writer_thread()) {
    throw InvalidArgument(
        "this thread has a transaction open and would wait for itself; commit or roll it back "
        "first");
  }
  while (writer_busy_ && !closed_) {
    if (deadline == nullptr) {
      writers_place_free_.wait(mutex);
    } else if (writers_place_free_.wait_until(mutex, *deadline) == std::cv_status::timeout &&
               writer_busy_) {
      return false;
    }
  }
  require_open();
  writer_busy_ = true;
  note_writer_thread();
  return true;
}

void Core::leave_writers_place() {
  writer_busy_ = false;
  writer_thread_ = {};
  writers_place_free_.notify_one();
}

void Core::close() {
  {
    const CoreLock lock(*this);
    if (closed_) return;
    require_open();
    if (is_writer_thread()) {
      throw InvalidArgument(
          "this thread has a transaction open; commit or roll it back before close()");
    }
    close_locked();
  }
  deliver_events();
}

void Core::close_locked() {
  closed_ = true;
  writers_place_free_.notify_all();
  // Another thread's transaction ends here; its handles throw ClosedError from now on.
  if (writer_busy_) space().rollback();
  try {
    if (!options_.read_only && opened_.logged && !poisoned()) checkpoint_and_close(*this);
  } catch (...) {
    opened_.base.reset();
    throw;
  }
  opened_.base.reset();  // and with it the lock
  opened_.pool.reset();  // Values keep their frames
}

void Core::queue_event(Event event) {
  if (options_.on_event) events_.push_back(std::move(event));
}

void Core::deliver_events() {
  const auto keep = shared_from_this();  // a listener may let go of the database
  std::vector<Event> events;
  {
    const MutexLock lock(mutex);
    events.swap(events_);
  }
  if (!options_.on_event) return;
  for (const Event& event : events) {
    try {
      options_.on_event(event);
    } catch (...) {
      // A commit that has succeeded must not look failed because its listener threw.
    }
  }
}

void Core::count_log() {
  if (!log) return;
  stats.wal_bytes_written += log->bytes_written();
  stats.wal_syncs += log->syncs();
}

Stats collect_stats(Core& core) {
  Stats stats = core.stats;
  stats.seq = core.visible;
  if (core.log) {
    stats.wal_bytes_written += core.log->bytes_written();
    stats.wal_syncs += core.log->syncs();
    stats.wal_live_bytes = core.log->live_bytes();
    stats.wal_segments = core.log->segment_count();
  }
  const pager::PagePool::Counters& pages = core.pool().counters();
  stats.page_hits = pages.hits;
  stats.page_loads = pages.loads;
  stats.page_evictions = pages.evictions;
  stats.frames = core.pool().versions().frame_count();
  stats.page_count = core.space().committed_page_count();
  stats.free_pages = core.space().free_pages();
  stats.snapshots_open = core.readers.size();
  return stats;
}

}  // namespace quire::engine
