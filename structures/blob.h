#pragma once

#include <cstdint>
#include <span>

#include <quire/value.h>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/walk.h"

namespace quire::structures {

/// A byte array of up to kBlobMaxSize bytes (246 TiB), read-only. Short content lies in the root
/// page; longer content in data pages below a radix tree of page tables (blob_format.h). Holes read
/// as zeros and take no pages.
///
/// Holds no page between calls, so views of one blob always agree. Costs: one page per level for
/// each table, and each data page touched. A blob whose pages do not fit one another is a
/// CorruptionError.
class BlobView {
 public:
  BlobView(pager::PageReader& pages, Pid root) noexcept : reader_(&pages), root_(root) {}

  Pid root() const noexcept { return root_; }
  std::uint64_t size() const;
  /// Pages below the root: tables and data.
  std::uint64_t pages_owned() const;

  /// Copies from `offset` into `out`; returns the bytes copied, short only at the end of the blob.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;
  /// The bytes [offset, offset + size); shares the frame if they lie in one page.
  /// std::out_of_range if they do not all exist.
  Value view(std::uint64_t offset, std::size_t size) const;
  /// The same bytes at a multiple of `alignment`, a power of two up to 4096. Shares the frame, be
  /// they ever so few, if they lie in one page, at such an address, and no transaction changes it.
  std::shared_ptr<const std::byte> pin(std::uint64_t offset, std::size_t size,
                                       std::size_t alignment) const;
  /// What one page holds from `offset` on, at most `limit` bytes: never empty unless offset >=
  /// size() or limit == 0.
  Value piece(std::uint64_t offset, std::uint64_t limit) const;

  /// Reports every page to the visitor, the root included, and every law that does not hold: size
  /// against height, nothing mapped behind the end, zeros behind it (in data pages if deep()),
  /// pages_owned(). Bad pages are problems, not exceptions; what lies beside them is visited.
  void walk(PageVisitor& visitor) const;

 protected:
  pager::PageReader* reader_;
  Pid root_;
};

/// Content of a blob in a page of the transaction's own, which `page` pins.
struct BlobEdit {
  pager::PageRef page;
  std::span<std::byte> bytes;
};

/// The same with changes. An offset, or an offset plus a length, beyond 2^63 - 1 is
/// InvalidArgument, a size above kBlobMaxSize OutOfSpace; both before anything has changed. Any
/// other exception (OutOfSpace, CorruptionError, IoError) leaves the blob half changed: roll back.
class Blob : public BlobView {
 public:
  Blob(pager::PageWriter& pages, Pid root) noexcept : BlobView(pages, root), writer_(&pages) {}

  /// Makes an empty blob and returns its root, which never changes.
  static Pid create(pager::PageWriter& pages);

  /// Overwrites and extends; a gap between the old end and `offset` reads as zeros. No bytes: no
  /// effect. Pages that are overwritten whole are not read. `bytes` must
  /// not point into pages that this transaction has changed (the doors copy such arguments).
  void write(std::uint64_t offset, ByteView bytes);
  void append(ByteView bytes) { write(size(), bytes); }
  /// The bytes [offset, offset + count), to be changed in place; a hole gets a page. They are the
  /// blob's until another call overwrites, cuts off or punches one of them, or content moves into
  /// the root or out of it; then memory that nobody reads. std::out_of_range if they do not all
  /// exist, InvalidArgument if they lie in two pages; nothing has changed then.
  BlobEdit edit(std::uint64_t offset, std::size_t count);
  /// Cuts, or extends with zeros that take no room. Bytes cut off never reappear: they read as
  /// zeros after regrowth.
  void resize(std::uint64_t new_size);
  /// Makes [offset, offset + count) zeros and frees the pages wholly inside; the size stays.
  void punch(std::uint64_t offset, std::uint64_t count);
  /// Cuts off the end of the blob: as much as frees `pages` >= 1 pages, tables included, or all of
  /// it. Reads tables, no data.
  void cut_pages(std::uint64_t pages);
  /// Takes the blob apart from its end, for a drop in small transactions: frees at least one page
  /// and, but for tables that empty, at most `pages`. True when nothing is left, not even the root,
  /// and the object of no use; until then the blob is a sound, shorter one.
  bool destroy_some(std::uint32_t pages);
  /// The same at once.
  void destroy();

 private:
  pager::PageWriter* writer_;
};

}  // namespace quire::structures
