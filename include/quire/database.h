#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <quire/check_report.h>
#include <quire/error.h>
#include <quire/export.h>
#include <quire/options.h>
#include <quire/salvage_report.h>
#include <quire/stats.h>
#include <quire/transaction.h>

namespace quire {

namespace engine {
class Core;
}

/// What a database file says of itself.
struct DatabaseInfo {
  std::string path;  // resolved; empty for a database in memory
  std::string uuid;  // 32 hexadecimal digits
  unsigned format_major = 0;
  unsigned format_minor = 0;
  std::uint64_t page_count = 0;
  std::uint64_t free_pages = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t wal_bytes = 0;          // live log beside the file
  std::uint64_t seq = 0;                // number of the newest visible commit
  std::uint64_t checkpoint_seq = 0;     // commit up to which the file is complete without its log
  std::uint64_t recovered_commits = 0;  // replayed when this object opened the file
  std::chrono::nanoseconds recovery_time{0};  // zero if the file was clean
};

/// An open database: one object serves a whole program. All calls may be made from several threads
/// at once, but for moving, assigning and destroying the object. Movable, not copyable; a
/// moved-from or closed object throws ClosedError, and so does every call in a child that fork()
/// has made. Errors name the file.
///
/// While it is open for writing, the log lies beside the file as NAME-wal.000001 and so on; they
/// belong together, so close it before you copy or move the file. The engine has two threads of its
/// own for each (FileSystem::start_thread).
class QUIRE_API Database {
 public:
  /// Opens the file, or makes it (Options::create), and recovers what a crash has left; when it
  /// returns, every commit that was acknowledged is there. `path` is bytes; symbolic links are
  /// resolved once.
  ///
  /// FormatError: not a Quire database, or a newer format. LockedError: open elsewhere. NotFound:
  /// missing and not to be created. CorruptionError: the header or the log is damaged. IoError: the
  /// system refused, for example because the path is a directory. InvalidArgument: an option is out
  /// of its range. Costs: reads the header, the space map (a page for each 63 MiB), and the live
  /// log if any, whose pages are written to their place.
  static Database open(const std::string& path, const Options& options = {});
  /// A database that lives in memory and ends with this object and what was made from it; commits
  /// are never durable. Of the options only cache_size and on_event count.
  static Database create_in_memory(const Options& options = {});

  explicit Database(std::shared_ptr<engine::Core> core) noexcept;
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  /// Closes, unless snapshots, views or a transaction are left: the last of them closes then.
  /// Swallows errors; nothing committed depends on it.
  ~Database();

  /// The database as of the newest visible commit: every commit that had returned before this call
  /// is in it. Waits for nobody; costs an entry in a table.
  Snapshot snapshot() const;
  /// A transaction. Waits until no other one is open; the threads that wait are served about in the
  /// order in which they came, and only a few go before one that came earlier. InvalidArgument if this thread was the last to use the open one (it would wait for
  /// itself); ReadOnlyError if the database is; IoError if an earlier failure has poisoned it.
  Transaction begin();
  /// The same, but gives up after `timeout`: nothing then.
  std::optional<Transaction> try_begin(std::chrono::nanoseconds timeout);

  /// begin(), `fn(Transaction&)`, commit(); returns what fn returned. Throws what these throw; an
  /// exception of fn rolls everything back. Nothing more is committed if fn has called rollback()
  /// or commit() itself.
  template <class Fn>
  auto transact(Fn&& fn) -> std::invoke_result_t<Fn, Transaction&> {
    Transaction transaction = begin();
    if constexpr (std::is_void_v<std::invoke_result_t<Fn, Transaction&>>) {
      std::forward<Fn>(fn)(transaction);
      commit_unless_ended(transaction);
    } else {
      auto result = std::forward<Fn>(fn)(transaction);
      commit_unless_ended(transaction);
      return result;
    }
  }

  /// Returns when every commit so far is durable, relaxed ones too. IoError if the database is
  /// poisoned. Costs a sync, or nothing if all are.
  void sync();
  /// Writes all committed pages to their place in the file and starts the log anew, while others
  /// work; first frees what is left of dropped collections, unless a transaction is open. The
  /// engine does both by itself: call it to have it done by now. ReadOnlyError if the database is;
  /// IoError if it is poisoned or becomes so; OutOfSpace if there is no room for the next segment
  /// of the log, which harms nothing. Costs a write of each changed page and some syncs.
  void checkpoint();
  /// Waits for calls in progress, checkpoints, marks the file clean, deletes the log and lets go of
  /// the lock. Afterwards everything made from this database throws ClosedError; Values stay.
  /// InvalidArgument if this thread has a transaction open, or is the engine's own within
  /// Options::on_event; another thread's transaction is rolled back. IoError: the file stays as a
  /// crash would leave it, and the next open recovers it. Does nothing the second time, but waits
  /// for a close() that another thread has begun: the file is free when it returns.
  void close();

  /// Accounts for every page exactly once and checks every structure, as of a snapshot; damage is a
  /// problem of the report, not an exception. Reads the whole database, past the cache. `progress`
  /// is called with no lock held; what it throws comes out.
  CheckReport check(const CheckOptions& options = {}, const ProgressFunction& progress = {}) const;
  /// Brings what can still be read of a damaged database, and of the log beside it, into a new one,
  /// which is sound; nothing is written to the damaged files. What keeps its name is exactly what a
  /// commit has left; what has lost something, its name or its proof is named "salvaged/..", and
  /// the report says what is missing (docs/salvage.md). `new_path` exists only once all is there.
  /// `progress` is called with no lock held; what it throws comes out, and nothing is left behind.
  ///
  /// LockedError: open for writing elsewhere. NotFound: there is no damaged file. InvalidArgument:
  /// `new_path` exists. FormatError: nothing in the file is of a Quire database, or it is of a newer
  /// format. OutOfSpace, IoError: of the new database; a page that the disk cannot read is lost,
  /// and no error. Costs: reads all pages that are in use, those of what is missing twice, and
  /// writes all that is found. Memory: twice SalvageOptions::cache_size and some bytes for each page
  /// that nothing leads to.
  static SalvageReport salvage(const std::string& broken_path, const std::string& new_path,
                               const SalvageOptions& options = {},
                               const ProgressFunction& progress = {});
  /// Numbers of this moment, each by itself: others work meanwhile. Costs little.
  Stats stats() const;
  /// The same of the file; asks the system for its size.
  DatabaseInfo info() const;

 private:
  static void commit_unless_ended(Transaction& transaction);
  const std::shared_ptr<engine::Core>& core() const;

  std::shared_ptr<engine::Core> core_;
};

}  // namespace quire
