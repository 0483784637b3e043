#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <quire/bytes.h>
#include <quire/error.h>
#include <quire/export.h>
#include <quire/savepoint.h>
#include <quire/value.h>

namespace quire {

namespace detail {
struct Scope;  // a collection within one snapshot or transaction; the engine's
}

class ReadScope;
class WriteScope;

/// What can be opened by name: the three structures, and types of your own that are built of them.
/// A type of your own is stored as a *composite*: the name of its kind, the bytes of its options,
/// and children, which are collections that nobody else sees, and are dropped and renamed with it.
///
///     static constexpr std::string_view kKind;   1 to 63 bytes, for example "example.queue"
///     using Options;                             a default-constructible struct
///     using View;                                what snapshots open: T without what changes it
///     explicit View(const ReadScope&);           opens the children
///     T(WriteScope&, const Options&);            makes them if the scope was created()
///     static void check(const View&, CheckSink&);   optional: see CheckOptions::with()
///
/// docs/collections.md explains this with a complete example.
template <class T>
concept Collection = std::derived_from<T, typename T::View> && requires {
  { T::kKind } -> std::convertible_to<std::string_view>;
} && std::constructible_from<typename T::View, const ReadScope&> &&
    std::constructible_from<T, WriteScope&, const typename T::Options&>;

/// What handles of one collection have gathered in memory within one transaction, and not put into
/// its children yet; WriteScope::pending() makes it, all handles of the collection share it. The
/// engine has it flushed before the transaction commits and before a savepoint is set, and destroys
/// it when the transaction ends, goes back to a savepoint, or drops the collection. It may hold no
/// handle, scope, savepoint or Transaction of its own transaction: each would keep that open for
/// ever, and nobody else could write. Used by the transaction's thread.
class QUIRE_API PendingChanges {
 public:
  virtual ~PendingChanges() = default;
  /// Puts everything into the children of `scope`, the collection's own. Is called once and
  /// destroyed afterwards; what is gathered meanwhile is pending anew (if that goes on for 100 times
  /// in one commit or savepoint, this is InvalidArgument). Runs with no lock held. What
  /// it throws dooms the transaction, as a change that is stopped half-way, and comes out of the
  /// call that had it flushed.
  virtual void flush(WriteScope& scope) = 0;
};

/// One collection as one snapshot or transaction sees it; what a handle is made from. Copying
/// shares it. It keeps its snapshot registered for as long as it lives. Threads: as the snapshot's
/// or the transaction's handles.
class QUIRE_API ReadScope {
 public:
  explicit ReadScope(std::shared_ptr<detail::Scope> scope) noexcept : scope_(std::move(scope)) {}

  /// Of a child, its name within its parent. Empty if this object was moved from.
  std::string_view name() const noexcept;
  /// The commit that is read; 0 if this object was moved from.
  std::uint64_t seq() const noexcept;
  /// The bytes that the collection's type has stored with set_options(); none at first. ClosedError
  /// and NotFound as for every call of a handle.
  Value options() const;

  /// A child. NotFound if there is none of that name, TypeMismatch if it is of another kind.
  template <Collection C>
  typename C::View child(std::string_view name) const {
    return typename C::View(child_scope(name, C::kKind));
  }

  /// What is pending in the collection, for reads to take into account; nullptr if nothing is, and
  /// always in a snapshot. Lives until it is flushed or dropped. InvalidArgument if it is no S.
  template <std::derived_from<PendingChanges> S>
  const S* find_pending() const {
    const PendingChanges* pending = pending_state();
    return pending == nullptr ? nullptr : &of_type<const S>(*pending);
  }
  /// Has what is pending in the collection flushed, so that its children hold everything; does
  /// nothing in a snapshot. InvalidArgument if something is pending in a transaction that an error
  /// has stopped half-way.
  void flush_pending() const;

  /// How often the transaction has been rolled back to a savepoint; 0 for a snapshot. What a handle
  /// remembers of its children may be wrong once this number is another one. ClosedError and
  /// NotFound as for every call of a handle. Reads no page.
  std::uint64_t rollbacks() const;

  /// Adds the database's file and the collection's name, behind those of its parents, to an error
  /// that the collection's type is about to throw.
  void add_context(Error& error) const;

  const std::shared_ptr<detail::Scope>& state() const noexcept { return scope_; }

 protected:
  template <class S, class P>
  static S& of_type(P& pending) {
    if (S* state = dynamic_cast<S*>(&pending)) return *state;
    throw InvalidArgument("what is pending in the collection is of another type than asked for");
  }

 private:
  const PendingChanges* pending_state() const;
  ReadScope child_scope(std::string_view name, std::string_view kind) const;

  std::shared_ptr<detail::Scope> scope_;
};

/// The same within a transaction, which may change the collection. What stops a change half-way
/// dooms the transaction, as everywhere; if the constructor of a new collection throws, the
/// collection has never been.
class QUIRE_API WriteScope : public ReadScope {
 public:
  /// How a handle came to be.
  enum class Origin {
    found,          // opened without options: those that are stored count
    found_options,  // opened with options: those that are stored must equal them
    created,
  };
  WriteScope(std::shared_ptr<detail::Scope> scope, Origin origin) noexcept
      : ReadScope(std::move(scope)), origin_(origin) {}

  /// True if the collection has been made just now, for this handle: its type stores its options
  /// and makes its children.
  bool created() const noexcept { return origin_ == Origin::created; }
  /// True if the caller has named options for a collection that was there: its type throws
  /// InvalidArgument, naming the option, if a stored one differs.
  bool must_match() const noexcept { return origin_ == Origin::found_options; }

  /// Stores up to 1024 bytes with the collection, whose meaning is its type's. InvalidArgument if
  /// they are more. Costs a change of the catalog.
  void set_options(ByteView bytes);

  /// A child, made if it is missing; TypeMismatch if it is of another kind. `name` is UTF-8 of 1 to
  /// 255 bytes without byte 0. InvalidArgument if the collection is no composite, lies 8 children
  /// deep, or has 65535 children. Making one costs a change of the catalog as long as the list of
  /// all children.
  template <Collection C>
  C child(std::string_view name) {
    return open_child<C>(name, {}, Origin::found);
  }
  /// The same with options, which must equal those that are stored.
  template <Collection C>
  C child(std::string_view name, const typename C::Options& options) {
    return open_child<C>(name, options, Origin::found_options);
  }

  /// What is pending in the collection, made if nothing is; the caller is about to add to it. Checks
  /// what every change does, so a handle asks for it at each change. Lives until it is flushed or
  /// dropped: at the latest until the transaction is used for something else. InvalidArgument if it
  /// is no S. Its memory is the type's to bound, by flush_pending(), and is no part of cache_size.
  template <std::derived_from<PendingChanges> S>
  S& pending() {
    PendingChanges* pending = changing_pending();
    if (pending == nullptr) pending = &set_pending(std::make_unique<S>());
    return of_type<S>(*pending);
  }

 private:
  PendingChanges* changing_pending();
  PendingChanges& set_pending(std::unique_ptr<PendingChanges> pending);
  std::optional<WriteScope> find_child(std::string_view name, std::string_view kind, Origin origin);
  WriteScope create_child(std::string_view name, std::string_view kind);
  Savepoint savepoint();

  template <Collection C>
  C open_child(std::string_view name, const typename C::Options& options, Origin origin) {
    if (auto scope = find_child(name, C::kKind, origin)) return C(*scope, options);
    Savepoint undo = savepoint();  // if a constructor throws
    WriteScope scope = create_child(name, C::kKind);
    C made(scope, options);
    undo.release();
    return made;
  }

  Origin origin_;
};

/// One line of a catalog.
struct CollectionInfo {
  std::string name;
  std::string kind;         // "blob", "list", "hash", or a kind of the user's
  std::uint64_t pages = 0;  // of 4096 bytes, those that describe the collection included
};

}  // namespace quire
