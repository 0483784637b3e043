#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <quire/bytes.h>
#include <quire/export.h>

namespace quire {

namespace detail {
struct Scope;  // a collection within one snapshot or transaction; the engine's
}

/// One collection as one snapshot or transaction sees it; what a handle is made from. Copying
/// shares it. It keeps its snapshot registered for as long as it lives.
class QUIRE_API ReadScope {
 public:
  explicit ReadScope(std::shared_ptr<detail::Scope> scope) noexcept : scope_(std::move(scope)) {}

  std::string_view name() const noexcept;
  /// The commit that is read.
  std::uint64_t seq() const noexcept;

  const std::shared_ptr<detail::Scope>& state() const noexcept { return scope_; }

 private:
  std::shared_ptr<detail::Scope> scope_;
};

/// The same within a transaction, which may change the collection.
class QUIRE_API WriteScope : public ReadScope {
 public:
  using ReadScope::ReadScope;
  /// True if this transaction has made the collection.
  bool created() const noexcept;
};

/// What can be opened by name: the three structures and whatever is built like them.
template <class T>
concept Collection = std::derived_from<T, typename T::View> && requires {
  { T::kKind } -> std::convertible_to<std::string_view>;
} && std::constructible_from<typename T::View, const ReadScope&> &&
    std::constructible_from<T, WriteScope&, const typename T::Options&>;

/// One line of a catalog.
struct CollectionInfo {
  std::string name;
  std::string kind;         // "blob", "list", "hash", or a kind of the user's
  std::uint64_t pages = 0;  // of 4096 bytes, those that describe the collection included
};

}  // namespace quire
