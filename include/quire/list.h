#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include <quire/bytes.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/value.h>

namespace quire {

/// A sequence of byte strings of any length, read-only, reached by position.
///
/// Errors, threads and lifetimes are those of BlobView: an index that does not exist is
/// std::out_of_range, no quire::Error. An item goes in and comes out whole, so memory is its limit.
/// Reaching an item costs one page a level, three levels for some millions of items; long items
/// (above 1000 bytes) have pages of their own.
class QUIRE_API ListView {
 public:
  /// A random-access iterator that yields each item as a Value, which outlives everything. It can
  /// be read from as long as it points at an item: else std::out_of_range. Changing the list within
  /// the same transaction ends it: reading from it then throws InvalidArgument. Moving and
  /// comparing cost nothing and never throw; only iterators of one list compare.
  class QUIRE_API Iterator {
   public:
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using reference = Value;
    using pointer = void;

    /// Points nowhere: reading from it is a ClosedError until it is assigned to.
    Iterator() noexcept = default;

    Value operator*() const { return read(index_); }
    Value operator[](difference_type n) const { return read(moved(n)); }

    Iterator& operator++() noexcept { return *this += 1; }
    Iterator& operator--() noexcept { return *this -= 1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    Iterator& operator+=(difference_type n) noexcept {
      index_ = moved(n);
      return *this;
    }
    Iterator& operator-=(difference_type n) noexcept {
      index_ -= static_cast<std::uint64_t>(n);
      return *this;
    }
    friend Iterator operator+(Iterator it, difference_type n) noexcept { return it += n; }
    friend Iterator operator+(difference_type n, Iterator it) noexcept { return it += n; }
    friend Iterator operator-(Iterator it, difference_type n) noexcept { return it -= n; }
    friend difference_type operator-(const Iterator& a, const Iterator& b) noexcept {
      return static_cast<difference_type>(a.index_ - b.index_);
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
      return a.index_ == b.index_;
    }
    friend std::strong_ordering operator<=>(const Iterator& a, const Iterator& b) noexcept {
      return a.index_ <=> b.index_;
    }

   private:
    friend class ListView;
    Iterator(const ReadScope& scope, std::uint64_t changes, std::uint64_t index) noexcept
        : scope_(scope), changes_(changes), index_(index) {}
    std::uint64_t moved(difference_type n) const noexcept {
      return index_ + static_cast<std::uint64_t>(n);
    }
    Value read(std::uint64_t index) const;

    ReadScope scope_{nullptr};
    std::uint64_t changes_ = 0;  // of the collection when the iterator was made
    std::uint64_t index_ = 0;
  };

  explicit ListView(const ReadScope& scope) : scope_(scope) {}

  std::string_view name() const noexcept { return scope_.name(); }
  /// Items.
  std::uint64_t size() const;
  bool empty() const { return size() == 0; }
  Value at(std::uint64_t index) const;
  /// The first item, and the last: std::out_of_range if the list is empty.
  Value front() const { return at(0); }
  Value back() const;

  Iterator begin() const;
  Iterator end() const;

 protected:
  const ReadScope& scope() const noexcept { return scope_; }

 private:
  ReadScope scope_;
};

/// Has no options.
struct ListOptions {};

/// A sequence that a transaction may change. Arguments may point anywhere, also to what a read of
/// the same list returned. A change costs what reading costs, one page a level, wherever it is; an
/// index out of range changes nothing. Other errors are those of Blob.
class QUIRE_API List : public ListView {
 public:
  static constexpr std::string_view kKind = "list";
  using Options = ListOptions;
  using View = ListView;

  List(WriteScope& scope, const ListOptions&) : ListView(scope) {}

  void push_back(ByteView item);
  void push_front(ByteView item);
  /// Takes the last item away; std::out_of_range if there is none.
  void pop_back();
  void pop_front();
  /// The item becomes number `index` <= size(); those from there on move up.
  void insert(std::uint64_t index, ByteView item);
  /// Takes an item away; those behind it move down.
  void erase(std::uint64_t index) { erase(index, 1); }
  /// Takes items [index, index + count) away. Items between the ends of a long range go with whole
  /// pages.
  void erase(std::uint64_t index, std::uint64_t count);
  /// Replaces an item.
  void set(std::uint64_t index, ByteView item);
  /// Erases everything.
  void clear();
};

}  // namespace quire
