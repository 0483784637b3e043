#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include <quire/blob.h>

namespace quire {

/// A record to be changed where it lies; empty, or made by edit() and create(). Movable, not
/// copyable.
///
/// What is written through it is what the collection holds: at once, or, for a type aligned to more
/// than 16 bytes, as a whole when this object is destroyed. It ends with the transaction, when a
/// savepoint of it is rolled back, and when the record is erased; what is written later is lost, and
/// harms nothing (but see Ring::edit()). So let it go before you commit.
/// Used by the thread that uses the transaction.
template <class T>
class RecordPtr {
 public:
  RecordPtr() noexcept = default;
  /// The record that `bytes`, which are as many as T has, hold.
  explicit RecordPtr(MutableBytes bytes) : bytes_(std::move(bytes)) {
    if constexpr (kIsCopied) {
      copy_ = std::make_unique<Copy>();
      std::memcpy(copy_->bytes, bytes_.data(), sizeof(T));
    }
  }
  RecordPtr(RecordPtr&&) noexcept = default;
  RecordPtr& operator=(RecordPtr&& other) noexcept {
    carry_back();
    bytes_ = std::move(other.bytes_);
    copy_ = std::move(other.copy_);
    return *this;
  }
  ~RecordPtr() { carry_back(); }

  explicit operator bool() const noexcept { return !bytes_.empty(); }
  T* get() const noexcept { return reinterpret_cast<T*>(copy_ ? copy_->bytes : bytes_.data()); }
  T& operator*() const noexcept { return *get(); }
  T* operator->() const noexcept { return get(); }

 private:
  static constexpr bool kIsCopied = alignof(T) > BlobView::kAlignment;
  struct Copy {
    alignas(T) std::byte bytes[sizeof(T)];
  };

  void carry_back() noexcept {
    if (copy_) std::memcpy(bytes_.data(), copy_->bytes, sizeof(T));
  }

  MutableBytes bytes_;
  std::unique_ptr<Copy> copy_;  // of a type that a page in memory may not be aligned for
};

/// A record to be read: empty, or the content that it had when it was asked for. It shares the page
/// in memory, or owns a copy of what the transaction has changed (and of a type aligned to more
/// than 16 bytes, where the page lies otherwise), so it outlives its transaction, its snapshot and
/// the database. Copying costs a reference count. Several threads may read one at once.
template <class T>
class RecordPtr<const T> {
 public:
  RecordPtr() noexcept = default;
  /// The record that lies at `bytes`, aligned for T.
  explicit RecordPtr(std::shared_ptr<const std::byte> bytes) noexcept : bytes_(std::move(bytes)) {}

  explicit operator bool() const noexcept { return bytes_ != nullptr; }
  const T* get() const noexcept { return reinterpret_cast<const T*>(bytes_.get()); }
  const T& operator*() const noexcept { return *get(); }
  const T* operator->() const noexcept { return get(); }

 private:
  std::shared_ptr<const std::byte> bytes_;
};

/// Neighbours in one page, with the pin that keeps it in memory: a std::span of const records that
/// owns what it shows, as RecordPtr does.
template <class T>
requires std::is_const_v<T>
class RecordSpan {
 public:
  RecordSpan(std::shared_ptr<const std::byte> bytes, std::uint64_t first, std::size_t size) noexcept
      : bytes_(std::move(bytes)), first_(first), size_(size) {}

  /// The number that the first of them has in its array or ring.
  std::uint64_t first_index() const noexcept { return first_; }
  std::size_t size() const noexcept { return size_; }
  T* data() const noexcept { return reinterpret_cast<T*>(bytes_.get()); }
  T* begin() const noexcept { return data(); }
  T* end() const noexcept { return data() + size_; }
  /// `index` < size(), counted from the first of them.
  T& operator[](std::size_t index) const noexcept { return data()[index]; }
  std::span<T> span() const noexcept { return {data(), size_}; }

 private:
  std::shared_ptr<const std::byte> bytes_;
  std::uint64_t first_;
  std::size_t size_;
};

}  // namespace quire
