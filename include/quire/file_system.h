#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <quire/bytes.h>
#include <quire/export.h>

namespace quire {

/// Which inode a file is; two opens of one file are equal, whatever their paths.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

enum class FileKind { regular, directory, other };

struct FileStatus {
  FileKind kind = FileKind::other;
  FileIdentity identity;
  std::uint64_t size = 0;   // bytes
  std::uint32_t mode = 0;   // permission bits, 0..07777
  std::uint32_t owner = 0;  // user and group id
  std::uint32_t group = 0;
};

enum class LockKind { shared, exclusive };

/// An open file. Everything that fails throws IoError with the path, the call and its errno. Reads
/// and writes may come from several threads at once; the destructor closes, never throws, and drops
/// the lock.
class QUIRE_API File {
 public:
  virtual ~File() = default;

  /// Reads into `buffer` from `offset`; returns the number of bytes read, which is short only at
  /// the end of the file.
  virtual std::size_t read_at(std::uint64_t offset, std::span<std::byte> buffer) = 0;

  /// Writes all of `bytes`, extending the file where needed, or throws; after a throw any part may
  /// be written.
  virtual void write_at(std::uint64_t offset, ByteView bytes) = 0;

  /// The same for parts that follow one another in the file, with as few system calls as possible.
  virtual void write_at(std::uint64_t offset, std::span<const ByteView> parts) = 0;

  /// Returns when the data written before the call, and the size needed to read it, would survive a
  /// power cut. Never retry one that has failed: what it covered may be lost though a second call
  /// succeeds.
  virtual void sync_data() = 0;
  /// The same, and all other attributes of the file.
  virtual void sync_all() = 0;

  /// Reserves room so that later writes to [offset, offset + length) need none; the file grows if
  /// it was shorter and new bytes read as zeros. No room: IoError with ENOSPC, and the file is as
  /// long as before.
  virtual void allocate(std::uint64_t offset, std::uint64_t length) = 0;

  /// Cuts the file or extends it with zeros that take no room.
  virtual void truncate(std::uint64_t size) = 0;

  virtual FileStatus status() = 0;

  /// Locks the file as seen by every other open of it, in this process and in others; false if
  /// somebody else has it. Does not wait. The lock ends with this object.
  virtual bool try_lock(LockKind kind) = 0;

  /// The path that the file was opened under; for messages.
  virtual const std::string& path() const noexcept = 0;
};

/// How open() treats a file. `create` fails if the name exists, whatever it is (never follows a
/// planted link).
enum class OpenMode { read_only, read_write, create };

/// A thread of the engine; the destructor joins it.
class QUIRE_API Thread {
 public:
  virtual ~Thread() = default;
};

/// Everything the engine asks of the outside: files, time, randomness, threads. Give another one in
/// Options::file_system to run on a simulated or in-memory disk. All calls are safe from several
/// threads at once. Errors are IoError; paths are bytes as the system takes them.
class QUIRE_API FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Opens a regular file without waiting; anything else (directory, FIFO, device) is refused with
  /// IoError, so that it is neither read nor waited for. A new file gets exactly the permission
  /// bits `mode`. The descriptor is not inherited by programs that this process starts.
  virtual std::unique_ptr<File> open(const std::string& path, OpenMode how,
                                     std::uint32_t mode = 0600) = 0;

  /// A file without a name in `directory`: it disappears when closed or when the process dies.
  virtual std::unique_ptr<File> open_unnamed(const std::string& directory) = 0;

  /// Nothing if there is no such name. Follows symbolic links.
  virtual std::optional<FileStatus> status(const std::string& path) = 0;

  /// The absolute path with every symbolic link resolved; the last component need not exist.
  virtual std::string canonical(const std::string& path) = 0;

  /// Atomic; replaces `to` if it exists.
  virtual void rename(const std::string& from, const std::string& to) = 0;
  /// Gives `existing` a second name; IoError with EEXIST if `name` is taken, which stays untouched.
  virtual void link_without_replace(const std::string& existing, const std::string& name) = 0;
  virtual void remove(const std::string& path) = 0;

  /// The names in a directory, without "." and "..", in no particular order.
  virtual std::vector<std::string> list(const std::string& directory) = 0;
  /// Returns when names created, renamed and removed in `directory` before the call would survive a
  /// power cut.
  virtual void sync_directory(const std::string& directory) = 0;

  /// Wall-clock time; never used for a decision about correctness.
  virtual std::chrono::system_clock::time_point now() = 0;
  /// A clock that never goes back, for intervals.
  virtual std::chrono::nanoseconds monotonic_now() = 0;
  /// Unpredictable bytes, for salts and ids.
  virtual void fill_random(std::span<std::byte> bytes) = 0;
  /// Starts a thread that runs `body` and ends with it; IoError if there can be no more. nullptr
  /// where there are none on purpose: the engine then does the work of its threads one step at a
  /// time, behind the commits that make it necessary.
  virtual std::unique_ptr<Thread> start_thread(std::function<void()> body) = 0;
};

}  // namespace quire
