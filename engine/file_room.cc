#include "engine/file_room.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/sabotage.h"

namespace quire::engine {
namespace {

constexpr std::uint64_t kLeastGrowth = 64 * kPageSize;
constexpr std::uint64_t kMostGrowth = 4096 * kPageSize;

bool is_no_room(const IoError& error) {
  const int number = error.error_number();
  return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

}  // namespace

void FileRoom::reserve(Pid pages) {
  const MutexLock lock(mutex_);
  reserved_ = pages;
  const std::uint64_t needed = std::uint64_t{pages} * kPageSize;
  if (needed <= bytes_) return;
  const std::uint64_t step =
      std::clamp(bytes_ / 8 / kPageSize * kPageSize, kLeastGrowth, kMostGrowth);
  for (const std::uint64_t ahead : {step, std::uint64_t{0}}) {
    try {
      base_->allocate(bytes_, needed + ahead - bytes_);
      if (!former_bytes_) former_bytes_ = bytes_;
      bytes_ = needed + ahead;
      length_unsynced_ = true;
      return;
    } catch (const IoError& error) {
      if (!is_no_room(error)) throw;
      if (ahead > 0) continue;
      throw OutOfSpace("no room for " + std::to_string(needed - bytes_) +
                       " more bytes of the database file (" + std::string(error.message()) +
                       "); free some and try again, once the transaction is rolled back");
    }
  }
}

void FileRoom::hold(Pid pages) {
  const MutexLock lock(mutex_);
  reserved_ = pages;
}

void FileRoom::keep() {
  const MutexLock lock(mutex_);
  former_bytes_.reset();
}

// Behind the former length there is nothing that a commit or a snapshot knows. A crash before the
// cut, or a cut that fails, leaves a longer file, whose end means nothing.
void FileRoom::give_back(Pid pages) noexcept {
  const MutexLock lock(mutex_);
  reserved_ = pages;
  if (!former_bytes_) return;
  const std::uint64_t bytes = std::max(*former_bytes_, std::uint64_t{pages} * kPageSize);
  former_bytes_.reset();
  if (bytes >= bytes_) return;
  try {
    base_->truncate(bytes);
    bytes_ = bytes;
    length_unsynced_ = true;
  } catch (const std::exception&) {
    // It is tried again when the tail is cut, or at close.
  }
}

void FileRoom::sync() {
  const MutexLock lock(syncing_);
  sync_locked(length_unsynced_.exchange(false));
}

void FileRoom::sync_data() {
  const MutexLock lock(syncing_);
  sync_locked(false);
}

void FileRoom::sync_locked(bool length_too) {
  if (failed_sync_) throw IoError(*failed_sync_);
  if (has_sync_failed_) throw IoError("sync", base_->path(), 0, "an earlier sync has failed");
  try {
    heeding_errors(Sabotage::failing_base_sync,
                   [&] { length_too ? base_->sync_all() : base_->sync_data(); });
  } catch (const IoError& error) {
    has_sync_failed_ = true;
    failed_sync_ = error;
    throw;
  } catch (...) {
    has_sync_failed_ = true;  // there was no memory to say it
    throw;
  }
}

bool FileRoom::cut(Pid pages) {
  const MutexLock lock(mutex_);
  if (reserved_ > pages && !is_sabotaged(Sabotage::room_reserved_behind_a_cut)) return false;
  const std::uint64_t bytes = std::uint64_t{pages} * kPageSize;
  // Asked anew: without a log nobody reserves, and the checkpoint lets the file grow.
  if (base_->status().size > bytes) {
    base_->truncate(bytes);
    bytes_ = bytes;
    length_unsynced_ = true;
  }
  return true;
}

}  // namespace quire::engine
