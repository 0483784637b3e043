#include "os/posix_file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <limits>
#include <utility>
#include <vector>

#include "os/offsets.h"
#include "os/system_call.h"
#include "os/unwritten_parts.h"

namespace quire::os {

namespace {

static_assert(std::numeric_limits<off_t>::max() == kMaxOffset);
constexpr std::size_t kZerosAtOnce = std::size_t{64} << 10;

FileKind to_file_kind(mode_t mode) noexcept {
  if (S_ISREG(mode)) return FileKind::regular;
  if (S_ISDIR(mode)) return FileKind::directory;
  return FileKind::other;
}

}  // namespace

FileStatus to_file_status(const struct stat& found) noexcept {
  return {.kind = to_file_kind(found.st_mode),
          .identity = {.device = found.st_dev, .inode = found.st_ino},
          .size = static_cast<std::uint64_t>(found.st_size),
          .mode = found.st_mode & 07777u,
          .owner = found.st_uid,
          .group = found.st_gid};
}

PosixFile::PosixFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

void PosixFile::require_addressable(const char* operation, std::uint64_t offset,
                                    std::uint64_t length) const {
  if (offset > kMaxOffset || length > kMaxOffset - offset) {
    throw IoError(operation, path_, EFBIG, "a file ends at 2^63 - 1 bytes");
  }
}

std::size_t PosixFile::read_at(std::uint64_t offset, std::span<std::byte> buffer) {
  const std::uint64_t room = kMaxOffset - std::min(offset, kMaxOffset);
  if (buffer.size() > room) buffer = buffer.first(static_cast<std::size_t>(room));
  std::size_t done = 0;
  while (done < buffer.size()) {
    const auto got = uninterrupted([&] {
      return ::pread(fd_.get(), buffer.data() + done, buffer.size() - done,
                     static_cast<off_t>(offset + done));
    });
    if (got < 0) throw_errno("pread", path_);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void PosixFile::write_at(std::uint64_t offset, ByteView bytes) {
  write_at(offset, std::span(&bytes, 1));
}

void PosixFile::write_at(std::uint64_t offset, std::span<const ByteView> parts) {
  UnwrittenParts unwritten(parts);
  require_addressable("pwritev", offset, unwritten.bytes());
  std::array<iovec, IOV_MAX> vectors;
  while (!unwritten.empty()) {
    const int count = unwritten.describe(vectors);
    const auto written = uninterrupted(
        [&] { return ::pwritev(fd_.get(), vectors.data(), count, static_cast<off_t>(offset)); });
    if (written < 0) throw_errno("pwritev", path_);
    if (written == 0) throw IoError("pwritev", path_, EIO, "the system took no byte");
    offset += static_cast<std::uint64_t>(written);
    unwritten.advance(static_cast<std::size_t>(written));
  }
}

// Neither sync is repeated after EINTR: the pages may already be marked clean, and then a second
// call would succeed without having written them (P8).
void PosixFile::sync_data() {
  if (::fdatasync(fd_.get()) != 0) throw_errno("fdatasync", path_);
}

void PosixFile::sync_all() {
  if (::fsync(fd_.get()) != 0) throw_errno("fsync", path_);
}

void PosixFile::allocate(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  require_addressable("fallocate", offset, length);
  const std::uint64_t size_before = status().size;
  try {
    reserve(offset, length, size_before);
  } catch (const IoError& error) {
    cut_back(size_before);
    if (error.error_number() != EDQUOT) throw;
    throw IoError(error.operation(), path_, ENOSPC, "the disk quota is used up");
  }
}

void PosixFile::reserve(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  const int result = uninterrupted([&] {
    return ::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(length));
  });
  if (result == 0) return;
  if (errno != EOPNOTSUPP) throw_errno("fallocate", path_);
  write_zeros(std::max(offset, size), offset + length);
}

// The system may have grown the file step by step until room ran out. A crash before the cut, or a
// cut that fails, leaves zeros behind the old end.
void PosixFile::cut_back(std::uint64_t size) noexcept {
  struct stat found;
  if (::fstat(fd_.get(), &found) != 0 || to_file_status(found).size <= size) return;
  uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); });
}

void PosixFile::write_zeros(std::uint64_t begin, std::uint64_t end) {
  const std::vector<std::byte> zeros(kZerosAtOnce);
  while (begin < end) {
    const ByteView part = ByteView(zeros).sub(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, kZerosAtOnce)));
    write_at(begin, part);
    begin += part.size();
  }
}

void PosixFile::truncate(std::uint64_t size) {
  require_addressable("ftruncate", size, 0);
  if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
    throw_errno("ftruncate", path_);
  }
}

FileStatus PosixFile::status() {
  struct stat found;
  if (::fstat(fd_.get(), &found) != 0) throw_errno("fstat", path_);
  return to_file_status(found);
}

bool PosixFile::try_lock(LockKind kind) {
  struct flock lock = {};  // from 0, length 0: the whole file, however long it grows
  lock.l_type = kind == LockKind::exclusive ? F_WRLCK : F_RDLCK;
  lock.l_whence = SEEK_SET;
  if (uninterrupted([&] { return ::fcntl(fd_.get(), F_OFD_SETLK, &lock); }) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  throw_errno("fcntl(F_OFD_SETLK)", path_, "a database needs a file system with locks");
}

}  // namespace quire::os
