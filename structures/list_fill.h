#pragma once

#include <algorithm>
#include <cstddef>

#include "structures/list.h"
#include "structures/list_format.h"
#include "structures/list_node.h"

namespace quire::structures {

/// What a node holds: `bytes` of records and offsets in leaves, 0 above; records or children.
struct ListFill {
  std::size_t bytes = 0;
  std::size_t count = 0;

  friend ListFill operator+(ListFill a, ListFill b) noexcept {
    return {a.bytes + b.bytes, a.count + b.count};
  }
};

inline ListFill fill_of(const ListLeafView& leaf) noexcept { return {leaf.used(), leaf.count()}; }
inline ListFill fill_of(const ListInnerView& node) noexcept { return {0, node.count()}; }
inline ListFill fill_of(ByteView record) noexcept { return {record.size() + sizeof(Le16), 1}; }

/// How full nodes may and should be. A node that is less than a quarter full is low: unless it lies
/// on an edge of the tree, where items are added and taken, it may not fit together with a
/// neighbour under the same parent.
class ListFillLaw {
 public:
  explicit ListFillLaw(const ListGeometry& geometry) noexcept
      : inner_entries_(geometry.inner_entries), item_weight_(kLeafUsable / geometry.leaf_items) {}

  bool fits(unsigned height, ListFill fill) const noexcept {
    return weight(height, fill) <= limit(height);
  }
  bool is_low(unsigned height, ListFill fill) const noexcept {
    return weight(height, fill) * 4 < limit(height);
  }
  /// Comparable among nodes of one height.
  std::size_t weight(unsigned height, ListFill fill) const noexcept {
    return height > 0 ? fill.count : std::max(fill.bytes, fill.count * item_weight_);
  }

 private:
  std::size_t limit(unsigned height) const noexcept {
    return height > 0 ? inner_entries_ : kLeafUsable;
  }

  std::size_t inner_entries_;
  std::size_t item_weight_;  // bytes that an item counts as at least
};

}  // namespace quire::structures
