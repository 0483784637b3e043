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
#include <vector>

#include <quire/bytes.h>
#include <quire/collection.h>
#include <quire/export.h>
#include <quire/value.h>

namespace quire {

class BlobChunks;

/// A byte array of up to 2^63 - 1 bytes, read-only. Holes take no room and read as zeros.
///
/// All calls throw ClosedError once the snapshot, transaction or database has ended, NotFound if
/// the transaction has dropped the collection, and CorruptionError for damaged pages. A handle of a
/// snapshot may be used from any thread; one of a transaction by one thread at a time. Results are
/// copies or Values: they outlive everything.
class QUIRE_API BlobView {
 public:
  explicit BlobView(const ReadScope& scope) : scope_(scope) {}

  std::string_view name() const noexcept { return scope_.name(); }
  /// Bytes.
  std::uint64_t size() const;
  /// Copies from `offset` into `out`; returns the number of bytes copied, short only at the end of
  /// the blob.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;
  std::vector<std::byte> read_all() const;
  /// std::out_of_range at or past the end.
  std::byte at(std::uint64_t index) const;
  /// The bytes [offset, offset + count); std::out_of_range if the blob ends before. Shares the page
  /// in memory if they lie in one, else copies.
  Value view(std::uint64_t offset, std::size_t count) const;
  /// The same bytes as a range of ByteViews, page by page and without copying; each lives until the
  /// iterator moves. std::out_of_range if the blob ends before offset + count.
  BlobChunks chunks(std::uint64_t offset, std::uint64_t count) const;
  /// All of them.
  BlobChunks chunks() const;

 protected:
  const ReadScope& scope() const noexcept { return scope_; }

 private:
  friend class BlobChunks;
  Value piece(std::uint64_t offset, std::uint64_t limit) const;

  ReadScope scope_;
};

/// Has no options.
struct BlobOptions {};

/// A byte array that a transaction may change. Bytes that were cut off read as zeros after
/// regrowth.
class QUIRE_API Blob : public BlobView {
 public:
  static constexpr std::string_view kKind = "blob";
  using Options = BlobOptions;
  using View = BlobView;

  Blob(WriteScope& scope, const BlobOptions&) : BlobView(scope) {}

  /// Overwrites from `offset` on and extends; a gap before it reads as zeros. InvalidArgument
  /// beyond 2^63 - 1.
  void write(std::uint64_t offset, ByteView bytes);
  void append(ByteView bytes);
  /// Cuts, or extends with zeros that take no room.
  void resize(std::uint64_t size);
  /// std::out_of_range at or past the end.
  void set(std::uint64_t index, std::byte byte);
  /// Makes [offset, offset + count) zeros and frees the pages wholly inside; the size stays.
  void punch(std::uint64_t offset, std::uint64_t count);
};

/// The chunks of a part of a blob: a C++20 input range of ByteView.
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
    Iterator(const BlobView& blob, std::uint64_t offset, std::uint64_t end);

    BlobView blob_;
    std::uint64_t offset_;
    std::uint64_t end_;
    Value piece_;
  };

  Iterator begin() const { return Iterator(blob_, offset_, offset_ + count_); }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class BlobView;
  BlobChunks(const BlobView& blob, std::uint64_t offset, std::uint64_t count)
      : blob_(blob), offset_(offset), count_(count) {}

  BlobView blob_;
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
class QUIRE_API BlobWriter : public std::ostream {
 public:
  explicit BlobWriter(const Blob& blob, std::uint64_t offset = 0);
  ~BlobWriter() override;

 private:
  class Buffer;
  std::unique_ptr<Buffer> buffer_;
};

}  // namespace quire
