#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <quire/blob.h>
#include <quire/export.h>
#include <quire/record_ptr.h>
#include <quire/state_ptr.h>

namespace quire {

/// Records of one size in whole pages of a blob, by position, perhaps with their beginning anywhere
/// and going on from the last place to the first, as in a ring. What RecordRange is made of; it
/// knows no type. Copying it is cheap; errors, threads and lifetimes are those of BlobView.
class QUIRE_API RecordSequence {
 public:
  struct Shape {
    std::uint64_t first_page = 0;  // of the blob
    std::uint64_t capacity = 0;    // places
    std::uint64_t head = 0;        // place of record 0
    std::uint64_t size = 0;        // records, at most `capacity`
    std::uint32_t stride = 1;
    std::uint32_t alignment = 1;
  };
  /// Neighbours in one page.
  struct Run {
    std::shared_ptr<const std::byte> bytes;
    std::uint64_t first = 0;  // position of the first of them
    std::uint64_t size = 0;
  };

  /// `whole` is the scope of the collection, which errors name, and `name` what they call these
  /// records, as "the ring"; the shape has been checked.
  RecordSequence(const ReadScope& whole, const BlobView& data, const Shape& shape, std::string name)
      : whole_(whole), data_(data), shape_(shape), name_(std::move(name)) {}

  std::uint64_t size() const noexcept { return shape_.size; }
  std::uint32_t stride() const noexcept { return shape_.stride; }
  /// The record at `index`, aligned. std::out_of_range if there is none.
  std::shared_ptr<const std::byte> at(std::uint64_t index) const;
  /// As many neighbours of the record at `index` as lie in its page.
  Run run_at(std::uint64_t index) const;
  /// Where the record at `index` lies in the blob.
  std::uint64_t offset_of(std::uint64_t index) const;

 private:
  std::uint64_t place_of(std::uint64_t index) const;
  std::uint64_t offset_of_place(std::uint64_t place) const noexcept;

  ReadScope whole_;
  BlobView data_;
  Shape shape_;
  std::string name_;
};

/// The records of an array or a ring by position, as they were when the range was made if that was
/// in a snapshot; in a transaction, elements are read when they are asked for. It outlives its
/// handle, and keeps the snapshot open. Errors and threads are those of BlobView.
template <class T>
requires std::is_const_v<T>
class RecordRange {
 public:
  /// A random-access iterator that yields RecordPtrs. It keeps the page that it was last read in,
  /// so a walk looks for each page once, and shows it as it was then. Used by one thread at a time.
  class Iterator {
   public:
    using iterator_concept = std::random_access_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = RecordPtr<T>;
    using difference_type = std::ptrdiff_t;
    using reference = RecordPtr<T>;
    using pointer = void;

    /// Points nowhere: reading from it is a ClosedError until it is assigned to.
    Iterator() noexcept = default;

    RecordPtr<T> operator*() const { return read(index_); }
    RecordPtr<T> operator[](difference_type n) const { return read((*this + n).index_); }

    Iterator& operator++() noexcept { return *this += 1; }
    Iterator& operator--() noexcept { return *this -= 1; }
    Iterator operator++(int) { return std::exchange(*this, *this + 1); }
    Iterator operator--(int) { return std::exchange(*this, *this - 1); }
    Iterator& operator+=(difference_type n) noexcept {
      index_ += static_cast<std::uint64_t>(n);
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
    friend class RecordRange;
    Iterator(detail::StatePtr<const RecordSequence> records, std::uint64_t index)
        : records_(std::move(records)), index_(index) {}

    RecordPtr<T> read(std::uint64_t index) const {
      if (index - run_.first >= run_.size) run_ = records_->run_at(index);
      const std::uint64_t skipped = (index - run_.first) * records_->stride();
      return RecordPtr<T>({run_.bytes, run_.bytes.get() + skipped});
    }

    detail::StatePtr<const RecordSequence> records_;
    std::uint64_t index_ = 0;
    mutable RecordSequence::Run run_;
  };

  explicit RecordRange(RecordSequence records)
      : records_(std::make_shared<const RecordSequence>(std::move(records))) {}

  std::uint64_t size() const { return records_->size(); }
  bool empty() const { return size() == 0; }
  /// std::out_of_range if there is no such record.
  RecordPtr<T> at(std::uint64_t index) const { return RecordPtr<T>(records_->at(index)); }
  RecordPtr<T> operator[](std::uint64_t index) const { return at(index); }
  RecordPtr<T> front() const { return at(0); }
  RecordPtr<T> back() const { return at(size() - 1); }

  /// The record at `index` with all its neighbours in the same page: the fastest way to read many.
  ///
  ///     for (std::uint64_t i = 0; i < range.size();) {
  ///       const auto page = range.page_span(i);
  ///       for (const Point& point : page) sum += point.x;
  ///       i = page.first_index() + page.size();
  ///     }
  RecordSpan<T> page_span(std::uint64_t index) const {
    RecordSequence::Run run = records_->run_at(index);
    return {std::move(run.bytes), run.first, static_cast<std::size_t>(run.size)};
  }

  Iterator begin() const { return Iterator(records_.shared(), 0); }
  Iterator end() const { return Iterator(records_, size()); }
  std::reverse_iterator<Iterator> rbegin() const { return std::reverse_iterator(end()); }
  std::reverse_iterator<Iterator> rend() const { return std::reverse_iterator(begin()); }

 private:
  detail::StatePtr<const RecordSequence> records_;
};

}  // namespace quire
