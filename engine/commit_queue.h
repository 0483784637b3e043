#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <quire/error.h>

#include "base/atomic.h"
#include "base/mutex.h"
#include "wal/log_writer.h"

namespace quire::engine {

/// What a snapshot that starts now sees.
struct Visible {
  Seq seq = 0;
  Pid page_count = 0;
};

/// The way of commits from published to visible (rules C1 to C3):
///
///     published    its versions are in memory; the next transaction builds on them
///     written      its bytes were given to the operating system: it survives this process
///     durable D    synced: it survives a power cut
///     visible V    snapshots see it: the largest commit up to which every `immediate` one is durable
///
/// Commits that wait share one write and one sync: whoever finds no leader at work becomes the
/// leader for all that is published. D, V and what is written rise only, and before a waiter wakes.
/// Without a log (a database in memory) a published commit is visible at once (rule M10).
///
/// The mutex of this class is the publish mutex of the design: it is held while a commit publishes
/// or a generation of the log ends, never across I/O or waiting. Safe from any thread.
class CommitQueue {
 public:
  /// `path` is for messages.
  CommitQueue(const Visible& at_open, std::string path);

  Visible visible() const noexcept;  // lock-free
  Seq published() const noexcept { return published_.load(std::memory_order_acquire); }
  Seq durable() const noexcept { return durable_.load(std::memory_order_acquire); }

  /// The newest published commit and its page count.
  Visible newest() const;

  /// nullptr while the file is clean, and always without a log.
  wal::LogWriter* log() const noexcept { return log_.load(std::memory_order_acquire); }
  /// Before the first publish() with a body.
  void start_log(std::unique_ptr<wal::LogWriter> log);

  /// Runs `install()`, which puts the versions into memory, and queues the commit; its place in
  /// the log has been reserved. IoError if the database is poisoned; whatever `install` throws
  /// poisons it. By the holder of the writer's place.
  void publish(Seq seq, Pid page_count, std::optional<wal::EncodedCommit> body,
               const std::function<void()>& install);

  /// Returns when commit `seq` is visible, leading if nobody does. IoError, of unknown outcome, if
  /// the database is poisoned before.
  void wait_visible(Seq seq);
  /// The same for written.
  void wait_written(Seq seq);
  /// Returns when all that was published before the call is durable.
  void make_durable();
  /// The same, and a generation that was closed has begun its new segment, and a MARK lies behind it
  /// all, which proves what was synced: damage to that is no torn end from here on (rule L6), so
  /// pages that came of it may be overwritten.
  void prove_durable();
  bool has_undurable() const noexcept { return durable() < published(); }

  /// The generation of the log ends behind what is published so far (rule K1): calls
  /// `closed(newest published commit)` under the publish mutex. The log has room for its successor.
  /// Waits for a large commit that has begun to write its chunks.
  void close_generation(const std::function<void(const Visible& end)>& closed);

  /// Runs `fn(log)` as the leader, with nothing left to write. An exception of it poisons.
  void lead(const std::function<void(wal::LogWriter&)>& fn);
  /// A large commit writes its chunks ahead (rule L3): the same, and until its commit is published
  /// or end_chunks() no generation is closed.
  /// `bytes`: how many `fn` writes, which count until the next sync.
  void lead_chunks(std::uint64_t bytes, const std::function<void(wal::LogWriter&)>& fn);
  void end_chunks();

  // Rule F1: from the first failure on commits fail, readers go on, and only reopening heals.
  void poison(const std::exception& reason) noexcept;
  /// For whoever has used the log and has met `reason`, which may be that memory has run out even
  /// for telling what went wrong: poisons, and throws IoError, if it is an IoError or the log has
  /// failed. Else returns: nothing has happened that rolling back would not undo.
  void poison_if_log_failed(const std::exception& reason);
  bool poisoned() const noexcept { return is_poisoned_.load(std::memory_order_acquire); }
  /// IoError if poisoned.
  void require_healthy();

 private:
  struct Pending {
    Seq seq;
    Pid page_count;
    bool relaxed;
  };
  using Lock = std::unique_lock<Mutex>;

  void lead_locked(Lock& lock, bool sync, const std::function<void(wal::LogWriter&)>& fn)
      QUIRE_REQUIRES(mutex_);
  void write(std::vector<wal::EncodedCommit>& group, std::optional<Seq> generation_end);
  /// Leads if nobody does; else returns when anything has changed.
  void lead_or_wait(Lock& lock, bool sync) QUIRE_REQUIRES(mutex_);
  void take_leadership(Lock& lock) QUIRE_REQUIRES(mutex_);
  void raise_visible() QUIRE_REQUIRES(mutex_);
  void poison_locked(const std::exception& reason) noexcept QUIRE_REQUIRES(mutex_);
  [[noreturn]] void throw_poisoned() QUIRE_REQUIRES(mutex_);
  /// For a commit that is published: whether it exists, the next open decides.
  [[noreturn]] void throw_outcome_unknown() QUIRE_REQUIRES(mutex_);
  void store_visible(const Visible& visible) noexcept QUIRE_REQUIRES(mutex_);

  const std::string path_;
  const std::shared_ptr<const IoError> out_of_memory_;  // made while there is memory
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  std::unique_ptr<wal::LogWriter> owned_log_ QUIRE_GUARDED_BY(mutex_);
  Atomic<wal::LogWriter*> log_{nullptr};

  std::vector<wal::EncodedCommit> unwritten_ QUIRE_GUARDED_BY(mutex_);
  std::optional<Seq> generation_end_ QUIRE_GUARDED_BY(mutex_);  // closed, not yet begun in the log
  std::deque<Pending> invisible_ QUIRE_GUARDED_BY(mutex_);
  Seq written_ QUIRE_GUARDED_BY(mutex_) = 0;
  Seq last_immediate_ QUIRE_GUARDED_BY(mutex_) = 0;
  std::uint64_t unsynced_bytes_ QUIRE_GUARDED_BY(mutex_) = 0;
  Pid published_pages_ QUIRE_GUARDED_BY(mutex_) = 0;
  bool leader_ QUIRE_GUARDED_BY(mutex_) = false;
  bool chunks_ahead_ QUIRE_GUARDED_BY(mutex_) = false;
  std::shared_ptr<const IoError> poison_ QUIRE_GUARDED_BY(mutex_);  // the first failure
  Atomic<bool> is_poisoned_{false};

  Atomic<Seq> published_;
  Atomic<Seq> durable_;
  // V with its page count, under a sequence lock: odd while it changes.
  Atomic<std::uint64_t> visible_version_{0};
  Atomic<Seq> visible_seq_;
  Atomic<Pid> visible_pages_;
};

}  // namespace quire::engine
