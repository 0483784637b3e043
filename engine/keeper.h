#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include <quire/file_system.h>

#include "base/atomic.h"
#include "base/failure.h"
#include "base/mutex.h"
#include "base/thread_number.h"
#include "engine/checkpointer.h"

namespace quire::engine {

/// The thread that works behind the commits of one database: checkpoints, syncs of relaxed commits,
/// marks after idle (rules K4, L6). It holds no lock of another class while it works, and nothing that a writer may
/// wait for waits for the writer's place (rule F5).
///
/// Where the FileSystem starts no threads, the same work is done one step at a time by the calls
/// that make it necessary, so that a simulated run is the same every time.
class Keeper {
 public:
  explicit Keeper(Core& core) : core_(core), checkpointer_(core) {}
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  void start();
  /// Returns when the thread has ended. Twice does no harm. Not from the keeper's thread.
  void stop();
  bool is_keeper_thread() const noexcept;

  /// After a commit: wakes the thread if there is work for it; without a thread, does one step.
  void nudge();
  /// Runs a checkpoint of all that is published by now. Throws what stopped it.
  void checkpoint();
  /// Holds a commit of `pages` pages back until they fit into memory and log: the back-pressure
  /// of a writer that is faster than the disk. Returns also if no checkpoint would help.
  void wait_for_room(std::size_t pages);
  /// Old versions fill the memory for private pages: lets go of those that only a checkpoint under
  /// way still needs, by waiting for its end. By the holder of the writer's place.
  void let_go_of_old_versions();
  /// The last checkpoint; after stop().
  void close() { checkpointer_.close(); }

 private:
  using Clock = std::chrono::nanoseconds;

  void run();
  bool is_due() const;
  bool is_too_full(std::size_t pages) const;
  void work();
  void try_checkpoint();
  void raise_failure();
  void look_after_log(Clock now);
  /// What the thread sleeps for. After a commit that it has not seen, the next nudge() wakes it
  /// where it would sleep too long.
  enum Sleep : int { kAwake, kUntilSync, kUntilMark, kUntilCheckpoint, kLong };
  Sleep sleep_now() const;
  Clock time_of(Sleep sleep) const;

  Core& core_;
  Checkpointer checkpointer_;
  std::unique_ptr<Thread> thread_;
  Atomic<bool> has_thread_{false};
  Atomic<std::uint64_t> number_{0};  // of the thread, see this_thread_number()
  Atomic<int> sleep_{kAwake};

  Mutex mutex_;
  std::condition_variable_any wake_;
  std::condition_variable_any progress_;
  bool stopping_ QUIRE_GUARDED_BY(mutex_) = false;
  bool nudged_ QUIRE_GUARDED_BY(mutex_) = false;
  // Checkpoints are counted: each request waits for one that began after it.
  std::uint64_t requested_ QUIRE_GUARDED_BY(mutex_) = 0;
  std::uint64_t covered_ QUIRE_GUARDED_BY(mutex_) = 0;    // by the checkpoint under way
  std::uint64_t completed_ QUIRE_GUARDED_BY(mutex_) = 0;  // or failed
  Failure failure_ QUIRE_GUARDED_BY(mutex_);              // of the last one

  Mutex inline_mutex_;  // without a thread: one caller at a time steps

  // The thread's own.
  Seq seen_ = 0;      // newest published commit at the last look
  Clock seen_at_{0};  // when that changed
  Seq marked_ = 0;    // a MARK lies behind this commit
  std::optional<Clock> undurable_since_;
};

}  // namespace quire::engine
