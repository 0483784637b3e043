#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <quire/bytes.h>
#include <quire/check_report.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/record_ptr.h>
#include <quire/record_range.h>
#include <quire/record_store.h>
#include <quire/state_ptr.h>

namespace quire {

/// Arrays of records of one layout by key: what RecordArray<T> casts, and what a program opens that
/// does not know the type. Read-only; errors, threads and lifetimes are those of BlobView.
class QUIRE_API RecordArrayStoreView {
 public:
  explicit RecordArrayStoreView(const ReadScope& scope) : RecordArrayStoreView(scope, {}) {}
  /// TypeMismatch if the records are not of that layout; `size` 0: of any.
  RecordArrayStoreView(const ReadScope& scope, const RecordLayout& layout);

  /// Empty if this object was moved from.
  std::string_view name() const noexcept;
  const RecordLayout& layout() const;
  const std::string& tag() const;

  /// Arrays.
  std::uint64_t size() const;
  bool empty() const { return size() == 0; }
  bool contains(ByteView key) const;
  /// All keys, in no particular order.
  std::vector<std::string> keys() const;
  /// NotFound if there is no array of that key.
  RecordSequence view(ByteView key) const;

 private:
  friend class RecordArrayStore;
  struct Parts;

  detail::StatePtr<const Parts> parts_;
};

/// The same with changes. Errors are those of Blob.
class QUIRE_API RecordArrayStore : public RecordArrayStoreView {
 public:
  static constexpr std::string_view kKind = "record_array";
  using Options = RecordStoreOptions;
  using View = RecordArrayStoreView;

  /// A new collection needs a layout (else InvalidArgument).
  RecordArrayStore(WriteScope& scope, const RecordStoreOptions& options);

  /// An array of `count` records, all zeros. KeyExists if there is one of that key; OutOfSpace,
  /// which changes nothing, if the arrays together would be longer than a blob can be.
  void create(ByteView key, std::uint64_t count);
  /// A record to be changed in place. NotFound, or std::out_of_range.
  MutableBytes edit(ByteView key, std::uint64_t index);
  /// Overwrites records from `index` on by `records`, a multiple of the layout's stride in bytes
  /// (else InvalidArgument). NotFound; std::out_of_range if the array ends before.
  void write(ByteView key, std::uint64_t index, ByteView records);
  /// Gives an array another number of records; new ones are `record`, or zeros. Records that go free
  /// their pages. NotFound; InvalidArgument if `record` has neither layout().size bytes nor none;
  /// OutOfSpace as for create(). An array that no longer fits where it lies moves behind all others:
  /// that costs a copy of its pages, while the last one grows in place. Ranges that were asked for in
  /// the same transaction do not follow.
  void resize(ByteView key, std::uint64_t count, ByteView record = {});
  /// False if there is no array of that key.
  bool erase(ByteView key);
  void clear();

  /// The arrays lie within the data and do not overlap.
  static void check(const RecordArrayStoreView& arrays, CheckSink& sink);

 private:
  struct Changes;

  detail::StatePtr<Changes> changes_;
};

/// Arrays of structs of type T by key, read where they lie in the database. Errors, threads and
/// lifetimes are those of BlobView; opening a collection whose records are not laid out as T's is
/// TypeMismatch.
template <class T>
class RecordArrayView {
 public:
  explicit RecordArrayView(const ReadScope& scope) : arrays_(scope, record_layout<T>()) {}

  std::string_view name() const noexcept { return arrays_.name(); }
  const std::string& tag() const { return arrays_.tag(); }
  /// The same arrays without their type.
  const RecordArrayStoreView& store() const noexcept { return arrays_; }

  /// Arrays.
  std::uint64_t size() const { return arrays_.size(); }
  bool empty() const { return arrays_.empty(); }
  bool contains(ByteView key) const { return arrays_.contains(key); }
  /// All keys, in no particular order.
  std::vector<std::string> keys() const { return arrays_.keys(); }
  /// NotFound if there is no array of that key. Costs a lookup in a Hash.
  RecordRange<const T> view(ByteView key) const { return RecordRange<const T>(arrays_.view(key)); }

 protected:
  explicit RecordArrayView(const RecordArrayStoreView& arrays) : arrays_(arrays) {}

 private:
  RecordArrayStoreView arrays_;
};

struct RecordArrayOptions {
  /// Any word of the user's, such as a version of the type; up to 255 bytes.
  std::string tag = {};
};

/// The same with changes, of which each costs a page or two. An array is sparse: pages that nobody
/// has written take no room and read as zeros. Errors are those of Blob.
///
///     auto planes = txn.open<quire::RecordArray<Pixel>>("planes");
///     planes.create("red", 1'000'000);
///     planes.edit("red", 4711)->value = 9;
template <class T>
class RecordArray : public RecordArrayView<T> {
 public:
  static constexpr std::string_view kKind = RecordArrayStore::kKind;
  using Options = RecordArrayOptions;
  using View = RecordArrayView<T>;

  /// With a WriteScope that must_match(), InvalidArgument if another tag is stored.
  RecordArray(WriteScope& scope, const RecordArrayOptions& options)
      : RecordArray(RecordArrayStore(scope, {record_layout<T>(), options.tag})) {}

  /// An array of `count` records, all zeros. KeyExists if there is one of that key; OutOfSpace,
  /// which changes nothing, if the arrays together would be longer than a blob can be (246 TiB).
  void create(ByteView key, std::uint64_t count) { arrays_.create(key, count); }
  /// A record to be changed in place. NotFound, or std::out_of_range.
  RecordPtr<T> edit(ByteView key, std::uint64_t index) {
    return RecordPtr<T>(arrays_.edit(key, index));
  }
  /// Overwrites records from `index` on. NotFound; std::out_of_range if the array ends before.
  void write(ByteView key, std::uint64_t index, std::span<const T> records) {
    arrays_.write(key, index, std::as_bytes(records));
  }
  /// Gives an array another number of records; new ones are zeros, or `record`. Records that go free
  /// their pages. NotFound; OutOfSpace as for create(). An array that no longer fits where it lies
  /// moves behind all others: that costs a copy of its pages, while the last one grows in place.
  /// Ranges that were asked for in the same transaction do not follow.
  void resize(ByteView key, std::uint64_t count) { arrays_.resize(key, count); }
  void resize(ByteView key, std::uint64_t count, const T& record) {
    arrays_.resize(key, count, ByteView(reinterpret_cast<const std::byte*>(&record), sizeof(T)));
  }
  /// Frees the array's pages; false if there is none of that key.
  bool erase(ByteView key) { return arrays_.erase(key); }
  void clear() { arrays_.clear(); }

  static void check(const RecordArrayView<T>& arrays, CheckSink& sink) {
    RecordArrayStore::check(arrays.store(), sink);
  }

 private:
  explicit RecordArray(RecordArrayStore arrays)
      : RecordArrayView<T>(arrays), arrays_(std::move(arrays)) {}

  RecordArrayStore arrays_;
};

}  // namespace quire
