#include "testing/faults.h"

#include <cerrno>
#include <initializer_list>

namespace quire {
namespace {

using enum FileOperation;

bool is_one_of(FileOperation operation, std::initializer_list<FileOperation> some) noexcept {
  for (const FileOperation one : some) {
    if (operation == one) return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(FileOperation operation) noexcept {
  switch (operation) {
    case open:
      return "open";
    case create:
      return "create";
    case read:
      return "read";
    case write:
      return "write";
    case sync:
      return "sync";
    case allocate:
      return "allocate";
    case truncate:
      return "truncate";
    case lock:
      return "lock";
    case status:
      return "status";
    case rename:
      return "rename";
    case link:
      return "link";
    case remove:
      return "remove";
    case list:
      return "list";
    case sync_directory:
      return "sync directory";
  }
  return "?";
}

std::string_view to_string(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::io_error:
      return "a call fails";
    case FaultKind::interrupted:
      return "a call is interrupted";
    case FaultKind::partial_write:
      return "a write fails halfway";
    case FaultKind::complete_write:
      return "a write is done and fails";
    case FaultKind::no_space:
      return "no space";
    case FaultKind::quota:
      return "no quota";
    case FaultKind::too_large:
      return "a file gets too large";
    case FaultKind::read_only:
      return "the disk gets read-only";
    case FaultKind::access_denied:
      return "access denied";
    case FaultKind::too_many_files:
      return "too many files";
    case FaultKind::bad_sector:
      return "a sector cannot be read";
    case FaultKind::short_read:
      return "a read is short";
    case FaultKind::wrong_read:
      return "a read has a wrong bit";
    case FaultKind::sync_loses:
      return "a sync loses";
    case FaultKind::sync_reverts:
      return "a sync reverts";
    case FaultKind::sync_reports_late:
      return "a sync fails late";
    case FaultKind::sync_keeps_some:
      return "a sync keeps some";
    case FaultKind::sync_tells_each:
      return "a sync fails, for all that have the file open";
    case FaultKind::sync_no_space:
      return "a sync finds no space";
    case FaultKind::sync_lies:
      return "a sync lies";
    case FaultKind::write_back:
      return "the system writes early";
    case FaultKind::evict:
      return "the system forgets what is clean";
  }
  return "?";
}

bool can_fail(FaultKind kind, FileOperation operation) noexcept {
  switch (kind) {
    case FaultKind::io_error:
    case FaultKind::interrupted:
    case FaultKind::write_back:
    case FaultKind::evict:
      return true;
    case FaultKind::partial_write:
      return is_one_of(operation, {write, allocate});
    case FaultKind::complete_write:
      return is_one_of(operation, {write, allocate, truncate, rename, link, remove});
    case FaultKind::no_space:
    case FaultKind::quota:
      return is_one_of(operation, {create, write, allocate, rename, link});
    case FaultKind::too_large:
      return is_one_of(operation, {write, allocate, truncate});
    case FaultKind::read_only:
      return is_one_of(operation, {create, write, allocate, truncate, rename, link, remove});
    case FaultKind::bad_sector:
    case FaultKind::short_read:
    case FaultKind::wrong_read:
      return operation == read;
    case FaultKind::access_denied:
      return is_one_of(operation, {open, create, rename, link, remove});
    case FaultKind::too_many_files:
      return is_one_of(operation, {open, create});
    case FaultKind::sync_loses:
    case FaultKind::sync_reverts:
    case FaultKind::sync_reports_late:
    case FaultKind::sync_keeps_some:
    case FaultKind::sync_tells_each:
    case FaultKind::sync_no_space:
      return operation == sync;
    case FaultKind::sync_lies:
      return is_one_of(operation, {sync, sync_directory});
  }
  return false;
}

namespace simulation {

int error_number(FaultKind kind) noexcept {
  switch (kind) {
    case FaultKind::no_space:
    case FaultKind::sync_no_space:
      return ENOSPC;
    case FaultKind::too_large:
      return EFBIG;
    case FaultKind::read_only:
      return EROFS;
    case FaultKind::interrupted:
      return EINTR;
    case FaultKind::quota:
      return EDQUOT;
    case FaultKind::access_denied:
      return EACCES;
    case FaultKind::too_many_files:
      return EMFILE;
    default:
      return EIO;
  }
}

bool fails_undone(FaultKind kind, FileOperation operation) noexcept {
  switch (kind) {
    case FaultKind::io_error:
    case FaultKind::interrupted:
    case FaultKind::read_only:
    case FaultKind::access_denied:
    case FaultKind::too_many_files:
      return true;
    case FaultKind::no_space:
    case FaultKind::quota:
    case FaultKind::too_large:
      return operation != write;
    default:
      return false;
  }
}

const char* system_name(FileOperation operation) noexcept {
  switch (operation) {
    case open:
    case create:
      return "open";
    case read:
      return "pread";
    case write:
      return "pwritev";
    case sync:
    case sync_directory:
      return "fsync";
    case allocate:
      return "fallocate";
    case truncate:
      return "ftruncate";
    case lock:
      return "fcntl";
    case status:
      return "stat";
    case FileOperation::rename:
      return "rename";
    case link:
      return "link";
    case FileOperation::remove:
      return "unlink";
    case list:
      return "opendir";
  }
  return "?";
}

bool changes_disk(FileOperation operation) noexcept {
  return !is_one_of(operation, {open, read, lock, status, list});
}

}  // namespace simulation
}  // namespace quire
