#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quire/bytes.h>
#include <quire/check_report.h>
#include <quire/codec.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/hash.h>
#include <quire/value.h>

namespace quire {

/// What the values of a Partd are arrays of; see TypedPartd.
struct PartdElement {
  std::string type = {};   // up to 255 bytes, such as "f8"; empty: the values are plain bytes
  std::uint32_t size = 1;  // bytes of one element, at least 1; of plain bytes 1
  friend bool operator==(const PartdElement&, const PartdElement&) = default;
};

struct PartdOptions {
  /// How values are packed, for as long as the collection lives.
  Codec codec = Codec::none;
  /// Bytes that appends of one transaction may take in memory before they are put into the table.
  /// Not stored: each handle has its own opinion.
  std::size_t buffer_size = std::size_t{64} << 20;
  /// Is stored and must match.
  PartdElement element = {};
};

namespace detail {

/// A range of keys, where one key would be possible too.
template <class R>
concept KeyRange = std::ranges::input_range<R> && !std::convertible_to<R, ByteView> &&
                   std::convertible_to<std::ranges::range_reference_t<R>, ByteView>;

/// Copies of keys and bytes, in order: so that a call appends all of a range or nothing.
class PartdBatch {
 public:
  std::size_t size() const noexcept { return parts_.size(); }

  void add(ByteView key, ByteView bytes) {
    parts_.push_back({key.size(), bytes.size()});
    memory_ += key.text();
    memory_ += bytes.text();
  }
  /// Calls `fn(key, bytes)` for each pair.
  template <class Fn>
  void for_each(Fn&& fn) const {
    std::size_t at = 0;
    for (const Part& part : parts_) {
      const ByteView key = ByteView(memory_).sub(at, part.key_size);
      fn(key, ByteView(memory_).sub(at + part.key_size, part.size));
      at += part.key_size + part.size;
    }
  }

 private:
  struct Part {
    std::size_t key_size;
    std::size_t size;
  };
  std::string memory_;
  std::vector<Part> parts_;
};

}  // namespace detail

/// Byte strings by key that grow at their end, read-only. Keys are exact bytes of any length, the
/// empty one included, in no particular order; a value is the concatenation of what was appended to
/// its key, in the order of the appends.
///
/// A value goes out whole, so memory is its limit. CorruptionError, naming file, collection and key,
/// if stored bytes are not what an append has made of them; a damaged value takes no more memory
/// than 256 times what is stored. Other errors, threads and lifetimes are those of BlobView.
class QUIRE_API PartdView {
 public:
  /// A C++20 input iterator over keys, which live until it moves. An append, iset(), erase() or
  /// clear() within the same transaction ends it: the next step throws InvalidArgument.
  class QUIRE_API KeyIterator {
   public:
    using value_type = ByteView;
    using difference_type = std::ptrdiff_t;

    ByteView operator*() const noexcept { return (*entry_).key; }
    KeyIterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const KeyIterator& it, std::default_sentinel_t end) noexcept {
      return it.entry_ == end;
    }

   private:
    friend class PartdView;
    KeyIterator(const ReadScope& scope, const HashView& data)
        : scope_(scope), entry_(data.begin()) {}

    ReadScope scope_;
    HashView::Iterator entry_;
  };

  class Keys {
   public:
    KeyIterator begin() const {
      scope_.flush_pending();
      return KeyIterator(scope_, data_);
    }
    std::default_sentinel_t end() const noexcept { return {}; }

   private:
    friend class PartdView;
    Keys(const ReadScope& scope, const HashView& data) : scope_(scope), data_(data) {}

    ReadScope scope_;
    HashView data_;
  };

  explicit PartdView(const ReadScope& scope);

  std::string_view name() const noexcept { return scope_.name(); }
  Codec codec() const noexcept { return codec_; }
  const PartdElement& element() const noexcept { return element_; }
  /// TypeMismatch unless the values are arrays of `element`.
  void require_element(const PartdElement& element) const;

  /// Keys. Within a transaction, puts what it has gathered into the table first.
  std::uint64_t size() const;
  bool empty() const { return size() == 0; }
  bool contains(ByteView key) const;

  /// The key's value; empty if there is no such key. Costs a lookup; without a codec, no copy of a
  /// value that lies within one page.
  Value get(ByteView key) const;
  /// The values of many keys, in the order asked.
  template <detail::KeyRange R>
  std::vector<Value> get(R&& keys) const {
    std::vector<Value> values;
    for (auto&& key : keys) values.push_back(get(ByteView(key)));
    return values;
  }
  std::vector<Value> get(std::initializer_list<ByteView> keys) const {
    return get(std::span(keys.begin(), keys.size()));
  }
  /// Bytes of get(key). Unpacks nothing.
  std::uint64_t value_size(ByteView key) const;

  /// All keys. Within a transaction, each beginning puts what it has gathered into the table first.
  /// A step reads the stored value too.
  Keys keys() const { return Keys(scope_, data_); }

 private:
  friend class Partd;
  void check_values(CheckSink& sink) const;
  void check_marks(CheckSink& sink) const;

  ReadScope scope_;
  Codec codec_ = Codec::none;
  PartdElement element_;
  HashView data_;
  HashView firsts_;
};

/// The same for a transaction to change: appendable bytes by key, as a shuffle needs them.
///
/// Appends gather in memory and go into the table when PartdOptions::buffer_size is reached and
/// before the transaction commits or sets a savepoint; every handle of the transaction sees them at
/// once. So many small appends cost little more than copying them, and one change of the table for
/// each key. A commit makes all of them durable, or none; a rollback forgets them.
///
/// With a codec, what one append, or one transaction's appends to a key, have gathered is packed
/// together, in pieces of up to 1 MiB; what does not become smaller is stored as it is.
class QUIRE_API Partd : public PartdView {
 public:
  static constexpr std::string_view kKind = "partd";
  using Options = PartdOptions;
  using View = PartdView;

  Partd(WriteScope& scope, const PartdOptions& options);

  /// Adds `bytes`, none included, to the end of the key's value, or makes the key. InvalidArgument
  /// if they are no whole number of elements.
  void append(ByteView key, ByteView bytes);
  /// Does so for each pair of a range, in order, such as a map; all or, if anything throws, nothing.
  /// A key may come more than once. The pairs are copied first.
  template <std::ranges::input_range R>
  void append(R&& pairs) {
    detail::PartdBatch batch;
    for (auto&& [key, bytes] : pairs) batch.add(key, bytes);
    append_batch(batch);
  }
  void append(std::initializer_list<std::pair<ByteView, ByteView>> pairs) {
    append(std::span(pairs.begin(), pairs.size()));
  }

  /// Replaces the key's value by `bytes`, or makes the key, and marks it; true. If it is marked
  /// already, nothing happens; false. So the first committed call counts, whoever makes it, until
  /// the key is erased. Later appends extend the value. InvalidArgument as for append().
  bool iset(ByteView key, ByteView bytes);
  /// Erases the key, its value and its mark; false if there is no such key.
  bool erase(ByteView key);
  /// Erases those keys of a range that are there; how many there were. The range is not keys().
  template <detail::KeyRange R>
  std::uint64_t erase(R&& keys) {
    std::uint64_t count = 0;
    for (auto&& key : keys) count += erase(ByteView(key)) ? 1 : 0;
    return count;
  }
  std::uint64_t erase(std::initializer_list<ByteView> keys) {
    return erase(std::span(keys.begin(), keys.size()));
  }
  /// Erases everything.
  void clear();

  /// Every value unpacks (only CheckOptions::deep unpacks it), is a whole number of elements, and
  /// every mark has its key.
  static void check(const PartdView& partd, CheckSink& sink);

 private:
  void append_batch(const detail::PartdBatch& batch);
  void require_whole_elements(ByteView key, ByteView bytes) const;
  void flush_beyond_limit(std::size_t gathered);

  WriteScope scope_;
  std::size_t buffer_size_;
  Hash data_;
  Hash firsts_;
};

}  // namespace quire
