#include "os/memory_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include <quire/error.h>

#include "os/offsets.h"

namespace quire::os {

namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 38;

}  // namespace

FileStatus MemoryInode::status() {
  const std::shared_lock guard(mutex);
  return {.kind = FileKind::regular, .identity = identity, .size = content.size(), .mode = mode};
}

MemoryFile::MemoryFile(std::shared_ptr<MemoryInode> inode, std::string path, bool is_writable)
    : inode_(std::move(inode)), path_(std::move(path)), is_writable_(is_writable) {}

MemoryFile::~MemoryFile() {
  const std::unique_lock guard(inode_->mutex);
  if (inode_->exclusive_holder == this) inode_->exclusive_holder = nullptr;
  inode_->shared_holders.erase(this);
}

std::size_t MemoryFile::read_at(std::uint64_t offset, std::span<std::byte> buffer) {
  const std::shared_lock guard(inode_->mutex);
  const std::uint64_t size = inode_->content.size();
  if (offset >= size || buffer.empty()) return 0;
  const auto count =
      static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - offset));
  std::memcpy(buffer.data(), inode_->content.data() + offset, count);
  return count;
}

void MemoryFile::write_at(std::uint64_t offset, ByteView bytes) {
  write_at(offset, std::span(&bytes, 1));
}

void MemoryFile::write_at(std::uint64_t offset, std::span<const ByteView> parts) {
  std::uint64_t length = 0;
  for (const ByteView part : parts) length += part.size();
  if (length == 0) return;
  const std::uint64_t end = end_of("pwritev", offset, length);
  const std::unique_lock guard(inode_->mutex);
  if (end > inode_->content.size()) resize("pwritev", end);
  std::byte* place = inode_->content.data() + offset;
  for (const ByteView part : parts) place = std::copy(part.begin(), part.end(), place);
}

void MemoryFile::sync_data() {
  const std::unique_lock guard(inode_->mutex);
  ++inode_->syncs;
}

void MemoryFile::sync_all() { sync_data(); }

void MemoryFile::allocate(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  const std::uint64_t end = end_of("fallocate", offset, length);
  const std::unique_lock guard(inode_->mutex);
  if (end > inode_->content.size()) resize("fallocate", end);
}

void MemoryFile::truncate(std::uint64_t size) {
  end_of("ftruncate", size, 0);
  const std::unique_lock guard(inode_->mutex);
  resize("ftruncate", size);
}

FileStatus MemoryFile::status() { return inode_->status(); }

bool MemoryFile::try_lock(LockKind kind) {
  if (kind == LockKind::exclusive && !is_writable_) throw IoError("fcntl", path_, EBADF);
  const std::unique_lock guard(inode_->mutex);
  const auto& shared = inode_->shared_holders;
  if (inode_->exclusive_holder != nullptr && inode_->exclusive_holder != this) return false;
  if (kind == LockKind::exclusive && shared.size() > shared.count(this)) return false;
  if (kind == LockKind::exclusive) {
    inode_->shared_holders.erase(this);
    inode_->exclusive_holder = this;
  } else {
    inode_->shared_holders.insert(this);
    inode_->exclusive_holder = nullptr;
  }
  return true;
}

/// offset + length, if this open may write there.
std::uint64_t MemoryFile::end_of(const char* operation, std::uint64_t offset,
                                 std::uint64_t length) const {
  if (!is_writable_) throw IoError(operation, path_, EBADF, "it was opened for reading only");
  if (offset > kMaxOffset || length > kMaxOffset - offset) {
    throw IoError(operation, path_, EFBIG, "a file ends at 2^63 - 1 bytes");
  }
  return offset + length;
}

/// Called with the inode locked. If it throws, the file is as before.
void MemoryFile::resize(const char* operation, std::uint64_t size) {
  const char* const advice = "no memory for a file of this size";
  if (size > kMaxBytes) throw IoError(operation, path_, ENOSPC, advice);
  try {
    inode_->content.resize(static_cast<std::size_t>(size));
  } catch (const std::bad_alloc&) {
    throw IoError(operation, path_, ENOSPC, advice);
  }
}

}  // namespace quire::os
