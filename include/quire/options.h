#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace quire {

class FileSystem;

/// What a commit waits for. `immediate`: the commit survives a power cut when commit() returns.
/// `relaxed`: it survives the death of the process, and a power cut after at most
/// relaxed_sync_interval; a power cut may lose the last relaxed commits but never an earlier one
/// without the later ones.
enum class Durability { immediate, relaxed };

/// Something worth a line in a log. Delivered with no lock held.
struct Event {
  enum class Kind { recovery, checkpoint, corruption, slow_sync, old_snapshot, set_aside };
  Kind kind = Kind::recovery;
  std::string message;                   // one line, for people
  std::uint64_t commits = 0;             // recovery: replayed commits
  std::uint64_t pages = 0;               // recovery, checkpoint: pages written
  std::chrono::nanoseconds duration{0};  // of the whole step
};

/// How to open a database.
struct Options {
  /// Make the file if it is missing.
  bool create = true;
  /// Take a shared lock and write nothing; a live log is replayed into memory.
  bool read_only = false;
  Durability durability = Durability::immediate;
  std::chrono::milliseconds relaxed_sync_interval{100};
  /// Bytes for all pages in memory. At least 64 KiB.
  std::size_t cache_size = std::size_t{256} << 20;
  /// Bytes of a log segment, once the log has grown; a multiple of 4096, at least 64 KiB, below 4
  /// GiB.
  std::size_t wal_segment_size = std::size_t{64} << 20;
  /// Bytes of live log at which a checkpoint begins.
  std::size_t wal_limit = std::size_t{256} << 20;
  /// Where files, time, randomness and threads come from; nullptr: the operating system. It must
  /// outlive the database and all that was made from it.
  FileSystem* file_system = nullptr;
  /// Told of what happens, on the thread in which it happens, with no lock held. What it throws is ignored.
  std::function<void(const Event&)> on_event = {};
};

}  // namespace quire
