#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <iterator>
#include <memory>
#include <ostream>
#include <span>
#include <streambuf>
#include <string_view>
#include <utility>
#include <vector>

#include <quire/bytes.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/value.h>

namespace quire {

class BlobChunks;

/// Bytes of a blob that are changed where they lie: what Blob::edit() returns. Holds the page in
/// memory; movable, not copyable.
///
/// What is written here is at once what the blob holds, until this object is destroyed, or the
/// transaction ends, or a savepoint of it is rolled back. Other calls may change
/// the blob meanwhile; one that overwrites, cuts off or punches any of these bytes, or takes the
/// blob's size from up to 4032 bytes beyond that or back, ends it too. After its end it may still
/// be read and written: it is memory of its own then, which nobody else sees. Used by the thread
/// that uses the transaction.
class MutableBytes {
 public:
  /// No bytes.
  MutableBytes() noexcept = default;
  /// `bytes` where they lie; `owner` keeps them alive.
  MutableBytes(std::shared_ptr<const void> owner, std::span<std::byte> bytes) noexcept
      : owner_(std::move(owner)), bytes_(bytes) {}
  MutableBytes(MutableBytes&& other) noexcept
      : owner_(std::move(other.owner_)), bytes_(std::exchange(other.bytes_, {})) {}
  MutableBytes& operator=(MutableBytes&& other) noexcept {
    owner_ = std::move(other.owner_);
    bytes_ = std::exchange(other.bytes_, {});
    return *this;
  }

  std::byte* data() const noexcept { return bytes_.data(); }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }
  std::byte* begin() const noexcept { return data(); }
  std::byte* end() const noexcept { return data() + size(); }
  /// `index` < size().
  std::byte& operator[](std::size_t index) const noexcept { return bytes_[index]; }
  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::shared_ptr<const void> owner_;
  std::span<std::byte> bytes_;
};

/// A byte array of up to 246 TiB, read-only. Holes take no room and read as zeros.
///
/// All calls throw ClosedError once the snapshot, transaction or database has ended, NotFound if
/// the transaction has dropped the collection, CorruptionError for damaged pages, and IoError where
/// the system cannot read. An index out of range is std::out_of_range, which is a std::exception
/// but no quire::Error. A handle of a snapshot may be used from several threads at once; one of a
/// transaction, and any iterator, by one thread at a time. Results are copies or Values: they
/// outlive everything. Handles are cheap to make and to copy, and keep no pages; those of a
/// snapshot keep it open.
///
/// Reading costs the pages that it touches, and one page more for each 2 MB, hot or cold.
class QUIRE_API BlobView {
 public:
  /// Bytes in a page lie at an address that equals their offset in the blob modulo this.
  static constexpr std::size_t kAlignment = 16;

  explicit BlobView(const ReadScope& scope) : scope_(scope) {}

  std::string_view name() const noexcept { return scope_.name(); }
  /// Bytes.
  std::uint64_t size() const;
  /// Copies from `offset` into `out`; returns the number of bytes copied, short only at the end of
  /// the blob.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;
  /// All of it. Takes as much memory as size() says, holes included; InvalidArgument if so much is
  /// not to be had (or above 1 TiB): read in parts then, with read() or chunks().
  std::vector<std::byte> read_all() const;
  /// std::out_of_range at or past the end.
  std::byte at(std::uint64_t index) const;
  /// The bytes [offset, offset + count); std::out_of_range if the blob ends before. Shares the page
  /// in memory if they lie in one, else copies; InvalidArgument if there is no memory for that.
  Value view(std::uint64_t offset, std::size_t count) const;
  /// The same bytes at an address that is a multiple of `alignment`, and stays the same for as long
  /// as this pointer, or a copy of it, lives; nobody changes them. Shares the page in memory, be
  /// they ever so few, if they lie in one that this transaction has not changed and its address
  /// allows it (kAlignment); else copies them. InvalidArgument unless `alignment` is a power of two
  /// up to 4096; else as view().
  std::shared_ptr<const std::byte> pin(std::uint64_t offset, std::size_t count,
                                       std::size_t alignment = 1) const;
  /// The same bytes as a range of ByteViews, page by page and without copying (but for pages that
  /// this transaction has changed); each lives until the iterator moves. std::out_of_range if the
  /// blob ends before offset + count.
  BlobChunks chunks(std::uint64_t offset, std::uint64_t count) const;
  /// All of them.
  BlobChunks chunks() const;

 protected:
  const ReadScope& scope() const noexcept { return scope_; }

 private:
  friend class BlobChunks;

  ReadScope scope_;
};

/// Has no options.
struct BlobOptions {};

/// A byte array that a transaction may change. Bytes that were cut off read as zeros after
/// regrowth. Arguments may point anywhere, also to what a read or edit() of the same blob returned.
/// A change for which there is no room in memory (Options::cache_size) is OutOfSpace; Transaction
/// says what an error half-way means.
class QUIRE_API Blob : public BlobView {
 public:
  static constexpr std::string_view kKind = "blob";
  using Options = BlobOptions;
  using View = BlobView;

  Blob(WriteScope& scope, const BlobOptions&) : BlobView(scope) {}

  /// Overwrites from `offset` on and extends; a gap before it reads as zeros. Pages overwritten
  /// whole are not read. OutOfSpace beyond 246 TiB, InvalidArgument beyond 2^63 - 1.
  void write(std::uint64_t offset, ByteView bytes);
  void append(ByteView bytes);
  /// Cuts, or extends with zeros that take no room.
  void resize(std::uint64_t size);
  /// std::out_of_range at or past the end.
  void set(std::uint64_t index, std::byte byte);
  /// The bytes [offset, offset + count), to be changed in place; MutableBytes says for how long.
  /// Costs what writing one byte costs, and nothing for each byte. InvalidArgument if they lie in
  /// more than one page of 4096 bytes, std::out_of_range if the blob ends before.
  MutableBytes edit(std::uint64_t offset, std::size_t count);
  /// Makes [offset, offset + count) zeros and frees the pages wholly inside; the size stays.
  void punch(std::uint64_t offset, std::uint64_t count);
};

/// The chunks of a part of a blob: a C++20 input range of ByteView. Changing the blob within the
/// same transaction ends it: the next step, or begin(), throws InvalidArgument.
class QUIRE_API BlobChunks {
 public:
  class QUIRE_API Iterator {
   public:
    using value_type = ByteView;
    using difference_type = std::ptrdiff_t;

    ByteView operator*() const noexcept { return piece_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) noexcept {
      return it.piece_.empty();
    }

   private:
    friend class BlobChunks;
    Iterator(const BlobChunks& chunks, std::uint64_t end);
    void read();

    BlobView blob_;
    std::uint64_t changes_;  // of the blob when the range was made
    std::uint64_t offset_;
    std::uint64_t end_;
    Value piece_;
  };

  Iterator begin() const { return Iterator(*this, offset_ + count_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class BlobView;
  BlobChunks(const BlobView& blob, std::uint64_t changes, std::uint64_t offset, std::uint64_t count)
      : blob_(blob), changes_(changes), offset_(offset), count_(count) {}

  BlobView blob_;
  std::uint64_t changes_;
  std::uint64_t offset_;
  std::uint64_t count_;
};

/// A std::istream over a blob, seekable. A Quire error sets badbit, or is thrown where
/// exceptions(badbit) is on.
class QUIRE_API BlobReader : public std::istream {
 public:
  explicit BlobReader(const BlobView& blob);
  ~BlobReader() override;

 private:
  class Buffer;
  std::unique_ptr<Buffer> buffer_;
};

/// A std::ostream that writes to a blob from `offset` on. What is buffered (64 KiB) is written by
/// flush() and by the destructor, which swallows errors: call flush() and look at the state before
/// you commit.
///
///     quire::BlobWriter out(txn.open<quire::Blob>("report"));
///     out << "total " << total << '\n';
///     if (!out.flush()) throw std::runtime_error("the report is not complete");
///     txn.commit();
class QUIRE_API BlobWriter : public std::ostream {
 public:
  explicit BlobWriter(const Blob& blob, std::uint64_t offset = 0);
  ~BlobWriter() override;

 private:
  class Buffer;
  std::unique_ptr<Buffer> buffer_;
};

}  // namespace quire
