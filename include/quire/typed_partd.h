#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <quire/partd.h>

namespace quire {

namespace detail {

/// NumPy's names of numbers of the usual sizes; empty for all else, also for characters, of which
/// machines differ.
template <class T>
constexpr std::string_view arithmetic_type_name() noexcept {
  constexpr std::string_view kNames[3][4] = {
      {"u1", "u2", "u4", "u8"}, {"i1", "i2", "i4", "i8"}, {"", "", "f4", "f8"}};
  if (std::is_same_v<T, bool>) return "b1";
  if (!std::is_arithmetic_v<T> || sizeof(T) > 8 || std::is_same_v<T, char> ||
      std::is_same_v<T, wchar_t>) {
    return {};
  }
  const std::size_t log2 = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
  return kNames[std::is_floating_point_v<T> ? 2 : std::is_signed_v<T> ? 1 : 0][log2];
}

}  // namespace detail

/// The name under which a TypedPartd<T> stores what T is: of arithmetic types "b1", "i1" to "i8",
/// "u1" to "u8", "f4" and "f8", as NumPy has them. Give a struct one, with a number that changes when
/// its members do:
///
///     template <> inline constexpr std::string_view quire::kPartdType<Trade> = "trade.1";
template <class T>
inline constexpr std::string_view kPartdType = detail::arithmetic_type_name<T>();

/// What a TypedPartd can hold: copied byte by byte, so without pointers, and with a kPartdType.
template <class T>
concept PartdItem = std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> &&
                    !std::is_same_v<T, bool> /* std::vector<bool> has no bytes */
                    && !kPartdType<T>.empty();

/// PartdOptions but for the element, which follows from the type.
struct TypedPartdOptions {
  Codec codec = Codec::none;
  std::size_t buffer_size = PartdOptions().buffer_size;
};

/// A Partd whose values are arrays of T, read-only. It is stored as a Partd that knows its element;
/// opening one of another element is a TypeMismatch. Everything else is as in PartdView.
template <PartdItem T>
class TypedPartdView {
 public:
  explicit TypedPartdView(const ReadScope& scope) : TypedPartdView(PartdView(scope)) {}

  /// The element of T.
  static PartdElement element() { return {std::string(kPartdType<T>), sizeof(T)}; }

  std::string_view name() const noexcept { return bytes_.name(); }
  Codec codec() const noexcept { return bytes_.codec(); }
  /// The same collection as bytes.
  const PartdView& bytes() const noexcept { return bytes_; }

  /// Keys.
  std::uint64_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  bool contains(ByteView key) const { return bytes_.contains(key); }
  PartdView::Keys keys() const { return bytes_.keys(); }

  /// Everything that was appended to the key, in order; empty if there is no such key.
  std::vector<T> get(ByteView key) const {
    const Value value = bytes_.get(key);
    std::vector<T> items(value.size() / sizeof(T));
    if (!items.empty()) std::memcpy(items.data(), value.data(), items.size() * sizeof(T));
    return items;
  }
  /// The same for many keys, in the order asked.
  template <detail::KeyRange R>
  std::vector<std::vector<T>> get(R&& keys) const {
    std::vector<std::vector<T>> all;
    for (auto&& key : keys) all.push_back(get(ByteView(key)));
    return all;
  }
  std::vector<std::vector<T>> get(std::initializer_list<ByteView> keys) const {
    return get(std::span(keys.begin(), keys.size()));
  }
  /// Elements of get(key). Unpacks nothing.
  std::uint64_t count(ByteView key) const { return bytes_.value_size(key) / sizeof(T); }

 protected:
  explicit TypedPartdView(PartdView bytes) : bytes_(std::move(bytes)) {
    bytes_.require_element(element());
  }

 private:
  PartdView bytes_;
};

/// The same for a transaction to change; see Partd. CheckOptions::with<Partd>() checks it.
template <PartdItem T>
class TypedPartd : public TypedPartdView<T> {
 public:
  static constexpr std::string_view kKind = Partd::kKind;
  using Options = TypedPartdOptions;
  using View = TypedPartdView<T>;

  TypedPartd(WriteScope& scope, const TypedPartdOptions& options)
      : TypedPartd(opened(scope, options)) {}

  /// Adds the items to the end of the key's array, or makes the key.
  void append(ByteView key, std::span<const T> items) { partd_.append(key, bytes_of(items)); }
  void append(ByteView key, std::initializer_list<T> items) {
    append(key, std::span(items.begin(), items.size()));
  }
  /// Does so for each pair of a range of keys and contiguous ranges of T, such as a map of vectors;
  /// all or nothing.
  template <std::ranges::input_range R>
  requires std::is_lvalue_reference_v<std::ranges::range_reference_t<R>>
  void append(R&& pairs) {
    // Copied while the range stands there: it may show the next pair in the same memory.
    std::vector<std::pair<std::string, std::string>> parts;
    for (const auto& [key, items] : pairs) {
      parts.emplace_back(ByteView(key).str(), bytes_of(std::span<const T>(items)).str());
    }
    partd_.append(parts);
  }

  /// As Partd::iset().
  bool iset(ByteView key, std::span<const T> items) { return partd_.iset(key, bytes_of(items)); }
  bool iset(ByteView key, std::initializer_list<T> items) {
    return iset(key, std::span(items.begin(), items.size()));
  }
  /// As Partd::erase(), of one key or a range of keys.
  bool erase(ByteView key) { return partd_.erase(key); }
  template <detail::KeyRange R>
  std::uint64_t erase(R&& keys) {
    return partd_.erase(std::forward<R>(keys));
  }
  std::uint64_t erase(std::initializer_list<ByteView> keys) { return partd_.erase(keys); }
  void clear() { partd_.clear(); }

 private:
  explicit TypedPartd(Partd partd) : TypedPartdView<T>(partd), partd_(std::move(partd)) {}

  static Partd opened(WriteScope& scope, const TypedPartdOptions& options) {
    const PartdElement element = TypedPartdView<T>::element();
    if (!scope.created()) PartdView(scope).require_element(element);
    return Partd(scope, {options.codec, options.buffer_size, element});
  }
  static ByteView bytes_of(std::span<const T> items) noexcept {
    return ByteView(reinterpret_cast<const std::byte*>(items.data()), items.size_bytes());
  }

  Partd partd_;
};

}  // namespace quire
