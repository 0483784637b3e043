#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <quire/bytes.h>
#include <quire/testing.h>

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

inline constexpr std::uint64_t kSectorBytes = 512;

/// What the disk holds of one file and what a read returns; the two differ by `pending`, and after
/// a failed sync by whatever that lost.
struct Inode {
  BlockBytes durable;                  // what lies beyond `durable_size` only a growth can show
  std::uint64_t durable_size = 0;      // as the disk knows it
  std::set<std::uint64_t> unreadable;  // sectors of the disk that give EIO until rewritten
  BlockBytes cache;
  std::vector<FileChange> pending;  // in the order of the calls
  std::uint32_t mode = 0;

  /// The disk has the change now.
  void make_durable(const FileChange& change);
  /// What a read returns once nothing is pending and the cache is empty.
  BlockBytes on_disk() const;
};

/// The sectors that these bytes fill as a whole: the first, and the one behind the last.
std::pair<std::uint64_t, std::uint64_t> whole_sectors(std::uint64_t offset, std::uint64_t size);

/// A change of the names of a directory that no sync of it has covered yet. Either the disk has all
/// of it or nothing. A rename from one directory to another is two: the disk may have both names.
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

/// How a sync that fails leaves the file.
enum class SyncLoss { cache_keeps, cache_reverts, some_kept };

/// A disk and the system's cache of it: what has reached the disk, what is on its way, what a read
/// returns. A value: copying it is cheap (files are shared until one copy changes), and a copy is a
/// remembered moment. Not safe for several threads. Callers check names and permissions first.
class Disk {
 public:
  explicit Disk(const DiskProfile& profile = {}) : profile_(profile) {}
  const DiskProfile& profile() const noexcept { return profile_; }

  // Files. An inode number must be one that create() returned.
  InodeNumber create(std::uint32_t mode);
  const Inode& inode(InodeNumber number) const { return *inodes_.at(number); }
  void write(InodeNumber number, std::uint64_t offset, ByteView bytes);
  /// Grows the file to `size` if it is shorter.
  void grow(InodeNumber number, std::uint64_t size);
  void truncate(InodeNumber number, std::uint64_t size);
  enum class SyncOf { data, all };
  /// What is pending of the file reaches the disk as the profile has it; of its name, nothing.
  void sync(InodeNumber number, SyncOf what);
  /// Some of what is pending of any file reaches the disk.
  void write_back(std::mt19937_64& random);
  /// Reads return what the disk holds, of files of which nothing is pending.
  void evict();
  /// The first of the sectors that a read of these bytes cannot have; nothing if it can.
  std::optional<std::uint64_t> unreadable_sector(InodeNumber number, std::uint64_t offset,
                                                 std::uint64_t size) const;
  void make_unreadable(InodeNumber number, std::uint64_t sector);
  /// Nothing of it (or some, by `random`) reaches the disk, and all of it counts as clean.
  void lose(InodeNumber number, SyncLoss loss, std::mt19937_64& random);

  /// Changes what the disk holds, once nothing is pending of the file, and what a read returns.
  void damage(InodeNumber number, const std::function<void(BlockBytes&)>& change);

  // Names.
  const Names& names() const noexcept { return names_; }
  void change(NameChange change);
  void sync_directory(const std::string& directory);
  const Names& durable_names() const noexcept { return durable_names_; }
  const std::vector<NameChange>& pending_names() const noexcept { return pending_names_; }

  /// The files that a power cut may leave, in ascending order: those with a name on the disk or on
  /// its way there.
  std::vector<InodeNumber> reachable() const;

  /// What a power cut leaves of a file.
  struct Remains {
    BlockBytes content;
    std::set<std::uint64_t> unreadable;
  };
  /// What is on the disk becomes `names` and, for each file of those, its remains; nothing is
  /// pending.
  void replace_all(Names names, std::map<InodeNumber, Remains> files);
  /// The process is gone: files without a name go.
  void drop_unnamed();

  /// Equal for disks that hold equal names, contents and pending changes.
  std::uint64_t hash() const;

 private:
  Inode& writable(InodeNumber number);

  DiskProfile profile_;
  std::map<InodeNumber, std::shared_ptr<Inode>> inodes_;
  InodeNumber last_inode_ = 0;
  Names names_;
  Names durable_names_;
  std::vector<NameChange> pending_names_;
};

}  // namespace quire::simulation
