#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <quire/file_system.h>
#include <quire/testing.h>

#include "testing/disk.h"

namespace quire::simulation {

/// A counted call; the path is shared with the names of others.
struct Call {
  FileOperation operation = FileOperation::status;
  std::shared_ptr<const std::string> path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::shared_ptr<const std::string> target = nullptr;  // of rename and link: the new name
};

std::string to_string(const Call& call);

/// One open of a file.
struct OpenFile {
  InodeNumber inode = 0;
  std::shared_ptr<const std::string> path;
  bool is_writable = false;
  bool owes_error = false;  // its next sync tells of a failure that another open has seen
};

/// A running machine: the disk, who has what open and locked, which calls fail. Safe from several
/// threads at once; each public function is one call of a program, counted, and takes effect at one
/// moment. Paths are canonical.
class Simulation {
 public:
  /// Called before each call that changes the disk, with the disk as it is and the call's number;
  /// within a write of several pages once more, when the first of them are there (`is_within`).
  /// Must not use the simulation.
  using Observer = std::function<void(const Disk&, std::uint64_t, bool is_within)>;
  using Watcher = SimulatedFileSystem::Watcher;

  Simulation(Disk disk, std::uint64_t seed, FaultPlan plan);

  std::shared_ptr<OpenFile> open(const std::string& path, OpenMode how, std::uint32_t mode);
  std::shared_ptr<OpenFile> open_unnamed(const std::string& directory);
  void close(const OpenFile& file) noexcept;
  std::size_t read(const OpenFile& file, std::uint64_t offset, std::span<std::byte> buffer);
  void write(const OpenFile& file, std::uint64_t offset, ByteView bytes);
  void sync(OpenFile& file, Disk::SyncOf what);
  void allocate(const OpenFile& file, std::uint64_t offset, std::uint64_t length);
  void truncate(const OpenFile& file, std::uint64_t size);
  bool try_lock(const OpenFile& file, LockKind kind);
  FileStatus status(const OpenFile& file);

  std::optional<FileStatus> status(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  void link(const std::string& existing, const std::string& name);
  void remove(const std::string& path);
  std::vector<std::string> list(const std::string& directory);
  void sync_directory(const std::string& directory);
  void fill_random(std::span<std::byte> bytes);
  std::chrono::nanoseconds tick();

  // Not calls of a program: these are not counted.
  Disk disk() const;
  std::uint64_t call_count() const;
  Call call(std::uint64_t index) const;
  std::vector<std::string> injected() const;
  void set_faults(FaultPlan plan);
  void set_capacity(std::uint64_t bytes);
  std::uint64_t used_bytes() const;
  void damage(const std::string& path, const std::function<void(BlockBytes&)>& change);
  void set_observer(Observer observer);
  void watch(Watcher watcher);
  std::vector<std::string> complaints() const;

 private:
  struct Holders {
    const OpenFile* exclusive = nullptr;
    std::set<const OpenFile*> shared;
  };

  // All of these are called with mutex_ held.
  std::optional<FaultKind> begin(Call call, ByteView bytes = {});
  void show(const Call& call, ByteView bytes);
  void observe_within(const OpenFile& file, std::uint64_t offset, ByteView bytes) const;
  std::optional<FaultKind> take_fault(FileOperation operation, std::uint64_t index);
  bool is_directory(const std::string& path) const;
  void require_no_file_above(const char* name, const std::string& path) const;
  InodeNumber find_file(const char* name, const std::string& path) const;
  FileStatus status_of(InodeNumber number) const;
  std::shared_ptr<OpenFile> opened(InodeNumber inode, std::shared_ptr<const std::string> path,
                                   bool is_writable);
  std::uint64_t bytes_in_use() const;
  std::uint64_t most_bytes(InodeNumber number) const;
  void require_room(FileOperation operation, const OpenFile& file, std::uint64_t size) const;
  void write_part(const OpenFile& file, std::uint64_t offset, ByteView bytes);
  void fail_sync(OpenFile& file, FaultKind kind);

  mutable std::mutex mutex_;
  Disk disk_;
  const std::uint64_t device_;
  std::mt19937_64 random_;
  std::uint64_t ticks_ = 0;
  std::uint64_t capacity_ = SimulatedFileSystem::kUnlimited;
  FaultPlan plan_;
  std::vector<Call> calls_;
  std::vector<std::string> injected_;
  Observer observer_;
  std::vector<Watcher> watchers_;
  std::vector<std::string> complaints_;
  std::set<OpenFile*> open_files_;
  std::map<InodeNumber, Holders> locks_;
  std::set<InodeNumber> late_errors_;  // the next sync of these fails
};

}  // namespace quire::simulation
