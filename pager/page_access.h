#pragma once

// How structures see pages. The engine implements these two interfaces over versions, log and file;
// tests of structures implement them over a map of pages (tests/support/page_map.h).

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <quire/value.h>

#include "base/ids.h"
#include "pager/page_format.h"

namespace quire::pager {

/// Pages in memory begin at multiples of this, so what is aligned in a page is so in memory.
inline constexpr std::size_t kFrameAlignment = 16;

using PageBytes = std::span<const std::byte, kPageSize>;
using MutablePageBytes = std::span<std::byte, kPageSize>;

/// A page in memory, verified. It is not evicted while a PageRef to it lives.
///
/// A page of the transaction's own (is_private()) changes when the same transaction modifies it,
/// and so does what this shows; any other page never changes. Copying costs a reference count.
class PageRef {
 public:
  PageRef() noexcept = default;
  PageRef(std::shared_ptr<const std::byte> frame, bool is_private) noexcept
      : frame_(std::move(frame)), is_private_(is_private) {}

  explicit operator bool() const noexcept { return frame_ != nullptr; }
  PageBytes bytes() const noexcept { return PageBytes(frame_.get(), kPageSize); }
  bool is_private() const noexcept { return is_private_; }

  /// The page as one of the structs of a *_format.h.
  template <class Format>
  const Format& as() const noexcept {
    static_assert(sizeof(Format) <= kPageSize && alignof(Format) == 1);
    return *reinterpret_cast<const Format*>(frame_.get());
  }

  /// A part of the page as a Value: shared with the frame where that is safe and the part is long,
  /// else copied. [offset, offset + size) lies within the page: the caller has checked it.
  Value value(std::size_t offset, std::size_t size) const {
    const ByteView part(frame_.get() + offset, size);
    if (is_private_ || size <= kAlwaysCopied) return Value::copy(part);
    return Value::shared(frame_, part);
  }

  /// What begins at `offset` in the page, which lives at least as long as this does.
  std::shared_ptr<const std::byte> share(std::size_t offset) const noexcept {
    return {frame_, frame_.get() + offset};
  }

  static constexpr std::size_t kAlwaysCopied = 256;

 private:
  std::shared_ptr<const std::byte> frame_;
  bool is_private_ = false;
};

/// Reads the pages of one collection as of one moment. Pids come from disk and are not trusted: a
/// pid outside the file, a checksum, type, owner or pid that does not fit is a CorruptionError that
/// names page and field.
class PageReader {
 public:
  virtual ~PageReader() = default;

  /// A structure page of the given type.
  virtual PageRef read(Pid pid, PageType type) = 0;
  /// A data page whose content has the sum that its page-table entry says.
  virtual PageRef read_data(Pid pid, Sum32 sum) = 0;
  /// Pages of the file as this reader sees it; every valid pid is smaller. Bounds walks over
  /// untrusted pointers.
  virtual Pid page_count() const = 0;
};

/// Where the sum of a data page is kept: the 4 bytes at `offset` of structure page `parent`.
struct SumPlace {
  Pid parent = kNoPid;
  std::uint16_t offset = 0;
};

/// Changes the pages of one collection within one transaction. Nothing leaves the transaction
/// before it commits. What a mutable span points at is the page until that is renewed or freed, or
/// the work of the structure ends; of a data page, until the next call that changes a data page. It
/// stays memory that may be touched until the work ends or rolls back to a savepoint (of a data
/// page: until then), or for as long as what pin() has returned lives.
class PageWriter : public PageReader {
 public:
  /// The transaction's own copy of a structure page, made at the first call. Bytes 0..31 (the
  /// header) are the pager's; do not write them.
  virtual MutablePageBytes modify(Pid pid, PageType type) = 0;
  /// The same for a data page. Its new sum is stored at `place` when the transaction commits; the
  /// caller has made the parent page its own with modify() or renew() and keeps it so.
  virtual MutablePageBytes modify_data(Pid pid, Sum32 sum, SumPlace place) = 0;
  /// Page `pid`, which one of the four calls for changing has just given, for somebody who writes to
  /// it beyond this work. It ceases to be the page, and is memory of its own, when the page is
  /// renewed or freed, when a savepoint is rolled back to, and when the transaction ends.
  virtual PageRef pin(Pid pid) = 0;

  /// `count` contiguous pages, 1 <= count <= kMaxRun, that belong to this collection from now on.
  /// Their content is undefined until renew() or renew_data(); pages of state `owned` may stay so.
  /// OutOfSpace if the file may not grow.
  virtual Pid allocate(std::uint32_t count, PageState state) = 0;
  /// Gives back pages [pid, pid + count), which this collection owns; whatever this transaction
  /// wrote to them is forgotten.
  virtual void free(Pid pid, std::uint32_t count) = 0;

  /// Makes an owned page one of zeros with a header of type `type`, without reading what it held.
  virtual MutablePageBytes renew(Pid pid, PageType type) = 0;
  /// The same for a data page: all 4096 bytes are zero.
  virtual MutablePageBytes renew_data(Pid pid, SumPlace place) = 0;
  /// The entry that points at data page `pid` has moved to `place`. No effect on a page that this
  /// transaction has not changed (its sum is known, and the entry holds it).
  virtual void move_sum(Pid pid, SumPlace place) = 0;

  /// A run cannot cross a page of the space map; hash segments are at most this long.
  static constexpr std::uint32_t kMaxRun = 1024;
};

}  // namespace quire::pager
