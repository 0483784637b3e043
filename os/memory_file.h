#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include <quire/file_system.h>

namespace quire::os {

class MemoryFile;

/// What the names and the opens of one file in memory share.
struct MemoryInode {
  MemoryInode(FileIdentity identity_in, std::uint32_t mode_in)
      : identity(identity_in), mode(mode_in & 07777u) {}

  /// A consistent picture of this moment; locks `mutex`.
  FileStatus status();

  const FileIdentity identity;
  const std::uint32_t mode;

  std::shared_mutex mutex;  // guards what follows
  std::vector<std::byte> content;
  std::uint64_t syncs = 0;
  const MemoryFile* exclusive_holder = nullptr;
  std::set<const MemoryFile*> shared_holders;  // empty while there is an exclusive one
};

/// One open of a file in memory; see MemoryFileSystem.
class MemoryFile final : public File {
 public:
  /// `path` is for messages.
  MemoryFile(std::shared_ptr<MemoryInode> inode, std::string path, bool is_writable);
  ~MemoryFile() override;
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) override;
  void write_at(std::uint64_t offset, ByteView bytes) override;
  void write_at(std::uint64_t offset, std::span<const ByteView> parts) override;
  void sync_data() override;
  void sync_all() override;
  void allocate(std::uint64_t offset, std::uint64_t length) override;
  void truncate(std::uint64_t size) override;
  FileStatus status() override;
  bool try_lock(LockKind kind) override;
  const std::string& path() const noexcept override { return path_; }

 private:
  std::uint64_t end_of(const char* operation, std::uint64_t offset, std::uint64_t length) const;
  void resize(const char* operation, std::uint64_t size);

  const std::shared_ptr<MemoryInode> inode_;
  const std::string path_;
  const bool is_writable_;
};

}  // namespace quire::os
