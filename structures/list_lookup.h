#pragma once

#include <cstdint>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/list_node.h"

namespace quire::structures {

/// The root page: its height, and its numbers against the size of the file. Bounds every walk over
/// the items.
pager::PageRef read_list_root(pager::PageReader& pages, Pid root);

/// CorruptionError unless the node has as many items as the entry that points at it says.
void expect_list_items(const ListNodeView& node, std::uint64_t items);

/// An item where it lies; `record` views `page`.
struct FoundItem {
  pager::PageRef page;
  Pid pid = kNoPid;
  std::size_t index = 0;  // in the leaf
  ListRecord record;

  ListLeafView leaf() const { return ListLeafView(pid, page.bytes()); }
};

/// Descends to item `index`; std::out_of_range if the list has none. Costs one page a level.
FoundItem find_list_item(pager::PageReader& pages, Pid root, std::uint64_t index);

/// std::out_of_range unless a list of `size` items has items [index, index + count).
void require_list_items(std::uint64_t size, std::uint64_t index, std::uint64_t count);

}  // namespace quire::structures
