#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <quire/bytes.h>
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

  const std::shared_ptr<detail::Scope>& state() const noexcept { return scope_; }

 private:
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

 private:
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
