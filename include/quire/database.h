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
  std::uint64_t seq = 0;                // number of the newest commit
  std::uint64_t checkpoint_seq = 0;     // commit up to which the file is complete without its log
  std::uint64_t recovered_commits = 0;  // replayed when this object opened the file
  std::chrono::nanoseconds recovery_time{0};  // zero if the file was clean
};

/// An open database. All calls may be made from several threads at once. Movable, not copyable; a
/// moved-from or closed object throws ClosedError. Errors name the file.
class QUIRE_API Database {
 public:
  /// Opens the file, or makes it (Options::create), and recovers what a crash has left; when it
  /// returns, every commit that was acknowledged is there. `path` is bytes; symbolic links are
  /// resolved once.
  ///
  /// FormatError: not a Quire database, or a newer format. LockedError: open elsewhere. NotFound:
  /// missing and not to be created. CorruptionError: the header or the log is damaged. IoError: the
  /// system refused, for example because the path is a directory. Costs: reads the header, the
  /// space map (a page for each 63 MiB), and the live log if any.
  static Database open(const std::string& path, const Options& options = {});
  /// A database that lives in memory and ends with this object; commits are never durable.
  static Database create_in_memory(const Options& options = {});

  explicit Database(std::shared_ptr<engine::Core> core) noexcept;
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  /// Closes, unless snapshots, views or a transaction are left: the last of them closes then.
  /// Swallows errors; nothing committed depends on it.
  ~Database();

  Snapshot snapshot() const;
  /// Waits until no other transaction is open. InvalidArgument if this thread has one open (it
  /// would wait for itself); ReadOnlyError if the database is; IoError if an earlier failure has
  /// poisoned it.
  Transaction begin();
  /// The same, but gives up after `timeout`.
  std::optional<Transaction> try_begin(std::chrono::nanoseconds timeout);

  /// Runs `fn(Transaction&)`, commits, and returns what fn returned; rolls back if it throws.
  /// Nothing is committed if fn has called rollback().
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

  /// Returns when every commit so far is durable.
  void sync();
  /// Writes all committed pages to their place in the file and starts the log anew.
  void checkpoint();
  /// Checkpoints, marks the file clean and releases it. Afterwards everything made from this
  /// database throws ClosedError; Values stay. InvalidArgument if this thread has a transaction
  /// open; another thread's is rolled back. IoError: the file stays as a crash would leave it, and
  /// the next open recovers it. Does nothing the second time.
  void close();

  /// Accounts for every page exactly once and checks every structure, as of a snapshot. Reads the
  /// whole database.
  CheckReport check(const CheckOptions& options = {}, const ProgressFunction& progress = {}) const;
  Stats stats() const;
  DatabaseInfo info() const;

 private:
  static void commit_unless_ended(Transaction& transaction);
  const std::shared_ptr<engine::Core>& core() const;

  std::shared_ptr<engine::Core> core_;
};

}  // namespace quire
