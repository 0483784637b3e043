#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <quire/record_array.h>
#include <quire/record_ptr.h>
#include <quire/record_store.h>
#include <quire/ring.h>

namespace quire {

/// Structs of type T by key, read where they lie in the database, without copying or decoding.
/// record_layout() says what T may be. Errors, threads and lifetimes are those of BlobView; opening
/// a collection whose records are not laid out as T's is TypeMismatch.
template <class T>
class RecordsView {
 public:
  /// A key, which lives until the iterator moves, and its record.
  struct Entry {
    ByteView key;
    RecordPtr<const T> record;
  };

  /// As RecordStoreView::Iterator.
  class Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;

    explicit Iterator(RecordStoreView::Iterator position) : position_(std::move(position)) {}

    Entry operator*() const {
      auto [key, record] = *position_;
      return {key, RecordPtr<const T>(std::move(record))};
    }
    Iterator& operator++() {
      ++position_;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t end) noexcept {
      return it.position_ == end;
    }

   private:
    RecordStoreView::Iterator position_;
  };

  explicit RecordsView(const ReadScope& scope) : store_(scope, record_layout<T>()) {}

  std::string_view name() const noexcept { return store_.name(); }
  const std::string& tag() const { return store_.tag(); }
  /// The same records without their type.
  const RecordStoreView& store() const noexcept { return store_; }

  /// Records.
  std::uint64_t size() const { return store_.size(); }
  bool empty() const { return store_.empty(); }
  bool contains(ByteView key) const { return store_.contains(key); }
  /// The record as it is now; empty if there is no such key. Costs a lookup in a Hash, and one data
  /// page.
  RecordPtr<const T> get(ByteView key) const { return RecordPtr<const T>(store_.get(key)); }
  /// What set_version() and set_flags() gave it; 0 in a new record. NotFound if there is no such
  /// key.
  std::uint16_t version(ByteView key) const { return store_.version(key); }
  std::uint64_t flags(ByteView key) const { return store_.flags(key); }

  Iterator begin() const { return Iterator(store_.begin()); }
  std::default_sentinel_t end() const noexcept { return {}; }

 protected:
  explicit RecordsView(const RecordStoreView& store) : store_(store) {}

 private:
  RecordStoreView store_;
};

struct RecordsOptions {
  /// Any word of the user's, such as a version of the type; up to 255 bytes.
  std::string tag = {};
};

/// The same with changes, of which each costs a page or two. Errors are those of Blob.
///
///     auto accounts = txn.open<quire::Records<Account>>("accounts");
///     accounts.create("ada")->balance = 100;
///     accounts.edit("ada")->balance += 5;
template <class T>
class Records : public RecordsView<T> {
 public:
  static constexpr std::string_view kKind = RecordStore::kKind;
  using Options = RecordsOptions;
  using View = RecordsView<T>;

  /// With a WriteScope that must_match(), InvalidArgument if another tag is stored.
  Records(WriteScope& scope, const RecordsOptions& options)
      : Records(RecordStore(scope, {record_layout<T>(), options.tag})) {}

  /// A new record, all zeros. KeyExists if there is one of that key.
  RecordPtr<T> create(ByteView key) { return RecordPtr<T>(store_.create(key)); }
  /// A record to be changed in place. NotFound if there is none.
  RecordPtr<T> edit(ByteView key) { return RecordPtr<T>(store_.edit(key)); }
  /// Makes or replaces a record, whose version and flags stay; true if the key is new.
  bool put(ByteView key, const T& record) {
    return store_.put(key, ByteView(reinterpret_cast<const std::byte*>(&record), sizeof(T)));
  }
  /// False if there is no such key. The room is used again from the next transaction on.
  bool erase(ByteView key) { return store_.erase(key); }
  void clear() { store_.clear(); }
  /// At most RecordStore::kMaxVersion and kMaxFlags, else InvalidArgument; NotFound if there is no
  /// such key.
  void set_version(ByteView key, std::uint16_t version) { store_.set_version(key, version); }
  void set_flags(ByteView key, std::uint64_t flags) { store_.set_flags(key, flags); }

  static void check(const RecordsView<T>& records, CheckSink& sink) {
    RecordStore::check(records.store(), sink);
  }

 private:
  explicit Records(RecordStore store) : RecordsView<T>(store), store_(std::move(store)) {}

  RecordStore store_;
};

}  // namespace quire
