#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>

#include <quire/file_system.h>

#include "base/mutex.h"
#include "engine/catalog.h"
#include "pager/private_pages.h"

namespace quire::engine {

class Core;

/// Frees the pages of large collections that were dropped, in small transactions of its own, and
/// goes on with that after a crash (rule S4). A drop that fits into one step frees its pages at
/// once; a larger collection it puts on the reaper's list, in the same commit.
///
/// A thread of its own, because it waits for the writer's place. Where the FileSystem starts no
/// threads, each commit does one step. Safe from any thread but where said otherwise.
class Reaper {
 public:
  explicit Reaper(Core& core) : core_(core) {}
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  void start();
  /// Returns when the thread has ended. The writer's place is closed.
  void stop();

  /// How many pages a step frees, or little more: so that it neither holds up a writer for long nor
  /// fills the cache.
  std::uint32_t pages_a_step() const noexcept;
  /// Drops a structure within a transaction: frees it if it has no more than `pages_left`, from
  /// which its pages are taken, else puts it on the list; true if it did that. By the holder of the
  /// writer's place.
  bool drop(pager::PrivatePages& pages, const CatalogEntry& entry, std::uint32_t& pages_left);

  /// A commit has put something on the list. By the holder of the writer's place.
  void wake();
  /// There may be room again for what had stopped for want of it, or for a step under way that
  /// has none yet.
  void try_again();
  /// Without a thread: one step, if there is one to do and the writer's place is vacant.
  void nudge();
  /// Frees all that is on the list. Returns early if a transaction is open, or a step fails.
  void finish();

 private:
  /// Of the list; changed only by the holder of the writer's place, but for try_again(). A step that
  /// is under way has stopped until it succeeds.
  enum class State { empty, waiting, stopped };

  void run();
  void step();
  bool reap(pager::PrivatePages& pages);
  State state() const;
  void set_state(State state);

  Core& core_;
  std::unique_ptr<Thread> thread_;
  mutable Mutex mutex_;
  std::condition_variable_any wake_;
  State state_ QUIRE_GUARDED_BY(mutex_) = State::waiting;  // for what a crash or a close has left
  bool has_thread_ QUIRE_GUARDED_BY(mutex_) = false;
  bool nudged_ QUIRE_GUARDED_BY(mutex_) = false;  // nudge() is making a step
  bool stopping_ QUIRE_GUARDED_BY(mutex_) = false;
};

}  // namespace quire::engine
