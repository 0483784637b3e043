#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <quire/bytes.h>

namespace quire {

/// What a read returns: bytes that stay as they are for as long as this object lives, also after
/// its transaction or snapshot has ended and after Database::close(). It owns a copy (short or
/// assembled bytes) or shares the memory that holds them, so a long value is neither copied nor
/// evicted while somebody looks at it.
///
/// Copying shares the memory and costs a reference count, or copies at most kInlineBytes. Two
/// threads may read one Value at once; changing one (assignment) while another thread reads it is a
/// race, as with any std type.
class Value {
 public:
  static constexpr std::size_t kInlineBytes = 48;

  Value() noexcept = default;

  /// A copy of `bytes`, which may end right after the call. Allocates only above kInlineBytes.
  static Value copy(ByteView bytes) {
    Value value;
    value.size_ = bytes.size();
    if (bytes.size() > kInlineBytes) {
      auto memory = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
      std::memcpy(memory.get(), bytes.data(), bytes.size());
      value.data_ = memory.get();
      value.owner_ = std::move(memory);
    } else if (!bytes.empty()) {
      std::memcpy(value.short_.data(), bytes.data(), bytes.size());
    }
    return value;
  }

  /// `bytes` where they lie; `owner` keeps them alive and unchanged.
  static Value shared(std::shared_ptr<const void> owner, ByteView bytes) noexcept {
    Value value;
    value.owner_ = std::move(owner);
    value.data_ = bytes.data();
    value.size_ = bytes.size();
    return value;
  }

  const std::byte* data() const noexcept { return owner_ ? data_ : short_.data(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  ByteView view() const noexcept { return {data(), size_}; }
  operator ByteView() const noexcept { return view(); }

  std::string_view text() const noexcept { return view().text(); }
  std::span<const std::byte> bytes() const noexcept { return view().bytes(); }
  std::string str() const { return view().str(); }

  friend bool operator==(const Value& a, const Value& b) noexcept { return a.view() == b.view(); }
  friend bool operator==(const Value& a, ByteView b) noexcept { return a.view() == b; }
  friend auto operator<=>(const Value& a, const Value& b) noexcept { return a.view() <=> b.view(); }

 private:
  std::shared_ptr<const void> owner_;  // empty: the bytes are in short_
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::array<std::byte, kInlineBytes> short_;
};

}  // namespace quire

template <>
struct std::hash<quire::Value> {
  std::size_t operator()(const quire::Value& value) const noexcept {
    return std::hash<quire::ByteView>()(value.view());
  }
};
