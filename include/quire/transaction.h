#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <quire/blob.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/hash.h>
#include <quire/list.h>
#include <quire/options.h>

namespace quire {

namespace engine {
class SnapshotSession;
class TransactionSession;
}  // namespace engine

/// The database as of one commit, unchanged for as long as it or anything opened from it lives. Any
/// number may be open; none blocks a writer. May be used from several threads at once. Movable, not
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
  /// Every collection, in no particular order.
  std::vector<CollectionInfo> collections() const;

 private:
  ReadScope open_scope(std::string_view name, std::string_view kind) const;
  std::optional<ReadScope> find_scope(std::string_view name, std::string_view kind) const;

  std::shared_ptr<engine::SnapshotSession> session_;
};

/// One change of the database, of any number of collections: all of it or nothing. Only one is open
/// at a time. It reads its own changes. Destroyed without commit(), it rolls back. Used, with its
/// handles, by one thread at a time; movable, not copyable. Once it has ended, it and its handles
/// throw ClosedError.
///
/// A collection's name is UTF-8 of 1 to 255 bytes without byte 0 (else InvalidArgument).
class QUIRE_API Transaction {
 public:
  explicit Transaction(std::shared_ptr<engine::TransactionSession> session) noexcept;
  Transaction(Transaction&&) noexcept;
  Transaction& operator=(Transaction&&) noexcept;
  ~Transaction();

  /// The collection of that name, made if it is missing; TypeMismatch if it is of another kind.
  template <Collection T>
  T open(std::string_view name, const typename T::Options& options = {}) {
    WriteScope scope = open_scope(name, T::kKind, Missing::create);
    return T(scope, options);
  }
  /// Nothing if there is no collection of that name; TypeMismatch if it is of another kind.
  template <Collection T>
  std::optional<T> find(std::string_view name) {
    std::optional<WriteScope> scope = find_scope(name, T::kKind);
    if (!scope) return std::nullopt;
    return T(*scope, {});
  }
  /// A new collection; KeyExists if the name is taken.
  template <Collection T>
  T create(std::string_view name, const typename T::Options& options = {}) {
    WriteScope scope = open_scope(name, T::kKind, Missing::create_only);
    return T(scope, options);
  }
  /// Deletes the collection and gives its pages back; false if there is none. Handles of it throw
  /// NotFound.
  bool drop(std::string_view name);
  /// NotFound if there is no collection `from`, KeyExists if there is one `to`. Handles go on under
  /// the new name.
  void rename(std::string_view from, std::string_view to);
  std::vector<CollectionInfo> collections() const;

  /// Makes all changes visible and, by `durability` or the database's option, durable; returns the
  /// number of the commit. A transaction that changed nothing returns the commit it began on.
  /// OutOfSpace: everything is rolled back and the database goes on. IoError: the outcome is
  /// unknown until the database is opened again, and no further commit is taken. Whatever it
  /// throws, the transaction has ended. Costs one write and one sync.
  std::uint64_t commit(std::optional<Durability> durability = std::nullopt);
  /// Forgets all changes. Never fails; does nothing once the transaction has ended.
  void rollback() noexcept;
  /// Whether commit() or rollback() has been called, or the object was moved from.
  bool has_ended() const noexcept;

 private:
  enum class Missing { create, create_only };
  WriteScope open_scope(std::string_view name, std::string_view kind, Missing missing);
  std::optional<WriteScope> find_scope(std::string_view name, std::string_view kind);

  std::shared_ptr<engine::TransactionSession> session_;
};

}  // namespace quire
