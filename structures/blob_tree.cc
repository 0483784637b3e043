#include "structures/blob_tree.h"

#include <quire/error.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "structures/blob_lookup.h"

namespace quire::structures {

using pager::MutablePageBytes;
using pager::PageRef;
using pager::PageWriter;
using pager::SumPlace;

namespace {

bool all_holes(std::span<const BlobEntry> entries) {
  return std::all_of(entries.begin(), entries.end(),
                     [](const BlobEntry& entry) { return entry.pid == kNoPid; });
}

}  // namespace

/// Data pages for the holes that one write fills, in runs as long as the allocator takes orders
/// for, so that a long read of them is one of contiguous bytes.
class FreshPages {
 public:
  FreshPages(PageWriter& pages, std::uint64_t wanted) : pages_(&pages), wanted_(wanted) {}

  Pid take() {
    if (next_ == end_) {
      const std::uint64_t run = std::clamp<std::uint64_t>(wanted_, 1, PageWriter::kMaxRun);
      next_ = pages_->allocate(static_cast<std::uint32_t>(run), PageState::data);
      end_ = next_ + static_cast<Pid>(run);
      wanted_ -= std::min(wanted_, run);
    }
    return next_++;
  }

  /// Gives back what was ordered in vain: a damaged blob may show one table, and so its holes, in
  /// two places.
  void finish() {
    if (next_ != end_) pages_->free(next_, end_ - next_);
  }

 private:
  PageWriter* pages_;
  std::uint64_t wanted_;
  Pid next_ = kNoPid;
  Pid end_ = kNoPid;
};

SumPlace BlobTree::Node::sum_place(std::size_t slot) const noexcept {
  return {pid, static_cast<std::uint16_t>(entries_offset + slot * sizeof(BlobEntry) +
                                          offsetof(BlobEntry, sum))};
}

BlobTree::BlobTree(PageWriter& pages, Pid root)
    : pages_(&pages),
      root_pid_(root),
      root_(reinterpret_cast<BlobRootPage*>(pages.modify(root, PageType::blob_root).data())) {
  check_blob_root(root, *root_, pages.page_count());
}

std::span<std::byte> BlobTree::inline_content() noexcept {
  return std::as_writable_bytes(std::span(root_->entries));
}

BlobTree::Node BlobTree::root_node() noexcept {
  path_[height()] = root_pid_;
  return {root_pid_, height(), root_->entries, offsetof(BlobRootPage, entries)};
}

BlobTree::Node BlobTree::own_table(Pid pid, unsigned level) {
  path_[level] = pid;
  auto& table = *reinterpret_cast<BlobTablePage*>(pages_->modify(pid, PageType::blob_table).data());
  return {pid, level, table.entries, offsetof(BlobTablePage, entries)};
}

BlobTree::Node BlobTree::make_table(unsigned level) {
  const Pid pid = pages_->allocate(1, PageState::structure);
  pages_->renew(pid, PageType::blob_table);
  add_owned(1);
  return own_table(pid, level);
}

/// Makes the nodes on the way to a page the transaction's own, and those that are missing.
BlobTree::Slot BlobTree::own_slot(std::uint64_t page_index) {
  Node node = root_node();
  while (node.level > 1) {
    const std::uint64_t stride = blob_pages_per_entry(node.level);
    const std::size_t slot = page_index / stride;
    const Pid pid = followed(node.pid, node.entries, node.level, slot);
    const Node child = pid == kNoPid ? make_table(node.level - 1) : own_table(pid, node.level - 1);
    node.entries[slot].pid = child.pid;
    page_index %= stride;
    node = child;
  }
  return {node, page_index};
}

void BlobTree::free_owned(Pid first, std::uint32_t count) {
  if (root_->pages_owned < count) {
    throw CorruptionError(root_pid_, "pages_owned", "at least " + std::to_string(count),
                          std::to_string(root_->pages_owned));
  }
  root_->pages_owned = root_->pages_owned - count;
  pages_->free(first, count);
}

/// checked_pid() of an entry that is about to be written through or freed.
Pid BlobTree::followed(Pid parent, std::span<const BlobEntry> entries, unsigned level,
                       std::size_t slot) const {
  const Pid pid = checked_pid(parent, entries, slot, pages_->page_count());
  for (unsigned above = level; pid != kNoPid && above <= height(); ++above) {
    if (path_[above] == pid) {
      throw CorruptionError(parent, "pid of entry " + std::to_string(slot), "a page below it",
                            std::to_string(pid) + ", which leads to it");
    }
  }
  return pid;
}

void BlobTree::grow(std::uint64_t size) {
  const unsigned height_wanted = blob_height(size);
  while (height() < height_wanted) raise();
  root_->size = size;
}

/// One level more: the root's entries move into a table, which the root's first entry points at.
void BlobTree::raise() {
  if (height() == 0) return leave_root();
  if (!all_holes(root_->entries)) {
    const Node table = make_table(height());
    move_entries(root_node(), table);
    root_->entries = {};
    root_->entries[0].pid = table.pid;
  }
  ++root_->height;
}

/// Inline content moves into data page 0. The root is renewed: what edit() has handed out of it goes
/// on pointing into its former frame, not at entries.
void BlobTree::leave_root() {
  const BlobRootPage before = *root_;
  root_ = reinterpret_cast<BlobRootPage*>(pages_->renew(root_pid_, PageType::blob_root).data());
  root_->size = before.size;
  root_->height = 1;
  if (before.size == 0) return;
  const Pid pid = pages_->allocate(1, PageState::data);
  const MutablePageBytes page = pages_->renew_data(pid, root_node().sum_place(0));
  std::ranges::copy(structures::inline_content(before).sub(0, before.size), page.begin());
  root_->entries[0].pid = pid;
  add_owned(1);
}

void BlobTree::shrink(std::uint64_t size) {
  if (height() == 0) {
    std::ranges::fill(inline_content().subspan(size), std::byte{0});
  } else if (size <= kBlobInlineBytes) {
    return_to_root(size);
  } else {
    const std::uint64_t pages_kept = blob_page_count(size);
    free_pages(root_node(), pages_kept, blob_reach(height()));
    // Growing again writes nothing, so what is cut off must become zeros now.
    if (size % kPageSize != 0) zero_part(pages_kept - 1, size % kPageSize, kPageSize);
    while (height() > blob_height(size)) lower();
  }
  root_->size = size;
}

void BlobTree::cut_pages(std::uint64_t pages) {
  std::uint64_t wanted = std::max<std::uint64_t>(pages, 1);
  const std::uint64_t page_index =
      height() == 0 ? 0 : tail_begin(root_pid_, root_node().entries, height(), 0, wanted);
  shrink(std::min(size(), page_index * kPageSize));
}

/// The data page from which on `wanted` pages lie below a node that begins at `first_page`, tables
/// that would be empty included; its first if there are not so many. Takes those there are off
/// `wanted`, which bounds what is read.
std::uint64_t BlobTree::tail_begin(Pid parent, std::span<const BlobEntry> entries, unsigned level,
                                   std::uint64_t first_page, std::uint64_t& wanted) {
  for (std::size_t slot = entries.size(); slot-- > 0;) {
    const Pid pid = followed(parent, entries, level, slot);
    if (pid == kNoPid) continue;
    const std::uint64_t here = first_page + slot * blob_pages_per_entry(level);
    if (level > 1) {
      path_[level - 1] = pid;
      const PageRef table = pages_->read(pid, PageType::blob_table);
      const std::uint64_t begin =
          tail_begin(pid, table.as<BlobTablePage>().entries, level - 1, here, wanted);
      if (wanted == 0) return begin;
    }
    if (--wanted == 0) return here;
  }
  return first_page;
}

/// One level less, once no page is left behind the reach of the lower root: so all of the table's
/// entries that do not fit into the root are holes.
void BlobTree::lower() {
  const Node root = root_node();
  const Pid pid = followed(root_pid_, root.entries, root.level, 0);
  root_->entries[0] = {};
  --root_->height;
  if (pid == kNoPid) return;
  move_entries(own_table(pid, root.level - 1), root_node());
  free_owned(pid, 1);
}

/// Data page 0 moves into the root, up to `size`, and everything else goes.
void BlobTree::return_to_root(std::uint64_t size) {
  std::array<std::byte, kBlobInlineBytes> content{};
  if (size > 0) {
    const PageRef root = pages_->read(root_pid_, PageType::blob_root);
    const BlobLeaf leaf = find_blob_leaf(*pages_, root_pid_, root, 0);
    if (const PageRef page = read_blob_data(*pages_, leaf, 0)) {
      std::copy_n(page.bytes().begin(), size, content.begin());
    }
  }
  free_all();
  if (root_->pages_owned != 0) {
    throw CorruptionError(root_pid_, "pages_owned", "0 once all are free",
                          std::to_string(root_->pages_owned));
  }
  std::ranges::copy(content, inline_content().begin());
  root_->height = 0;
}

/// `to` is all holes; `from` is left as it is. Sums still to come follow their entries.
void BlobTree::move_entries(const Node& from, const Node& to) {
  const std::size_t count = std::min(from.entries.size(), to.entries.size());
  for (std::size_t slot = 0; slot < count; ++slot) {
    const BlobEntry entry = from.entries[slot];
    to.entries[slot] = entry;
    if (to.level == 1 && entry.pid != kNoPid) pages_->move_sum(entry.pid, to.sum_place(slot));
  }
}

void BlobTree::write(std::uint64_t offset, ByteView bytes, std::uint64_t live_end) {
  if (height() == 0) {
    std::copy(bytes.begin(), bytes.end(), inline_content().begin() + offset);
    return;
  }
  FreshPages fresh(*pages_,
                   count_holes(offset / kPageSize, blob_page_count(offset + bytes.size())));
  while (!bytes.empty()) {
    Slot slot = own_slot(offset / kPageSize);
    for (; slot.index < slot.node.entries.size() && !bytes.empty(); ++slot.index) {
      const std::size_t begin = offset % kPageSize;
      const ByteView part = bytes.sub(0, kPageSize - begin);
      const bool nothing_stays =
          begin == 0 && (part.size() == kPageSize || offset + part.size() >= live_end);
      const MutablePageBytes page = own_data(slot, nothing_stays, fresh);
      std::copy(part.begin(), part.end(), page.begin() + begin);
      offset += part.size();
      bytes = bytes.sub(part.size());
    }
  }
  fresh.finish();
}

/// At least 1 for a range of one page, which is not worth a look: nothing is ordered before it is
/// needed.
std::uint64_t BlobTree::count_holes(std::uint64_t first_page, std::uint64_t end_page) const {
  if (end_page - first_page == 1) return 1;
  const PageRef root = pages_->read(root_pid_, PageType::blob_root);
  std::uint64_t holes = 0;
  for (std::uint64_t page = first_page; page < end_page;) {
    const BlobLeaf leaf = find_blob_leaf(*pages_, root_pid_, root, page);
    for (const std::uint64_t end = std::min(leaf.end_page, end_page); page < end; ++page) {
      holes += leaf.is_hole(page);
    }
  }
  return holes;
}

MutablePageBytes BlobTree::own_data(const Slot& slot, bool overwritten, FreshPages& fresh) {
  BlobEntry& entry = slot.node.entries[slot.index];
  const SumPlace place = slot.node.sum_place(slot.index);
  if (followed(slot.node.pid, slot.node.entries, 1, slot.index) == kNoPid) {
    entry.pid = fresh.take();
    add_owned(1);
    return pages_->renew_data(entry.pid, place);
  }
  return overwritten ? pages_->renew_data(entry.pid, place)
                     : pages_->modify_data(entry.pid, entry.sum, place);
}

BlobEdit BlobTree::edit(std::uint64_t offset, std::size_t count) {
  if (height() == 0) {
    const std::span<std::byte> content = inline_content();
    return {pages_->pin(root_pid_), content.subspan(offset, count)};
  }
  const Slot slot = own_slot(offset / kPageSize);
  FreshPages fresh(*pages_, 1);
  const MutablePageBytes page = own_data(slot, false, fresh);
  return {pages_->pin(slot.node.entries[slot.index].pid), page.subspan(offset % kPageSize, count)};
}

void BlobTree::zero_part(std::uint64_t page_index, std::size_t begin, std::size_t end) {
  const PageRef root = pages_->read(root_pid_, PageType::blob_root);
  if (find_blob_leaf(*pages_, root_pid_, root, page_index).is_hole(page_index)) return;
  const Slot slot = own_slot(page_index);
  const Pid pid = followed(slot.node.pid, slot.node.entries, 1, slot.index);
  const MutablePageBytes page =
      pages_->modify_data(pid, slot.node.entries[slot.index].sum, slot.node.sum_place(slot.index));
  std::ranges::fill(page.subspan(begin, end - begin), std::byte{0});
}

void BlobTree::punch(std::uint64_t offset, std::uint64_t end) {
  if (height() == 0) {
    std::ranges::fill(inline_content().subspan(offset, end - offset), std::byte{0});
    return;
  }
  // Behind the size there are only zeros: a last page that is cleared up to there goes too.
  if (end == size()) end = blob_page_count(end) * kPageSize;
  const std::uint64_t first_whole = blob_page_count(offset);
  const std::uint64_t end_whole = end / kPageSize;
  if (first_whole > end_whole) {
    return zero_part(end_whole, offset % kPageSize, end % kPageSize);
  }
  if (offset % kPageSize != 0) zero_part(first_whole - 1, offset % kPageSize, kPageSize);
  free_pages(root_node(), first_whole, end_whole);
  if (end % kPageSize != 0) zero_part(end_whole, 0, end % kPageSize);
}

void BlobTree::free_all() {
  if (height() > 0) free_pages(root_node(), 0, blob_reach(height()));
}

/// Makes holes of the pages [first, end) below `node`, counted from its first.
void BlobTree::free_pages(const Node& node, std::uint64_t first, std::uint64_t end) {
  const std::uint64_t stride = blob_pages_per_entry(node.level);
  const std::size_t first_whole = (first + stride - 1) / stride;
  const std::size_t end_whole = end / stride;
  if (first_whole > end_whole) {
    return free_part_below(node, end_whole, first % stride, end % stride);
  }
  if (first % stride != 0) free_part_below(node, first_whole - 1, first % stride, stride);
  free_below(node.pid, node.entries, node.level, first_whole, end_whole);
  std::ranges::fill(node.entries.subspan(first_whole, end_whole - first_whole), BlobEntry{});
  if (end % stride != 0) free_part_below(node, end_whole, 0, end % stride);
}

/// The same within the table that one entry points at. The table goes if that empties it.
void BlobTree::free_part_below(const Node& node, std::size_t slot, std::uint64_t first,
                               std::uint64_t end) {
  const Pid pid = followed(node.pid, node.entries, node.level, slot);
  if (pid == kNoPid) return;
  const Node table = own_table(pid, node.level - 1);
  free_pages(table, first, end);
  if (all_holes(table.entries)) {
    free_owned(pid, 1);
    node.entries[slot] = {};
  }
}

/// Frees what entries [begin, end) point at, whole subtrees, without reading a data page.
void BlobTree::free_below(Pid parent, std::span<const BlobEntry> entries, unsigned level,
                          std::size_t begin, std::size_t end) {
  Pid run = kNoPid;
  std::uint32_t run_pages = 0;
  for (std::size_t slot = begin; slot < end; ++slot) {
    const Pid pid = followed(parent, entries, level, slot);
    if (pid == kNoPid) continue;
    if (level > 1) {
      path_[level - 1] = pid;
      const PageRef table = pages_->read(pid, PageType::blob_table);
      free_below(pid, table.as<BlobTablePage>().entries, level - 1, 0, kBlobTableEntries);
    }
    if (pid != run + run_pages) {
      if (run_pages > 0) free_owned(run, run_pages);
      run = pid;
      run_pages = 0;
    }
    ++run_pages;
  }
  if (run_pages > 0) free_owned(run, run_pages);
}

}  // namespace quire::structures
