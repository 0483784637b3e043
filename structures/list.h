#pragma once

#include <cstdint>

#include <quire/value.h>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/walk.h"

namespace quire::structures {

/// Sizes that tests shrink so that tall trees become common; the defaults are the file format's.
struct ListGeometry {
  std::uint32_t inner_entries = 252;  // children of a node
  std::uint32_t leaf_items = 1010;    // items of a leaf, which may have room for fewer
};

/// A sequence of byte strings of any length, read-only, as a tree that counts the items below each
/// node. Holds no page between calls, so views of one list always agree. Costs: one page per level,
/// three levels for some millions of items, and the pages of a long item. A list whose pages do not
/// fit one another is a CorruptionError.
class ListView {
 public:
  ListView(pager::PageReader& pages, Pid root, const ListGeometry& geometry = {}) noexcept
      : reader_(&pages), root_(root), geometry_(geometry) {}

  Pid root() const noexcept { return root_; }
  /// Items.
  std::uint64_t size() const;
  /// Every page of the list, the root included.
  std::uint64_t pages() const;
  /// The item stays as it is whatever happens to the list. std::out_of_range if there is none.
  Value at(std::uint64_t index) const;

  /// Reports every page to the visitor, the root included, and every law that does not hold: counts,
  /// heights, how full nodes are, pages(). A deep visitor has long items read. Bad pages are
  /// problems, not exceptions; what lies beside them is visited.
  void walk(PageVisitor& visitor) const;

 protected:
  pager::PageReader* reader_;
  Pid root_;
  ListGeometry geometry_;
};

/// The same with changes. An index out of range is std::out_of_range, before anything has changed.
/// Any other exception (OutOfSpace, CorruptionError, IoError) leaves the list half changed: roll
/// back.
///
/// A change writes one page per level, and of erased ranges the nodes at both ends; long items that
/// go are freed, for which their leaves are read. Items must not point into pages that this
/// transaction has changed (the doors copy such arguments).
class List : public ListView {
 public:
  List(pager::PageWriter& pages, Pid root, const ListGeometry& geometry = {}) noexcept
      : ListView(pages, root, geometry), writer_(&pages) {}

  /// Makes an empty list of one page, the root, which never changes its place.
  static Pid create(pager::PageWriter& pages);

  /// The item becomes number `index` <= size(). Items added at the end, or at the front, leave full
  /// leaves behind.
  void insert(std::uint64_t index, ByteView item);
  void push_back(ByteView item) { insert(size(), item); }
  void push_front(ByteView item) { insert(0, item); }
  /// Replaces an item; a long one of the same length is overwritten where it lies.
  void set(std::uint64_t index, ByteView item);
  /// Removes items [index, index + count), which all exist.
  void erase(std::uint64_t index, std::uint64_t count = 1);
  void clear();
  /// Takes the list apart from its end, for a drop in small transactions: frees at least one page
  /// and about at most `pages`. True when nothing is left, not even the root, and the object of no
  /// use; until then the list is a sound one of fewer items, the last of them perhaps a shorter one.
  bool destroy_some(std::uint32_t pages);
  /// The same at once.
  void destroy();

 private:
  pager::PageWriter* writer_;
};

}  // namespace quire::structures
