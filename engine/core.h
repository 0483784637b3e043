#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <quire/error.h>
#include <quire/file_system.h>
#include <quire/options.h>
#include <quire/stats.h>

#include "base/mutex.h"
#include "pager/header_slots.h"
#include "pager/page_pool.h"
#include "pager/space_map.h"
#include "wal/log_writer.h"

namespace quire::engine {

/// How an open found the file.
struct RecoveryResult {
  bool recovered = false;
  std::uint64_t commits = 0;  // replayed from the log
  std::uint64_t pages = 0;    // written to their place, or into memory if read-only
  std::chrono::nanoseconds duration{0};
};

/// What one open database is made of. Transactions, snapshots and the Database share it; the last
/// of them closes it. The order of things is said elsewhere: committer.cc, checkpointer.cc,
/// recovery.cc.
///
/// One mutex guards everything that changes, and is held through I/O: one thread at a time reads or
/// writes.
class Core : public std::enable_shared_from_this<Core> {
 public:
  /// An open, locked, recovered file. `logged` is false for a database in memory (rule M10).
  struct Opened {
    std::unique_ptr<FileSystem> owned_file_system;  // of a database in memory
    FileSystem* file_system = nullptr;
    std::string path;  // resolved; segments lie beside it
    std::unique_ptr<File> base;
    pager::Header header;
    std::unique_ptr<pager::PagePool> pool;
    std::unique_ptr<pager::SpaceMap> space;
    Seq visible = 0;
    RecoveryResult recovery;
    std::vector<Event> events;
    bool logged = true;
  };

  Core(Opened opened, const Options& options);
  /// Closes as Database::close() does, but swallows errors; in a forked child it only releases
  /// memory.
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Constant after open.
  const std::string& name() const noexcept { return name_; }  // for messages
  const Options& options() const noexcept { return options_; }
  FileSystem& file_system() const noexcept { return *opened_.file_system; }
  const std::string& path() const noexcept { return opened_.path; }
  const RecoveryResult& recovery() const noexcept { return opened_.recovery; }
  bool logged() const noexcept { return opened_.logged; }

  Mutex mutex;

  /// This process is a forked child of the one that opened the database (rule F4): calls throw,
  /// destructors release memory and descriptors only.
  bool in_forked_child() const noexcept;
  /// ClosedError if the database is closed.
  void require_open() const QUIRE_REQUIRES(mutex);
  /// IoError if an earlier failure has poisoned the database.
  void require_healthy() const QUIRE_REQUIRES(mutex);
  bool is_closed() const QUIRE_REQUIRES(mutex) { return closed_; }
  /// Rule F1: from now on commits fail, readers go on, and only reopening heals. The first reason
  /// stays.
  void poison(const std::string& reason) QUIRE_REQUIRES(mutex);
  bool poisoned() const QUIRE_REQUIRES(mutex) { return !poison_.empty(); }

  // The writer's place: at most one transaction is open.
  /// Takes the place; false if `deadline` passes first. `deadline` nullptr: waits for ever.
  bool take_writers_place(const std::chrono::steady_clock::time_point* deadline)
      QUIRE_REQUIRES(mutex);
  void leave_writers_place() QUIRE_REQUIRES(mutex);
  /// The thread that last used the open transaction.
  void note_writer_thread() QUIRE_REQUIRES(mutex) { writer_thread_ = std::this_thread::get_id(); }
  bool is_writer_thread() const QUIRE_REQUIRES(mutex) {
    return writer_busy_ && writer_thread_ == std::this_thread::get_id();
  }

  void close() QUIRE_EXCLUDES(mutex);

  File& base() QUIRE_REQUIRES(mutex) { return *opened_.base; }
  pager::PagePool& pool() QUIRE_REQUIRES(mutex) { return *opened_.pool; }
  pager::SpaceMap& space() QUIRE_REQUIRES(mutex) { return *opened_.space; }

  // What committer, checkpointer and recovery change.
  pager::Header header QUIRE_GUARDED_BY(mutex);
  std::unique_ptr<wal::LogWriter> log QUIRE_GUARDED_BY(mutex);  // nullptr while the file is clean
  Seq visible QUIRE_GUARDED_BY(mutex) = 0;                      // V: what a snapshot sees
  std::uint64_t base_bytes QUIRE_GUARDED_BY(mutex) = 0;         // of the file, room ahead included
  bool base_has_grown QUIRE_GUARDED_BY(mutex) = false;          // since its length was last synced
  pager::Readers readers QUIRE_GUARDED_BY(mutex);
  Stats stats QUIRE_GUARDED_BY(mutex);

  /// Queues an event; deliver_events() hands it to the user with no lock held.
  void queue_event(Event event) QUIRE_REQUIRES(mutex);
  void deliver_events() QUIRE_EXCLUDES(mutex);

  /// Adds to `stats` what the log writer has counted; before it goes.
  void count_log() QUIRE_REQUIRES(mutex);

 private:
  void close_locked() QUIRE_REQUIRES(mutex);

  Opened opened_;
  Options options_;
  std::string name_;
  std::uint64_t fork_count_;
  std::condition_variable_any writers_place_free_;
  bool writer_busy_ QUIRE_GUARDED_BY(mutex) = false;
  std::thread::id writer_thread_ QUIRE_GUARDED_BY(mutex);
  bool closed_ QUIRE_GUARDED_BY(mutex) = false;
  std::string poison_ QUIRE_GUARDED_BY(mutex);
  std::vector<Event> events_ QUIRE_GUARDED_BY(mutex);
};

/// Holds the engine's mutex from construction to destruction. In a forked child, where another
/// thread may have held it for ever, it throws ClosedError instead of waiting.
class QUIRE_THREAD_ATTRIBUTE(scoped_lockable) CoreLock {
 public:
  explicit CoreLock(Core& core) QUIRE_THREAD_ATTRIBUTE(acquire_capability(core.mutex));
  ~CoreLock() QUIRE_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  CoreLock(const CoreLock&) = delete;
  CoreLock& operator=(const CoreLock&) = delete;

 private:
  Mutex& mutex_;
};

/// The counters, and the gauges of this moment.
Stats collect_stats(Core& core) QUIRE_REQUIRES(core.mutex);

}  // namespace quire::engine
