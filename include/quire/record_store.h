#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include <quire/blob.h>
#include <quire/bytes.h>
#include <quire/check_report.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/hash.h>
#include <quire/record_layout.h>
#include <quire/state_ptr.h>

namespace quire {

/// What a collection of records stores of itself when it is made.
struct RecordStoreOptions {
  /// Compared whenever the collection is opened: TypeMismatch, naming what differs. `size` 0:
  /// whatever is stored.
  RecordLayout layout = {};
  /// Any word of the user's, such as a version of the type; up to 255 bytes.
  std::string tag = {};
};

/// Records of one layout by key: what Records<T> casts, and what a program opens that does not know
/// the type. Read-only; errors, threads and lifetimes are those of BlobView.
class QUIRE_API RecordStoreView {
  struct Parts;

 public:
  /// A key, which lives until the iterator moves, and its record, as get() returns it.
  struct Entry {
    ByteView key;
    std::shared_ptr<const std::byte> record;
  };

  /// A C++20 input iterator in no particular order, which holds one page of records at a time.
  /// Adding or erasing records within the same transaction ends it: the next step throws
  /// InvalidArgument.
  class QUIRE_API Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;

    Entry operator*() const { return {(*position_).key, record_}; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t end) noexcept {
      return it.position_ == end;
    }

   private:
    friend class RecordStoreView;
    explicit Iterator(const detail::StatePtr<const Parts>& parts);
    void read();

    detail::StatePtr<const Parts> parts_;
    HashView::Iterator position_;
    std::shared_ptr<const std::byte> record_;
  };

  explicit RecordStoreView(const ReadScope& scope) : RecordStoreView(scope, {}) {}
  /// TypeMismatch if the records are not of that layout; `size` 0: of any.
  RecordStoreView(const ReadScope& scope, const RecordLayout& layout);

  /// Empty if this object was moved from.
  std::string_view name() const noexcept;
  const RecordLayout& layout() const;
  const std::string& tag() const;

  /// Records.
  std::uint64_t size() const;
  bool empty() const { return size() == 0; }
  bool contains(ByteView key) const;
  /// The record, aligned; nullptr if there is no such key. Shares the page in memory, or is a copy
  /// of what the transaction has changed. Costs a lookup in a Hash, and one data page.
  std::shared_ptr<const std::byte> get(ByteView key) const;

  /// The place of a record among the slots of the collection. NotFound if there is no such key.
  std::uint64_t slot(ByteView key) const;
  /// What set_version() and set_flags() gave it; 0 in a new record. NotFound if there is no such
  /// key. One page more than get().
  std::uint16_t version(ByteView key) const;
  std::uint64_t flags(ByteView key) const;

  Iterator begin() const { return Iterator(parts_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class RecordStore;

  detail::StatePtr<const Parts> parts_;
};

/// The same with changes. A slot that becomes free is used again from the next transaction on, so
/// that what edit() and create() have returned never shows another record; erasing the last record
/// gives all pages back. Errors are those of Blob.
class QUIRE_API RecordStore : public RecordStoreView {
 public:
  static constexpr std::string_view kKind = "records";
  using Options = RecordStoreOptions;
  using View = RecordStoreView;

  static constexpr std::uint16_t kMaxVersion = (1u << 15) - 1;
  static constexpr std::uint64_t kMaxFlags = (std::uint64_t{1} << 48) - 1;

  /// A new collection needs a layout (else InvalidArgument).
  RecordStore(WriteScope& scope, const RecordStoreOptions& options);

  /// A new record of zeros, to be changed in place. KeyExists if there is one.
  MutableBytes create(ByteView key);
  /// A record to be changed in place. NotFound if there is none.
  MutableBytes edit(ByteView key);
  /// Makes or replaces a record, whose version and flags stay; true if the key is new.
  /// InvalidArgument unless `record` has layout().size bytes.
  bool put(ByteView key, ByteView record);
  /// False if there is no such key.
  bool erase(ByteView key);
  void clear();

  /// NotFound if there is no such key, InvalidArgument above kMaxVersion and kMaxFlags.
  void set_version(ByteView key, std::uint16_t version);
  void set_flags(ByteView key, std::uint64_t flags);

  /// Every slot in use has one key, every other is in the list of free ones, once.
  static void check(const RecordStoreView& store, CheckSink& sink);

 private:
  struct Changes;

  RecordStore(const WriteScope& prepared, const RecordLayout& layout);
  std::uint64_t add(ByteView key);
  std::uint64_t require_slot(ByteView key) const;

  detail::StatePtr<Changes> changes_;
};

}  // namespace quire
