#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace quire {

class FileSystem;

/// What a commit waits for.
enum class Durability {
  /// The sync: the commit survives a power cut when commit() has returned, and with it every commit
  /// before it, relaxed ones too, even if it changed nothing itself.
  immediate,
  /// The write: the commit survives the death of the process when commit() has returned. A power
  /// cut may lose the last relaxed commits, but none without all later ones. Database::sync(), the
  /// next immediate commit, and after about relaxed_sync_interval the engine make it durable.
  relaxed,
};

/// Something worth a line in a log; what Options::on_event is called with.
struct Event {
  /// So far there are events of the kinds `recovery`, `checkpoint` and `set_aside` (a log that
  /// belongs to another database was found beside the file and renamed). The others are reserved.
  enum class Kind { recovery, checkpoint, corruption, slow_sync, old_snapshot, set_aside };
  Kind kind = Kind::recovery;
  std::string message;                   // one line, for people
  std::uint64_t commits = 0;             // recovery: replayed commits
  std::uint64_t pages = 0;               // recovery, checkpoint: pages written
  std::chrono::nanoseconds duration{0};  // of the whole step
};

/// How to open a database. A value outside its range is InvalidArgument.
struct Options {
  /// Make the file if it is missing.
  bool create = true;
  /// Take a lock that any number of readers share and no writer, and write nothing. A live log, as
  /// a crash leaves it, is replayed into memory: InvalidArgument if its pages need more than
  /// cache_size.
  bool read_only = false;
  /// What commits wait for that do not say so themselves.
  Durability durability = Durability::immediate;
  /// How long a relaxed commit may wait to be synced in the background. Zero or less: it is
  /// synced at once. More than a year is as a year.
  std::chrono::milliseconds relaxed_sync_interval{100};
  /// Bytes for committed pages in memory: as the file has them, not yet in the file, and old ones.
  /// At least 64 KiB. A second budget, as large but at least 64 MiB, is for what can be neither
  /// dropped nor saved: pages of earlier commits that the open transaction has changed, old pages
  /// that snapshots need, and pages that only Values hold. A change beyond that is OutOfSpace. Pages
  /// that a transaction makes go to the file before it commits. docs/limits.md says more.
  std::size_t cache_size = std::size_t{256} << 20;
  /// Bytes of a log segment, a file beside the database, once the log has grown; a multiple of
  /// 4096, at least 64 KiB, below 4 GiB.
  std::size_t wal_segment_size = std::size_t{64} << 20;
  /// Bytes of live log at which a checkpoint begins in the background. A commit waits for it at
  /// twice as many. A recovery reads about as much. Any value: with 0 each commit waits for a
  /// checkpoint, with SIZE_MAX none begins because of the log.
  std::size_t wal_limit = std::size_t{256} << 20;
  /// Where files, time, randomness and threads come from; nullptr: the operating system. It must
  /// outlive the database and all that was made from it.
  FileSystem* file_system = nullptr;
  /// Told of what happens, with no lock held: within open(), commit(), checkpoint() and close(),
  /// and on a thread of the engine, so maybe in several threads at once. It may read the
  /// database, but on the engine's thread neither begin a transaction nor close it (InvalidArgument). What it throws is ignored.
  std::function<void(const Event&)> on_event = {};
};

}  // namespace quire
