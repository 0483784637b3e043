// A list: a tree that counts.
//
// Bytes (list_format.h):
//
//     root (inner) --> {items below, page} ... --> leaf --> records: an item, or the extents of
//                                                           value pages, or the blob, that hold it
//
// Invariants, all of which walk() checks:
//
//   1  All leaves lie at height 0, the root at the height it says, at most kListMaxHeight.
//   2  A node's items are its records, or the sum of its entries; an entry's items are its child's.
//   3  No node but an empty root is empty, and a root above height 0 has two children or more.
//   4  A node less than a quarter full lies on the left or right edge of the tree, or does not fit
//      together with a neighbour (list_fill.h).
//   5  Each page belongs to one entry or run; pages_owned counts all but the root.
//
// Algorithm. at: go down, at each node to the child that holds the index. insert: the same, count up
// along the way; a full leaf splits in the middle, or behind its last record if the new item is the
// list's last: a list filled from an end has full leaves. The root keeps its page: when it splits,
// its content moves down. erase: children that lose all items go as a whole, at most two in each
// level lose a part; a low one merges with a neighbour, or shares evenly with one too full for that.
// Where two inner nodes come together, so do two of their children, which are mended in turn.
//
// Reason. Access by position takes one page a level, with 252 children a node three levels for
// millions of items. Siblings are not linked: copying a page would then copy its neighbours too. A
// crash leaves nothing half done: all pages change in one commit. An error in the middle of a change
// does: the transaction must then be rolled back.

#include "structures/list.h"

#include <algorithm>

#include "structures/list_lookup.h"
#include "structures/list_tree.h"
#include "structures/value_runs.h"

namespace quire::structures {

static_assert(ListGeometry{}.inner_entries == kListInnerEntries &&
              ListGeometry{}.leaf_items == kLeafMaxItems);

std::uint64_t ListView::size() const {
  return read_list_root(*reader_, root_).as<ListNodeHeader>().items;
}

std::uint64_t ListView::pages() const {
  return 1 + read_list_root(*reader_, root_).as<ListNodeHeader>().pages_owned;
}

Value ListView::at(std::uint64_t index) const {
  const FoundItem found = find_list_item(*reader_, root_, index);
  const RecordPart& item = found.record.item;
  if (item.form == PartForm::bytes) {
    const std::ptrdiff_t offset = item.stored.data() - found.page.bytes().data();
    return found.page.value(static_cast<std::size_t>(offset), item.stored.size());
  }
  const ValueRunsView runs(*reader_);
  return runs.read(runs.describe(found.pid, item));
}

Pid List::create(pager::PageWriter& pages) {
  const Pid root = pages.allocate(1, PageState::structure);
  ListLeaf::format(root, pages.renew(root, PageType::list_node));
  return root;
}

void List::insert(std::uint64_t index, ByteView item) {
  require_list_items(size(), index, 0);
  ListTree(*writer_, root_, geometry_).insert(index, item);
}

void List::set(std::uint64_t index, ByteView item) {
  require_list_items(size(), index, 1);
  ListTree(*writer_, root_, geometry_).set(index, item);
}

void List::erase(std::uint64_t index, std::uint64_t count) {
  require_list_items(size(), index, count);
  ListTree(*writer_, root_, geometry_).erase(index, count);
}

void List::clear() { ListTree(*writer_, root_, geometry_).clear(); }

bool List::destroy_some(std::uint32_t pages) {
  if (!ListTree(*writer_, root_, geometry_).free_some(std::max(pages, 1u))) return false;
  writer_->free(root_, 1);
  return true;
}

void List::destroy() {
  while (!destroy_some(UINT32_MAX)) {
  }
}

}  // namespace quire::structures
