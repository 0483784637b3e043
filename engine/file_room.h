#pragma once

#include <cstdint>
#include <optional>

#include <quire/error.h>
#include <quire/file_system.h>

#include "base/atomic.h"
#include "base/ids.h"
#include "base/mutex.h"

namespace quire::engine {

/// How long the database file is. It grows ahead, in steps, so that not every commit changes its
/// size; bytes beyond the page count mean nothing. Its mutex is the file-size lock of rule S3: it is
/// held while the file grows or is cut.
///
/// All syncs of the file go through it, one after the other: the system reports a failed write-back
/// to one sync only, and whoever syncs behind that must not take its own success for a proof (rule
/// F1). Safe from any thread.
class FileRoom {
 public:
  explicit FileRoom(File& base) : base_(&base), bytes_(base.status().size) {}

  /// The file has room for `pages` pages, and keeps it until less is asked for. OutOfSpace, with
  /// nothing changed, if it may not grow. By the holder of the writer's place.
  void reserve(Pid pages);
  /// The same without growing: who has written up to there, or needs less from now on.
  void hold(Pid pages);
  /// The transaction for which reserve() has made the file longer has committed: it stays so.
  void keep();
  /// It has not: the file gets the length that it had, or room for `pages` pages if that is more. A
  /// file that cannot be cut stays as it is.
  void give_back(Pid pages) noexcept;

  /// Syncs the file: its length too, if that has changed since the last time. IoError also if an
  /// earlier sync has failed.
  void sync();
  /// The same without its length: for bytes that the file has had for long.
  void sync_data();

  /// Cuts the file to `pages` pages; false if more are reserved. A header that says so is synced,
  /// and no snapshot predates it.
  bool cut(Pid pages);

  std::uint64_t bytes() const {
    const MutexLock lock(mutex_);
    return bytes_;
  }

 private:
  void sync_locked(bool length_too) QUIRE_REQUIRES(syncing_);

  File* base_;
  mutable Mutex mutex_;
  std::uint64_t bytes_ QUIRE_GUARDED_BY(mutex_);
  Pid reserved_ QUIRE_GUARDED_BY(mutex_) = 0;
  std::optional<std::uint64_t> former_bytes_ QUIRE_GUARDED_BY(mutex_);  // before it grew
  // At first: nobody knows what the process before has done.
  Atomic<bool> length_unsynced_{true};
  Mutex syncing_;
  bool has_sync_failed_ QUIRE_GUARDED_BY(syncing_) = false;
  std::optional<IoError> failed_sync_ QUIRE_GUARDED_BY(syncing_);  // if there was memory for it
};

}  // namespace quire::engine
