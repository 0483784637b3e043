#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <quire/bytes.h>
#include <quire/check_report.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/record_ptr.h>
#include <quire/record_range.h>
#include <quire/record_store.h>
#include <quire/state_ptr.h>

namespace quire {

/// What a ring stores of itself when it is made.
struct RingStoreOptions {
  /// As in RecordStoreOptions.
  RecordLayout layout = {};
  /// Records that it holds at most; 1 or more, up to what fits into a blob of 246 TiB.
  std::uint64_t capacity = 1024;
  std::string tag = {};
};

/// A ring of records of one layout: what Ring<T> casts, and what a program opens that does not know
/// the type. Read-only; errors, threads and lifetimes are those of BlobView.
class QUIRE_API RingStoreView {
 public:
  explicit RingStoreView(const ReadScope& scope) : RingStoreView(scope, {}) {}
  /// TypeMismatch if the records are not of that layout; `size` 0: of any.
  RingStoreView(const ReadScope& scope, const RecordLayout& layout);

  /// Empty if this object was moved from.
  std::string_view name() const noexcept;
  const RecordLayout& layout() const;
  const std::string& tag() const;
  std::uint64_t capacity() const;

  /// Records.
  std::uint64_t size() const;
  /// The records from the oldest on, as many as there are now.
  RecordSequence view() const;

 private:
  friend class RingStore;
  struct Parts;

  detail::StatePtr<const Parts> parts_;
};

/// The same with changes. Errors are those of Blob.
class QUIRE_API RingStore : public RingStoreView {
 public:
  static constexpr std::string_view kKind = "ring";
  using Options = RingStoreOptions;
  using View = RingStoreView;

  /// A new ring needs a layout and a capacity of 1 or more (else InvalidArgument).
  RingStore(WriteScope& scope, const RingStoreOptions& options);

  /// Adds a record behind the last, or before the first. In a full ring the one at the other end
  /// goes. InvalidArgument unless it has layout().size bytes.
  void append(ByteView record);
  void prepend(ByteView record);
  /// std::out_of_range if the ring is empty.
  void pop_front();
  void pop_back();
  /// Frees all pages.
  void clear();
  /// A record to be changed in place, by its distance from the first; std::out_of_range.
  MutableBytes edit(std::uint64_t index);

  /// Head and size lie within the capacity, and the data is as long as that.
  static void check(const RingStoreView& ring, CheckSink& sink);

 private:
  struct Changes;

  void set_state(std::uint64_t head, std::uint64_t size);
  void write_place(std::uint64_t place, ByteView record);
  void require_record(ByteView record) const;

  detail::StatePtr<Changes> changes_;
};

/// The last so many structs of type T, read where they lie in the database. Errors, threads and
/// lifetimes are those of BlobView; opening a ring whose records are not laid out as T's is
/// TypeMismatch.
template <class T>
class RingView {
 public:
  using Iterator = typename RecordRange<const T>::Iterator;

  explicit RingView(const ReadScope& scope) : ring_(scope, record_layout<T>()) {}

  std::string_view name() const noexcept { return ring_.name(); }
  const std::string& tag() const { return ring_.tag(); }
  /// The same ring without its type.
  const RingStoreView& store() const noexcept { return ring_; }

  std::uint64_t capacity() const { return ring_.capacity(); }
  /// Records.
  std::uint64_t size() const { return ring_.size(); }
  bool empty() const { return size() == 0; }
  /// By the distance from the first record, which is 0. std::out_of_range if there is none.
  RecordPtr<const T> at(std::uint64_t index) const {
    return RecordPtr<const T>(ring_.view().at(index));
  }
  RecordPtr<const T> operator[](std::uint64_t index) const { return at(index); }
  RecordPtr<const T> front() const { return at(0); }
  RecordPtr<const T> back() const { return items().back(); }

  /// The records from the first on, as many as there are now.
  RecordRange<const T> items() const { return RecordRange<const T>(ring_.view()); }
  /// Of items(), at the moment of the call: take both ends of one items() to go by position while
  /// the ring changes.
  Iterator begin() const { return items().begin(); }
  Iterator end() const { return items().end(); }
  std::reverse_iterator<Iterator> rbegin() const { return items().rbegin(); }
  std::reverse_iterator<Iterator> rend() const { return items().rend(); }

 protected:
  explicit RingView(const RingStoreView& ring) : ring_(ring) {}

 private:
  RingStoreView ring_;
};

struct RingOptions {
  /// Records that it holds at most, fixed when it is made; 1 or more.
  std::uint64_t capacity = 1024;
  /// Any word of the user's, such as a version of the type; up to 255 bytes.
  std::string tag = {};
};

/// The same with changes, of which each costs a page or two. Errors are those of Blob.
///
///     auto last = txn.open<quire::Ring<Sample>>("last day", {.capacity = 86'400});
///     last.append({now, temperature});
template <class T>
class Ring : public RingView<T> {
 public:
  static constexpr std::string_view kKind = RingStore::kKind;
  using Options = RingOptions;
  using View = RingView<T>;

  /// With a WriteScope that must_match(), InvalidArgument if another capacity or tag is stored.
  Ring(WriteScope& scope, const RingOptions& options)
      : Ring(RingStore(scope, {record_layout<T>(), options.capacity, options.tag})) {}

  /// Adds a record behind the last; in a full ring the first one goes.
  void append(const T& record) { ring_.append(bytes_of(record)); }
  /// Adds a record before the first; in a full ring the last one goes.
  void prepend(const T& record) { ring_.prepend(bytes_of(record)); }
  /// std::out_of_range if the ring is empty.
  void pop_front() { ring_.pop_front(); }
  void pop_back() { ring_.pop_back(); }
  void clear() { ring_.clear(); }
  /// A record to be changed in place, by its distance from the first; std::out_of_range. Once the
  /// record has gone, and another one has come to its place, it is that one which is changed.
  RecordPtr<T> edit(std::uint64_t index) { return RecordPtr<T>(ring_.edit(index)); }

  static void check(const RingView<T>& ring, CheckSink& sink) {
    RingStore::check(ring.store(), sink);
  }

 private:
  explicit Ring(RingStore ring) : RingView<T>(ring), ring_(std::move(ring)) {}

  static ByteView bytes_of(const T& record) noexcept {
    return {reinterpret_cast<const std::byte*>(&record), sizeof(T)};
  }

  RingStore ring_;
};

}  // namespace quire
