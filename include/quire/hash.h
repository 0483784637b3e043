#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <ranges>
#include <span>
#include <string_view>
#include <vector>

#include <quire/bytes.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/value.h>

namespace quire {

/// A table from byte strings to byte strings of any length, read-only, in no particular order.
///
/// A key or value goes in and comes out whole, so memory is its limit. A lookup costs one page in
/// the common case; long keys and values (above 1000 bytes) have pages of their own.
///
/// Errors, threads and lifetimes are those of BlobView.
class QUIRE_API HashView {
 public:
  /// A key and its value; both live until the iterator moves.
  struct Entry {
    ByteView key;
    ByteView value;
  };

  /// A C++20 input iterator. Changing the table within the same transaction, be it by erase(), ends
  /// it: the next step throws InvalidArgument. So collect the keys to be erased, then erase them. A
  /// step costs a lookup.
  class QUIRE_API Iterator {
   public:
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;

    Entry operator*() const noexcept { return {key_, value_}; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.at_end_;
    }

   private:
    friend class HashView;
    explicit Iterator(const ReadScope& scope);

    ReadScope scope_;
    std::uint64_t changes_;  // of the collection when the iteration began
    std::uint32_t bucket_ = 0;
    std::uint32_t overflow_ = 0;
    std::uint32_t entry_ = 0;
    bool at_end_ = false;
    Value key_;
    Value value_;
  };

  explicit HashView(const ReadScope& scope) : scope_(scope) {}

  std::string_view name() const noexcept { return scope_.name(); }
  /// Entries.
  std::uint64_t size() const;
  bool empty() const { return size() == 0; }
  /// The key's value; nothing if there is no such key.
  std::optional<Value> get(ByteView key) const;
  /// The same without reading the value.
  bool contains(ByteView key) const;

  /// The values of many keys, in the order asked; nothing for a key that is not there.
  template <std::ranges::input_range R>
  requires std::convertible_to<std::ranges::range_reference_t<R>, ByteView>
      std::vector<std::optional<Value>> get_many(R&& keys)
  const {
    std::vector<std::optional<Value>> values;
    for (auto&& key : keys) values.push_back(get(key));
    return values;
  }
  std::vector<std::optional<Value>> get_many(std::initializer_list<ByteView> keys) const {
    return get_many(std::span(keys.begin(), keys.size()));
  }

  Iterator begin() const { return Iterator(scope_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 protected:
  const ReadScope& scope() const noexcept { return scope_; }

 private:
  ReadScope scope_;
};

/// Has no options.
struct HashOptions {};

/// A table that a transaction may change. Arguments may point anywhere, also to what a read of the
/// same table returned. A change costs a lookup and one or two pages written; now and then another
/// bucket is split, or two are merged, so that a table grows and shrinks with what it holds. Errors
/// are those of Blob.
class QUIRE_API Hash : public HashView {
 public:
  static constexpr std::string_view kKind = "hash";
  using Options = HashOptions;
  using View = HashView;

  Hash(WriteScope& scope, const HashOptions&) : HashView(scope) {}

  /// Sets the key's value; true if the key is new.
  bool put(ByteView key, ByteView value);
  /// Sets the key's value if the key is new; else false, and the old value stays.
  bool insert(ByteView key, ByteView value);
  /// Puts every pair of a range, which is not an iteration of this table.
  template <std::ranges::input_range R>
  void put_many(R&& pairs) {
    for (auto&& [key, value] : pairs) put(key, value);
  }
  void put_many(std::initializer_list<std::pair<ByteView, ByteView>> pairs) {
    for (const auto& [key, value] : pairs) put(key, value);
  }
  /// Erases the key and its value; false if there is no such key.
  bool erase(ByteView key);
  /// Adds `bytes` to the end of the key's value, or makes the key. Costs the last page of a long
  /// value, not all of it.
  void append(ByteView key, ByteView bytes);
  /// Calls `change` with the value's bytes; what it writes there becomes the value, of the same
  /// length. False if there is no such key. `change` runs with no lock held and must not change
  /// this table (InvalidArgument); what it throws comes out, and the value stays.
  bool update(ByteView key, const std::function<void(std::span<std::byte>)>& change);
  /// Erases everything. Costs little, unless there are long keys or values.
  void clear();
};

}  // namespace quire
