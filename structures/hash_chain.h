#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/bucket_page.h"
#include "structures/hash_root.h"

namespace quire::structures {

/// Steps along the pages of a bucket. Throws CorruptionError where the chain comes back to a page,
/// before it has gone round three times, or is longer than all overflow pages of the table.
class ChainReader {
 public:
  /// Stands on the bucket's own page.
  ChainReader(pager::PageReader& pages, const HashRoot& root, std::uint32_t bucket);

  std::uint32_t bucket() const noexcept { return bucket_; }
  Pid pid() const noexcept { return view_.pid(); }
  PageType type() const noexcept { return type_of(steps_); }
  /// The page before this one in the chain, or kNoPid.
  Pid previous() const noexcept { return previous_; }
  PageType previous_type() const noexcept { return type_of(steps_ - 1); }
  const pager::PageRef& ref() const noexcept { return ref_; }
  const BucketView& page() const noexcept { return view_; }

  /// Steps on; false at the end of the chain.
  bool next();

 private:
  ChainReader(pager::PageReader& pages, Pid first, std::uint32_t bucket, std::uint32_t most_steps);
  static PageType type_of(std::uint32_t step) noexcept {
    return step == 0 ? PageType::hash_bucket : PageType::hash_overflow;
  }

  pager::PageReader* pages_;
  std::uint32_t bucket_;
  std::uint32_t most_steps_;
  std::uint32_t steps_ = 0;
  Pid previous_ = kNoPid;
  Pid landmark_;  // the page at the last step that was a power of two (R. Brent, 1980)
  pager::PageRef ref_;
  BucketView view_;
};

/// An entry that was found: the chain stands on its page.
struct FoundEntry {
  ChainReader chain;
  std::size_t index;
  Record record;  // views the page as `chain` holds it
};

/// Changes the chains of a table and keeps the root's counters of pages and bytes right.
class ChainWriter {
 public:
  ChainWriter(pager::PageWriter& pages, EditableHashRoot& root) noexcept
      : pages_(&pages), root_(&root) {}

  /// Adds a record to the first page of the bucket's chain that has room, or to a new page behind
  /// the last.
  void insert(std::uint64_t hash, ByteView record);
  /// Removes the entry; a page of overflow that it leaves empty is freed.
  void erase(const FoundEntry& entry);
  /// Puts `record` in the entry's place: in the same bytes, or else in the same page, or else
  /// anywhere in the chain.
  void replace(const FoundEntry& entry, std::uint64_t hash, ByteView record);
  /// Adds a bucket and moves to it the records of its parent that belong there. Costs the pages of
  /// the parent's chain; nothing that long keys and values hold is read.
  void split();
  /// The reverse: takes away the last of two or more buckets and moves its records to its parent.
  /// Costs the pages of both chains, of which it changes the parent's.
  void merge();
  /// Takes away the last of two or more buckets with its records, which have no pages of their own.
  void drop_last();

 private:
  class Builder;
  struct Drained;

  BucketPage modify(const ChainReader& chain);
  BucketPage add_overflow(BucketPage& tail, std::uint32_t bucket);
  void free_overflow(Pid pid);
  void free_spare();
  void place(std::uint64_t hash, ByteView record);
  void unlink(const ChainReader& chain, Pid next);
  Drained drain(std::uint32_t bucket);

  pager::PageWriter* pages_;
  EditableHashRoot* root_;
  std::vector<Pid> spare_;  // overflow pages of a chain that is being taken apart
};

}  // namespace quire::structures
