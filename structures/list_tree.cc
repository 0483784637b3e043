#include "structures/list_tree.h"

#include <quire/error.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "structures/list_lookup.h"

namespace quire::structures {

namespace {

ListEntry entry_of(const ListNodeView& node) noexcept {
  return {.items = node.items(), .pid = node.pid(), .zero = {}};
}

}  // namespace

// ---- items

NewListRecord ListTree::make_record(ByteView item) {
  if (item.size() <= kMaxInlinePart) return NewListRecord(inline_part(item));
  const ValueRun run = runs_.create(item);
  change_pages(0, runs_.pages(run));
  return NewListRecord(RunDescription(run).part());
}

std::uint64_t ListTree::run_pages(Pid page, const RecordPart& item) const {
  return item.form == PartForm::bytes ? 0 : runs_.pages(runs_.describe(page, item));
}

void ListTree::free_run(Pid page, const RecordPart& item) {
  if (item.form == PartForm::bytes) return;
  const ValueRun run = runs_.describe(page, item);
  change_pages(runs_.pages(run), 0);
  runs_.destroy(run);
}

// ---- nodes

ListNodeHeader& ListTree::root() {
  return page_as<ListNodeHeader>(pages_->modify(root_, PageType::list_node));
}

ListLeaf ListTree::modify_leaf(const ListEntry& node) {
  ListLeaf leaf(node.pid, pages_->modify(node.pid, PageType::list_node));
  expect_list_items(leaf, node.items);
  return leaf;
}

ListInner ListTree::modify_inner(const ListEntry& node, unsigned height) {
  ListInner inner(node.pid, pages_->modify(node.pid, PageType::list_node), height);
  expect_list_items(inner, node.items);
  return inner;
}

pager::PageRef ListTree::read_node(const ListEntry& node, unsigned height) {
  pager::PageRef page = pages_->read(node.pid, PageType::list_node);
  if (height == 0) {
    expect_list_items(ListLeafView(node.pid, page.bytes()), node.items);
  } else {
    expect_list_items(ListInnerView(node.pid, page.bytes(), height), node.items);
  }
  return page;
}

ListFill ListTree::fill_of_node(const ListEntry& node, unsigned height) {
  const pager::PageRef page = read_node(node, height);
  return height == 0 ? fill_of(ListLeafView(node.pid, page.bytes()))
                     : fill_of(ListInnerView(node.pid, page.bytes(), height));
}

pager::MutablePageBytes ListTree::new_node(Pid& pid) {
  pid = pages_->allocate(1, PageState::structure);
  change_pages(0, 1);
  return pages_->renew(pid, PageType::list_node);
}

void ListTree::free_node(Pid pid) {
  change_pages(1, 0);
  pages_->free(pid, 1);
}

/// However the entries point at one another, it ends when no page is left that the list owns.
void ListTree::free_below(const ListEntry& node, unsigned height) {
  const pager::PageRef page = pages_->read(node.pid, PageType::list_node);
  if (height == 0) {
    const ListLeafView leaf(node.pid, page.bytes());
    for (std::size_t i = 0; i < leaf.count(); ++i) free_run(leaf.pid(), leaf.record(i).item);
  } else {
    const ListInnerView inner(node.pid, page.bytes(), height);
    for (const ListEntry& child : inner.entries()) free_below(child, height - 1);
  }
  free_node(node.pid);
}

void ListTree::change_pages(std::uint64_t before, std::uint64_t after) {
  if (before == after) return;
  ListNodeHeader& header = root();
  if (header.pages_owned < before) {
    throw CorruptionError(root_, "pages_owned", "at least " + std::to_string(before),
                          std::to_string(header.pages_owned));
  }
  header.pages_owned = header.pages_owned - before + after;
}

// ---- growing

void ListTree::insert_record(std::uint64_t index, const NewListRecord& record) {
  const pager::PageRef page = read_list_root(*pages_, root_);
  const ListEntry whole{.items = page.as<ListNodeHeader>().items, .pid = root_, .zero = {}};
  const Edge edge = index == whole.items ? Edge::back : index == 0 ? Edge::front : Edge::none;
  const Sibling sibling =
      insert_below(whole, page.as<ListNodeHeader>().height, index, record.bytes(), edge);
  if (sibling) grow_root(*sibling);
}

ListTree::Sibling ListTree::insert_below(const ListEntry& node, unsigned height,
                                         std::uint64_t index, ByteView record, Edge edge) {
  if (height == 0) {
    ListLeaf leaf = modify_leaf(node);
    if (!law_.fits(0, fill_of(leaf) + fill_of(record))) {
      return split_leaf(leaf, index, record, edge);
    }
    leaf.insert(index, record);
    return std::nullopt;
  }
  ListInner inner = modify_inner(node, height);
  const std::size_t slot = inner.find_gap(index);
  const ListEntry child = inner.entry(slot);
  const Sibling sibling = insert_below(child, height - 1, index, record, edge);
  inner.set_items(slot, child.items + 1 - (sibling ? sibling->items.get() : 0));
  if (!sibling) return std::nullopt;
  if (!law_.fits(height, fill_of(inner) + ListFill{.count = 1})) {
    return split_inner(inner, height, slot + 1, *sibling, edge);
  }
  inner.insert(slot + 1, *sibling);
  return std::nullopt;
}

/// At an edge the old records stay together, so that a list filled from one end has full leaves.
ListEntry ListTree::split_leaf(ListLeaf& leaf, std::size_t index, ByteView record, Edge edge) {
  LeafRecords kept;
  kept.add(leaf);
  std::vector<ByteView>& records = kept.records();
  records.insert(records.begin() + static_cast<std::ptrdiff_t>(index), record);
  const std::size_t split = edge == Edge::back    ? records.size() - 1
                            : edge == Edge::front ? 1
                                                  : even_split(records);
  Pid pid = kNoPid;
  const pager::MutablePageBytes bytes = new_node(pid);
  ListLeaf right = ListLeaf::format(pid, bytes);
  right.assign(std::span(records).subspan(split));
  leaf.assign(std::span(records).first(split));
  return entry_of(right);
}

ListEntry ListTree::split_inner(ListInner& node, unsigned height, std::size_t slot,
                                const ListEntry& entry, Edge edge) {
  std::vector<ListEntry> entries(node.entries().begin(), node.entries().end());
  entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(slot), entry);
  const std::size_t split = edge == Edge::back    ? entries.size() - 1
                            : edge == Edge::front ? 1
                                                  : entries.size() / 2;
  Pid pid = kNoPid;
  const pager::MutablePageBytes bytes = new_node(pid);
  const ListInner right = ListInner::format(pid, bytes, height, std::span(entries).subspan(split));
  node.assign(std::span(entries).first(split));
  return entry_of(right);
}

/// Where to cut two or more records that do not all fit one leaf: both parts then fit, and none is
/// low unless there are records of more than half a leaf, which no writer of ours makes.
std::size_t ListTree::even_split(std::span<const ByteView> records) const {
  ListFill right;
  for (const ByteView record : records) right = right + fill_of(record);
  ListFill left;
  std::size_t best = 1, best_weight = SIZE_MAX;
  for (std::size_t split = 1; split < records.size(); ++split) {
    const ListFill moved = fill_of(records[split - 1]);
    left = left + moved;
    right = {right.bytes - moved.bytes, right.count - 1};
    const std::size_t heavier = std::max(law_.weight(0, left), law_.weight(0, right));
    if (heavier < best_weight) best = split, best_weight = heavier;
  }
  return best;
}

/// The root keeps its place: what it held moves down, beside the sibling.
void ListTree::grow_root(const ListEntry& sibling) {
  ListNodeHeader& header = root();
  const unsigned height = header.height;
  if (height == kListMaxHeight) {
    throw CorruptionError(root_, "height", "less than 8 in a list that grows", "8");
  }
  ListEntry left{.items = header.items, .pid = {}, .zero = {}};
  Pid pid = kNoPid;
  const pager::MutablePageBytes bytes = new_node(pid);
  const pager::MutablePageBytes top = pages_->modify(root_, PageType::list_node);
  copy_list_node(top, bytes);
  left.pid = pid;
  ListInner::format(root_, top, height + 1, std::array{left, sibling});
}

// ---- changing

void ListTree::set(std::uint64_t index, ByteView item) {
  const FoundItem found = find_list_item(*pages_, root_, index);
  const RecordPart& old = found.record.item;
  if (old.form != PartForm::bytes && old.length == item.size()) {
    return runs_.overwrite(runs_.describe(found.pid, old), item);
  }
  const NewListRecord record = make_record(item);
  const ListLeafView leaf = found.leaf();
  const ListFill after{leaf.used() - found.record.bytes.size() + record.bytes().size(),
                       leaf.count()};
  if (law_.fits(0, after) && (found.pid == root_ || !law_.is_low(0, after))) {
    const ListEntry place = entry_of(leaf);
    free_run(found.pid, old);
    modify_leaf(place).replace(found.index, record.bytes());
  } else {
    erase(index, 1);
    insert_record(index, record);
  }
}

// ---- shrinking

void ListTree::erase(std::uint64_t index, std::uint64_t count) {
  if (count == 0) return;
  const pager::PageRef page = read_list_root(*pages_, root_);
  const ListEntry whole{.items = page.as<ListNodeHeader>().items, .pid = root_, .zero = {}};
  if (count == whole.items) return clear();
  erase_below(whole, page.as<ListNodeHeader>().height, index, count);
  shrink_root();
}

/// Some items below the node stay. Of the children at most two lose a part; those between them go
/// as a whole. What lies below is freed before the node is opened for changing: in a hostile file a
/// run may claim the node's own page.
void ListTree::erase_below(const ListEntry& node, unsigned height, std::uint64_t index,
                           std::uint64_t count) {
  if (height == 0) return erase_records(node, index, count);
  const pager::PageRef page = read_node(node, height);
  const ListInnerView before(node.pid, page.bytes(), height);
  std::size_t slot = before.find(index);
  std::vector<std::pair<std::size_t, std::uint64_t>> partial;  // slots afterwards, items that stay
  std::size_t first_whole = slot, whole = 0;
  for (; count > 0; ++slot, index = 0) {
    if (slot == before.count()) {
      throw CorruptionError(node.pid, "items", std::to_string(node.items), "entries with fewer");
    }
    const ListEntry child = before.entry(slot);
    const std::uint64_t here = std::min<std::uint64_t>(count, child.items - index);
    if (here == child.items) {
      free_below(child, height - 1);
      if (whole++ == 0) first_whole = slot;
    } else {
      erase_below(child, height - 1, index, here);
      partial.emplace_back(slot - whole, child.items - here);
    }
    count -= here;
  }
  ListInner inner = modify_inner(node, height);
  inner.erase(first_whole, whole);
  for (const auto& [at, items] : partial) inner.set_items(at, items);
  for (; !partial.empty(); partial.pop_back()) mend(inner, height - 1, partial.back().first);
}

void ListTree::erase_records(const ListEntry& node, std::uint64_t index, std::uint64_t count) {
  const pager::PageRef page = read_node(node, 0);
  const ListLeafView before(node.pid, page.bytes());
  for (std::uint64_t i = index; i < index + count; ++i) {
    free_run(node.pid, before.record(i).item);
  }
  ListLeaf leaf = modify_leaf(node);
  for (; count > 0; --count) leaf.erase(index);
}

/// Brings child `slot`, of height `height`, to a quarter of what it can hold, with the help of a
/// neighbour. A child without neighbours stays as it is, and is mended when the parent gets more
/// children; one that the mending of its neighbour has taken in is not there any more.
void ListTree::mend(ListInner& parent, unsigned height, std::size_t slot) {
  while (slot < parent.count() && parent.count() > 1 &&
         law_.is_low(height, fill_of_node(parent.entry(slot), height))) {
    if (slot > 0 && fit_together(parent, height, slot - 1)) {
      merge(parent, height, --slot);
    } else if (slot + 1 < parent.count() && fit_together(parent, height, slot)) {
      merge(parent, height, slot);
    } else {
      return share(parent, height, slot > 0 ? slot - 1 : slot);
    }
  }
}

bool ListTree::fit_together(const ListInner& parent, unsigned height, std::size_t left) {
  const ListEntry a = parent.entry(left), b = parent.entry(left + 1);
  if (a.pid == b.pid) {
    throw CorruptionError(parent.pid(), "children", "different pages", std::to_string(a.pid));
  }
  return law_.fits(height, fill_of_node(a, height) + fill_of_node(b, height));
}

void ListTree::merge(ListInner& parent, unsigned height, std::size_t left) {
  const ListEntry a = parent.entry(left), b = parent.entry(left + 1);
  if (height == 0) {
    ListLeaf leaf = modify_leaf(a);
    LeafRecords both;
    both.add(leaf);
    both.add(ListLeafView(b.pid, read_node(b, 0).bytes()));
    leaf.assign(both.records());
    free_node(b.pid);
  } else {
    ListInner inner = modify_inner(a, height);
    const std::size_t joint = inner.count();
    const pager::PageRef page = read_node(b, height);
    for (const ListEntry& child : ListInnerView(b.pid, page.bytes(), height).entries()) {
      inner.insert(inner.count(), child);
    }
    free_node(b.pid);
    mend(inner, height - 1, joint);
    mend(inner, height - 1, joint - 1);
  }
  parent.set_items(left, a.items + b.items);
  parent.erase(left + 1, 1);
}

void ListTree::share(ListInner& parent, unsigned height, std::size_t left) {
  if (height == 0) {
    share_leaves(parent, left);
  } else {
    share_inner(parent, height, left);
  }
}

void ListTree::share_leaves(ListInner& parent, std::size_t left) {
  ListLeaf a = modify_leaf(parent.entry(left)), b = modify_leaf(parent.entry(left + 1));
  LeafRecords both;
  both.add(a);
  both.add(b);
  const std::size_t split = even_split(both.records());
  a.assign(std::span(both.records()).first(split));
  b.assign(std::span(both.records()).subspan(split));
  parent.set_items(left, a.items());
  parent.set_items(left + 1, b.items());
}

void ListTree::share_inner(ListInner& parent, unsigned height, std::size_t left) {
  ListInner a = modify_inner(parent.entry(left), height);
  ListInner b = modify_inner(parent.entry(left + 1), height);
  std::vector<ListEntry> both(a.entries().begin(), a.entries().end());
  both.insert(both.end(), b.entries().begin(), b.entries().end());
  const std::size_t joint = a.count(), split = both.size() / 2;
  a.assign(std::span(both).first(split));
  b.assign(std::span(both).subspan(split));
  for (const std::size_t child : {joint, joint - 1}) {
    if (child < split) {
      mend(a, height - 1, child);
    } else {
      mend(b, height - 1, child - split);
    }
  }
  parent.set_items(left, a.items());
  parent.set_items(left + 1, b.items());
}

/// A root with one child becomes that child.
void ListTree::shrink_root() {
  const pager::MutablePageBytes top = pages_->modify(root_, PageType::list_node);
  while (const unsigned height = page_as<ListNodeHeader>(top).height) {
    const ListInner inner(root_, top, height);
    if (inner.count() > 1) return;
    const ListEntry child = inner.entry(0);
    copy_list_node(read_node(child, height - 1).bytes(), top);
    free_node(child.pid);
  }
}

// ---- taking apart

bool ListTree::free_some(std::uint64_t pages) {
  const std::uint64_t before = root().pages_owned;
  while (before < root().pages_owned + pages) {
    std::uint64_t wanted = root().pages_owned + pages - before;
    const ListEntry whole{.items = root().items, .pid = root_, .zero = {}};
    if (whole.items == 0 || root().pages_owned < wanted) {
      clear();
      return true;
    }
    if (cut_last_item(wanted)) continue;
    const std::uint64_t count = items_at_end(whole, root().height, wanted);
    erase(whole.items - count, count);
  }
  return false;
}

/// Cuts `pages` pages off the last item if it is a blob that has more.
bool ListTree::cut_last_item(std::uint64_t pages) {
  const FoundItem found = find_list_item(*pages_, root_, root().items - 1);
  if (found.record.item.form != PartForm::blob) return false;
  ValueRun run = runs_.describe(found.pid, found.record.item);
  const std::uint64_t before = runs_.pages(run);
  if (before <= pages) return false;
  runs_.cut_pages(run, pages);
  change_pages(before, runs_.pages(run));
  const NewListRecord record(RunDescription(run).part());
  modify_leaf(entry_of(found.leaf())).replace(found.index, record.bytes());
  return true;
}

/// How many items at the end of the node have `wanted` pages, that of a node they fill included;
/// fewer if the next one alone has more, but at least one of the list. Takes the pages off `wanted`,
/// which bounds what is read: 0 when there is no more to count.
std::uint64_t ListTree::items_at_end(const ListEntry& node, unsigned height,
                                     std::uint64_t& wanted) {
  if (node.items == 0) throw CorruptionError(node.pid, "items", "1 or more", "0");
  const pager::PageRef page = read_node(node, height);
  std::uint64_t items = 0;
  if (height > 0) {
    const ListInnerView inner(node.pid, page.bytes(), height);
    for (std::size_t slot = inner.count(); slot-- > 0 && wanted > 0;) {
      items += items_at_end(inner.entry(slot), height - 1, wanted);
    }
  } else {
    const ListLeafView leaf(node.pid, page.bytes());
    for (std::size_t i = leaf.count(); i-- > 0 && wanted > 0;) {
      const RecordPart item = leaf.record(i).item;
      const std::uint64_t pages = run_pages(node.pid, item);
      if (item.form == PartForm::blob && pages > wanted) {
        wanted = 0;  // it will be cut when it is the last
      } else {
        ++items;
        wanted -= std::min(wanted, pages);
      }
    }
  }
  if (items == node.items && wanted > 0) --wanted;
  return items;
}

void ListTree::clear() {
  const pager::PageRef page = read_list_root(*pages_, root_);
  const unsigned height = page.as<ListNodeHeader>().height;
  if (height == 0) {
    const ListLeafView leaf(root_, page.bytes());
    for (std::size_t i = 0; i < leaf.count(); ++i) free_run(root_, leaf.record(i).item);
  } else {
    const ListInnerView inner(root_, page.bytes(), height);
    for (const ListEntry& child : inner.entries()) free_below(child, height - 1);
  }
  ListLeaf::format(root_, pages_->modify(root_, PageType::list_node));
  root().pages_owned = 0;
}

}  // namespace quire::structures
