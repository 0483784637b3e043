#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quire/blob.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/hash.h>
#include <quire/list.h>
#include <quire/options.h>
#include <quire/savepoint.h>

namespace quire {

namespace engine {
class SnapshotSession;
class TransactionSession;
}  // namespace engine

/// The database as of one commit, unchanged for as long as it or anything opened from it lives. Any
/// number may be open; none blocks a writer until the old pages that it needs fill memory (OutOfSpace
/// in the transaction, see docs/limits.md). May be used from several threads at once. Movable, not
/// copyable.
class QUIRE_API Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<engine::SnapshotSession> session) noexcept;
  Snapshot(Snapshot&&) noexcept;
  Snapshot& operator=(Snapshot&&) noexcept;
  ~Snapshot();

  /// The commit that is seen.
  std::uint64_t seq() const noexcept;

  /// NotFound if there is no collection of that name, TypeMismatch if it is of another kind.
  template <Collection T>
  typename T::View open(std::string_view name) const {
    return typename T::View(open_scope(name, T::kKind));
  }
  /// Nothing if there is no collection of that name; TypeMismatch if it is of another kind.
  template <Collection T>
  std::optional<typename T::View> find(std::string_view name) const {
    auto scope = find_scope(name, T::kKind);
    if (!scope) return std::nullopt;
    return typename T::View(*scope);
  }
  /// What kind the collection of that name is, such as "hash"; nothing if there is none. Costs a
  /// lookup.
  std::optional<std::string> kind_of(std::string_view name) const;
  /// Every collection that has a name of its own, in no particular order. Reads the catalog, and
  /// the first page of each collection and child.
  std::vector<CollectionInfo> collections() const;

 private:
  ReadScope open_scope(std::string_view name, std::string_view kind) const;
  std::optional<ReadScope> find_scope(std::string_view name, std::string_view kind) const;

  std::shared_ptr<engine::SnapshotSession> session_;
};

/// One change of the database, of any number of collections: all of it or nothing. Only one is open
/// at a time; it builds on every commit before it. It reads its own changes, and nobody else does.
/// Destroyed without commit(), it rolls back. Used, with its handles and savepoints, by one thread
/// at a time; movable, not copyable. Once it has ended, it and its handles throw ClosedError.
///
/// A change that an error stops half-way (OutOfSpace, IoError, CorruptionError) dooms the
/// transaction: from then on changes and commit() are InvalidArgument, until it is rolled back to a
/// savepoint. InvalidArgument and std::out_of_range have changed nothing and doom nothing.
///
/// A collection's name is UTF-8 of 1 to 255 bytes without byte 0 (else InvalidArgument).
class QUIRE_API Transaction {
 public:
  explicit Transaction(std::shared_ptr<engine::TransactionSession> session) noexcept;
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  /// The collection of that name, made if it is missing; TypeMismatch if it is of another kind. One
  /// that is there keeps the options that it was made with.
  template <Collection T>
  T open(std::string_view name) {
    if (auto scope = find_scope(name, T::kKind, WriteScope::Origin::found)) return T(*scope, {});
    return create<T>(name);
  }
  /// The same, but one that is there must have these options: InvalidArgument, naming the option,
  /// if one that it has stored differs.
  template <Collection T>
  T open(std::string_view name, const typename T::Options& options) {
    if (auto scope = find_scope(name, T::kKind, WriteScope::Origin::found_options)) {
      return T(*scope, options);
    }
    return create<T>(name, options);
  }
  /// Nothing if there is no collection of that name; TypeMismatch if it is of another kind.
  template <Collection T>
  std::optional<T> find(std::string_view name) {
    std::optional<WriteScope> scope = find_scope(name, T::kKind, WriteScope::Origin::found);
    if (!scope) return std::nullopt;
    return T(*scope, {});
  }
  /// A new collection; KeyExists if the name is taken, TypeMismatch if by another kind. If the
  /// constructor of T throws, nothing has been made.
  template <Collection T>
  T create(std::string_view name, const typename T::Options& options = {}) {
    Savepoint undo = savepoint();
    WriteScope scope = create_scope(name, T::kKind);
    T made(scope, options);
    undo.release();
    return made;
  }
  /// Deletes the collection, with its children; false if there is none. Handles of it throw
  /// NotFound. Its first 256 pages or so are free with the commit, the others soon after it, in the
  /// background.
  bool drop(std::string_view name);
  /// NotFound if there is no collection `from`, KeyExists if there is one `to`. Handles go on under
  /// the new name.
  void rename(std::string_view from, std::string_view to);
  /// As Snapshot::kind_of().
  std::optional<std::string> kind_of(std::string_view name) const;
  /// As Snapshot::collections().
  std::vector<CollectionInfo> collections() const;

  /// A moment to return to: the savepoint rolls back to it unless it is released. InvalidArgument
  /// if an error has stopped a change half-way: what came before can only be reached by a savepoint
  /// made before. Costs nothing until pages are changed.
  Savepoint savepoint();

  /// Makes all changes visible and, by `durability` or the database's option, durable; returns the
  /// number of the commit. A transaction that changed nothing makes no commit and returns the
  /// number of the one it began on, once that is visible, and durable too unless it is relaxed.
  ///
  /// OutOfSpace: the disk is full; everything is rolled back and the database goes on. IoError: the
  /// database is poisoned, and takes no further commit until it is opened again; then this one is
  /// there as a whole or not at all, and not at all unless outcome_unknown(). InvalidArgument: an
  /// error had stopped a change half-way; everything is rolled back. Whatever it throws, the
  /// transaction has ended, and its savepoints with it: what they could still have undone is
  /// committed.
  ///
  /// Costs one write and one sync, shared with commits of other threads that wait at the same time;
  /// a relaxed one only the write. May wait for a checkpoint where the disk is slower than the
  /// writer.
  std::uint64_t commit(std::optional<Durability> durability = std::nullopt);
  /// Forgets all changes. Never fails; does nothing once the transaction has ended.
  void rollback() noexcept;
  /// Whether commit() or rollback() has been called, or the object was moved from.
  bool has_ended() const noexcept;

 private:
  WriteScope create_scope(std::string_view name, std::string_view kind);
  std::optional<WriteScope> find_scope(std::string_view name, std::string_view kind,
                                       WriteScope::Origin origin);

  std::shared_ptr<engine::TransactionSession> session_;
};

}  // namespace quire
