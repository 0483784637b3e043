#pragma once

#include <array>
#include <cstdint>

#include <quire/value.h>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/blob.h"
#include "structures/hash_format.h"
#include "structures/hash_record.h"
#include "structures/walk.h"

namespace quire::structures {

/// Contiguous value pages.
struct Extent {
  Pid first = kNoPid;
  std::uint8_t log2_pages = 0;
  std::uint32_t pages() const noexcept { return std::uint32_t{1} << log2_pages; }
};

/// Where a key or value lies that is too long for a bucket: in extents of value pages, filled in
/// order, or above kMaxRunBytes in a blob. The extents may have pages to spare, which hold nothing.
struct ValueRun {
  PartForm form = PartForm::extents;
  std::uint64_t length = 0;
  std::uint32_t extent_count = 0;
  std::array<Extent, kMaxExtents> extents{};
  Pid blob_root = kNoPid;
};

/// What stands in a record for a run.
class RunDescription {
 public:
  explicit RunDescription(const ValueRun& run) noexcept;
  /// Views this object. `hash` is that of a key; values have none.
  RecordPart part(std::uint64_t hash = 0) const noexcept;

 private:
  PartForm form_;
  std::uint64_t length_;
  std::array<std::byte, kMaxDescription> bytes_;
  std::size_t size_ = 0;
};

/// Reads runs. Costs one page for each 4056 bytes, or what a blob costs.
class ValueRunsView {
 public:
  explicit ValueRunsView(pager::PageReader& pages) noexcept : reader_(&pages) {}

  /// The run that a part of a record describes, `part.form` not being `bytes`. CorruptionError,
  /// naming the record's page, unless the extents lie within the file and hold the length.
  ValueRun describe(Pid page, const RecordPart& part) const;
  /// The bytes, shared with the frame if they lie in one page. Nothing is allocated before the run
  /// is known to be as long as it says.
  Value read(const ValueRun& run) const;
  /// True if the run holds exactly these bytes; stops at the first page that differs.
  bool equals(const ValueRun& run, ByteView bytes) const;
  /// Pages of the run, those to spare and the root of a blob included.
  std::uint64_t pages(const ValueRun& run) const;
  /// Reports the pages and what is wrong with them; a deep visitor has the value pages read. True
  /// if nothing was wrong and no page had been visited before: then read() takes bounded time.
  bool walk(const ValueRun& run, PageVisitor& visitor) const;

 protected:
  pager::PageRef page(const ValueRun& run, std::uint32_t index) const;
  BlobView blob(const ValueRun& run) const;

 private:
  class WatchingVisitor;
  void walk_extents(const ValueRun& run, WatchingVisitor& visitor) const;

 protected:
  pager::PageReader* reader_;
};

/// Makes and changes runs. A change shows in `run`, whose description the caller then stores.
class ValueRuns : public ValueRunsView {
 public:
  explicit ValueRuns(pager::PageWriter& pages) noexcept : ValueRunsView(pages), writer_(&pages) {}

  ValueRun create(ByteView bytes);
  /// Changes the last page and adds new ones. A run that passes kMaxRunBytes becomes a blob.
  void append(ValueRun& run, ByteView bytes);
  /// Replaces the bytes by as many; pages that hold the same already are left alone.
  void overwrite(const ValueRun& run, ByteView bytes);
  /// Cuts off the end of a blob: frees `pages` >= 1 pages, or all but the root.
  void cut_pages(ValueRun& run, std::uint64_t pages);
  /// Frees every page.
  void destroy(const ValueRun& run);

 private:
  void reserve(ValueRun& run, std::uint64_t pages);
  void append_to_extents(ValueRun& run, ByteView bytes);
  void become_blob(ValueRun& run);
  ValuePage& modify(const ValueRun& run, std::uint32_t index);

  pager::PageWriter* writer_;
};

}  // namespace quire::structures
