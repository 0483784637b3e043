#pragma once

#include <sys/stat.h>

#include <string>

#include <quire/file_system.h>

#include "os/unique_fd.h"

namespace quire::os {

/// What stat() and fstat() found, in our words.
FileStatus to_file_status(const struct stat& found) noexcept;

/// A regular file behind a descriptor. Offsets end at 2^63 - 1: writing beyond is EFBIG, reading
/// finds nothing there. allocate() may run beside reads, and beside writes below the end of the
/// file; whoever lets the file grow or shrink excludes others who do.
class PosixFile final : public File {
 public:
  /// `path` is for messages.
  PosixFile(UniqueFd fd, std::string path);

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) override;
  void write_at(std::uint64_t offset, ByteView bytes) override;
  void write_at(std::uint64_t offset, std::span<const ByteView> parts) override;
  void sync_data() override;
  void sync_all() override;

  /// Where the system cannot reserve, zeros are written behind the end of the file; holes before
  /// the end then stay holes, because filling them could overwrite what another thread writes. A
  /// used-up quota counts as ENOSPC.
  void allocate(std::uint64_t offset, std::uint64_t length) override;
  void truncate(std::uint64_t size) override;
  FileStatus status() override;

  /// An open-file-description lock on the whole file: held by this open, not by the process, so
  /// that a second open in this process is refused too and closing another one releases nothing.
  /// Asking again changes the kind; if that is refused, the lock stays as it was. A forked child
  /// shares it. An exclusive one needs a file opened for writing (EBADF).
  bool try_lock(LockKind kind) override;

  const std::string& path() const noexcept override { return path_; }

 private:
  void require_addressable(const char* operation, std::uint64_t offset, std::uint64_t length) const;
  void reserve(std::uint64_t offset, std::uint64_t length, std::uint64_t size);
  void cut_back(std::uint64_t size) noexcept;
  void write_zeros(std::uint64_t begin, std::uint64_t end);

  UniqueFd fd_;
  std::string path_;
};

}  // namespace quire::os
