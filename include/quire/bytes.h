#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace quire {

class ByteView;

namespace detail {

template <class T>
inline constexpr bool kIsByte =
    std::is_same_v<T, std::byte> || std::is_same_v<T, char> || std::is_same_v<T, unsigned char>;

/// A contiguous sized range of bytes that is not an array of char (whose end would be a guess).
template <class R>
concept ByteRange = std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
                    kIsByte<std::remove_cv_t<std::ranges::range_value_t<R>>> &&
                    !std::is_same_v<std::remove_cvref_t<R>, ByteView> &&
                    !(std::is_array_v<std::remove_reference_t<R>> &&
                      std::is_same_v<std::remove_cv_t<std::ranges::range_value_t<R>>, char>);

}  // namespace detail

/// A view of bytes: a pointer and a length, owning nothing. It is made implicitly from strings and
/// from any contiguous sized range of std::byte, char or unsigned char, and lives no longer than
/// what it was made from. Copying costs two words. Safe to use from any thread as long as nobody
/// changes the bytes.
class ByteView {
 public:
  constexpr ByteView() noexcept = default;
  constexpr ByteView(const std::byte* data, std::size_t size) noexcept : data_(data), size_(size) {}

  /// The characters up to the terminating NUL, without it.
  ByteView(const char* text) noexcept : ByteView(std::string_view(text)) {}
  ByteView(std::nullptr_t) = delete;

  template <detail::ByteRange R>
  ByteView(const R& range) noexcept
      : data_(reinterpret_cast<const std::byte*>(std::ranges::data(range))),
        size_(std::ranges::size(range)) {}

  constexpr const std::byte* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr const std::byte* begin() const noexcept { return data_; }
  constexpr const std::byte* end() const noexcept { return data_ + size_; }
  constexpr std::byte operator[](std::size_t index) const noexcept { return data_[index]; }

  /// The part that begins at `offset`, at most `count` bytes; both are cut to what is there.
  constexpr ByteView sub(std::size_t offset, std::size_t count = SIZE_MAX) const noexcept {
    if (offset > size_) offset = size_;
    return {data_ + offset, count < size_ - offset ? count : size_ - offset};
  }

  /// The same bytes under another type; no copy.
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }
  constexpr std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  /// A copy of the bytes.
  std::string str() const { return std::string(text()); }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Bytes compare as unsigned numbers, a prefix before what it begins.
inline bool operator==(ByteView a, ByteView b) noexcept { return a.text() == b.text(); }
inline std::strong_ordering operator<=>(ByteView a, ByteView b) noexcept {
  return a.text() <=> b.text();
}

}  // namespace quire

template <>
struct std::hash<quire::ByteView> {
  std::size_t operator()(quire::ByteView bytes) const noexcept {
    return std::hash<std::string_view>()(bytes.text());
  }
};
