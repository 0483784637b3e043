#pragma once

#include <cstdint>
#include <span>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/blob_format.h"

namespace quire::structures {

/// CorruptionError if the fields of root page `pid` do not fit one another, the geometry or a file
/// of `page_count` pages.
void check_blob_root(Pid pid, const BlobRootPage& root, Pid page_count);

/// The root page, checked.
pager::PageRef read_blob_root(pager::PageReader& pages, Pid root);

/// The content that lies in a root of height 0; the bytes past the size are zero.
inline ByteView inline_content(const BlobRootPage& root) noexcept {
  return std::as_bytes(std::span(root.entries));
}

/// What entry `slot` of node `parent` points at: kNoPid for a hole, else a page of the file. Any
/// other content of the entry is a CorruptionError.
Pid checked_pid(Pid parent, std::span<const BlobEntry> entries, std::size_t slot, Pid page_count);

/// The lowest node on the way to a page of a blob, and the pages [first_page, end_page) that it
/// speaks for: one entry each, or no entries if the whole stretch is a hole. Pins the node.
struct BlobLeaf {
  pager::PageRef page;
  Pid pid = kNoPid;
  std::span<const BlobEntry> entries;
  std::uint64_t first_page = 0;
  std::uint64_t end_page = 0;

  bool is_hole(std::uint64_t page_index) const noexcept {
    return entries.empty() || entries[page_index - first_page].pid == kNoPid;
  }
};

/// Descends from a checked root of height 1 or more to data page `page_index`, which lies within
/// its reach. Costs one page a level.
BlobLeaf find_blob_leaf(pager::PageReader& pages, Pid root_pid, const pager::PageRef& root,
                        std::uint64_t page_index);

/// Data page `page_index` of the leaf that speaks for it, verified; empty for a hole.
pager::PageRef read_blob_data(pager::PageReader& pages, const BlobLeaf& leaf,
                              std::uint64_t page_index);

}  // namespace quire::structures
