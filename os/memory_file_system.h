#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "os/host_file_system.h"

namespace quire::os {

struct MemoryInode;

/// Files that live in memory and end with this object and the last File opened from it; a File may
/// outlive the file system. Same contracts as the files of the machine, with these differences:
/// there are no symbolic links; permission bits are kept but nobody is refused; a crash loses
/// everything, so syncs are only counted.
///
/// Directories need no making: a file may be created under any path, and any path that is not a
/// file can be listed and synced. status() tells of a directory (with inode 0) while it is "/" or
/// has something in it. Relative paths begin at "/".
///
/// A file takes as much memory as it is long, holes included, at most 256 GiB; memory that cannot
/// be had is ENOSPC. Reading and writing one file in several threads at once is safe: writes
/// exclude one another.
class MemoryFileSystem final : public HostFileSystem {
 public:
  /// `threads` no: start_thread() starts none, so that one thread does all that happens to the
  /// files and they can be copied between any two calls.
  enum class Threads { yes, no };
  explicit MemoryFileSystem(Threads threads = Threads::yes);
  ~MemoryFileSystem() override;
  MemoryFileSystem(const MemoryFileSystem&) = delete;
  MemoryFileSystem& operator=(const MemoryFileSystem&) = delete;

  std::unique_ptr<File> open(const std::string& path, OpenMode how,
                             std::uint32_t mode = 0600) override;
  std::unique_ptr<File> open_unnamed(const std::string& directory) override;
  std::optional<FileStatus> status(const std::string& path) override;
  std::string canonical(const std::string& path) override;
  void rename(const std::string& from, const std::string& to) override;
  void link_without_replace(const std::string& existing, const std::string& name) override;
  void remove(const std::string& path) override;
  std::unique_ptr<Thread> start_thread(std::function<void()> body) override;
  std::vector<std::string> list(const std::string& directory) override;
  void sync_directory(const std::string& directory) override;

  /// How often the file of this name was synced so far, under whatever name, or the directory. 0 if
  /// there is nothing of that name.
  std::uint64_t sync_count(const std::string& path);

 private:
  using InodePtr = std::shared_ptr<MemoryInode>;
  using Names = std::map<std::string, InodePtr>;

  // All of these are called with mutex_ held and take canonical paths.
  InodePtr make_inode(std::uint32_t mode);
  bool is_directory(const std::string& path) const;
  void require_no_file_above(const char* operation, const std::string& path) const;
  Names::iterator find_file(const char* operation, const std::string& path);

  const Threads threads_;
  const std::uint64_t device_;

  std::mutex mutex_;  // guards what follows; an inode's own is taken inside it
  Names files_;       // canonical path -> file; two names of one file share it
  std::map<std::string, std::uint64_t> directory_syncs_;
  std::uint64_t last_inode_ = 0;
};

}  // namespace quire::os
