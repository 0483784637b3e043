#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <quire/bytes.h>

#include "testing/block_bytes.h"

namespace quire::simulation {

using InodeNumber = std::uint64_t;

/// A change of one file that no sync has covered yet: the disk may have it, have some of its
/// sectors, or not have it.
struct FileChange {
  enum class Kind {
    data,       // bytes at an offset; beyond the end of the file they are lost
    growth,     // the file is at least `offset` long; what is new reads as zeros
    extension,  // the same by a write: what is new may read as anything
    cut,        // the file is `offset` long; if lost, the old bytes are there again
  };
  Kind kind = Kind::data;
  std::uint64_t offset = 0;
  std::shared_ptr<const std::vector<std::byte>> bytes = nullptr;
};

/// What the disk holds of one file and what a read returns; the two differ by `pending`, and after
/// a failed sync by whatever that lost.
struct Inode {
  BlockBytes durable;
  BlockBytes cache;
  std::vector<FileChange> pending;  // in the order of the calls
  std::uint32_t mode = 0;
};

/// A change of the names of a directory that no sync of it has covered yet. Either the disk has all
/// of it or nothing.
struct NameChange {
  enum class Kind { add, remove, rename };
  Kind kind = Kind::add;
  std::string name;
  std::string target;  // of a rename
  InodeNumber inode = 0;
};

using Names = std::map<std::string, InodeNumber>;  // canonical path -> file

/// The directory that a canonical path lies in.
std::string directory_of(const std::string& path);

void apply_change(Names& names, const NameChange& change);
/// Applies a change as a sync does, whole and in order.
void apply_change(BlockBytes& bytes, const FileChange& change);

/// How a sync that fails leaves the file.
enum class SyncLoss { cache_keeps, cache_reverts, some_kept };

/// A disk and the system's cache of it: what has reached the disk, what is on its way, what a read
/// returns. A value: copying it is cheap (files are shared until one copy changes), and a copy is a
/// remembered moment. Not safe for several threads. Callers check names and permissions first.
class Disk {
 public:
  // Files. An inode number must be one that create() returned.
  InodeNumber create(std::uint32_t mode);
  const Inode& inode(InodeNumber number) const { return *inodes_.at(number); }
  void write(InodeNumber number, std::uint64_t offset, ByteView bytes);
  /// Grows the file to `size` if it is shorter.
  void grow(InodeNumber number, std::uint64_t size);
  void truncate(InodeNumber number, std::uint64_t size);
  /// All that is pending of the file reaches the disk; of its name, nothing.
  void sync(InodeNumber number);
  /// Nothing of it (or some, by `random`) reaches the disk, and all of it counts as clean.
  void lose(InodeNumber number, SyncLoss loss, std::mt19937_64& random);

  // Names.
  const Names& names() const noexcept { return names_; }
  void change(NameChange change);
  void sync_directory(const std::string& directory);
  const Names& durable_names() const noexcept { return durable_names_; }
  const std::vector<NameChange>& pending_names() const noexcept { return pending_names_; }

  /// The files that a power cut may leave, in ascending order: those with a name on the disk or on
  /// its way there.
  std::vector<InodeNumber> reachable() const;

  /// What is on the disk becomes `names` and, for each file of those, `content`; nothing is
  /// pending.
  void replace_all(Names names, const std::map<InodeNumber, BlockBytes>& contents);
  /// The process is gone: files without a name go.
  void drop_unnamed();

  /// Equal for disks that hold equal names, contents and pending changes.
  std::uint64_t hash() const;

 private:
  Inode& writable(InodeNumber number);

  std::map<InodeNumber, std::shared_ptr<Inode>> inodes_;
  InodeNumber last_inode_ = 0;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> pending_names_;
};

}  // namespace quire::simulation
