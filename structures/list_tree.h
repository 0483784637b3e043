#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <quire/bytes.h>

#include "base/ids.h"
#include "pager/page_access.h"
#include "structures/list_fill.h"
#include "structures/list_node.h"
#include "structures/value_runs.h"

namespace quire::structures {

/// Changes the tree of one list. Made for one change; indexes are those of items that exist, or of
/// the place behind them.
class ListTree {
 public:
  ListTree(pager::PageWriter& pages, Pid root, const ListGeometry& geometry)
      : pages_(&pages), root_(root), geometry_(geometry), law_(geometry), runs_(pages) {}

  void insert(std::uint64_t index, ByteView item) { insert_record(index, make_record(item)); }
  void set(std::uint64_t index, ByteView item);
  void erase(std::uint64_t index, std::uint64_t count);
  /// Leaves an empty root.
  void clear();
  /// Frees `pages` pages, or not many more, at the end of the list; or all but the root, and is
  /// true.
  bool free_some(std::uint64_t pages);

 private:
  /// Where in the whole list an item is added: nodes split there leave a full one behind.
  enum class Edge { none, front, back };
  /// A node that a split has made, right of the one that was split.
  using Sibling = std::optional<ListEntry>;

  // Items
  NewListRecord make_record(ByteView item);
  std::uint64_t run_pages(Pid page, const RecordPart& item) const;
  void free_run(Pid page, const RecordPart& item);

  // Nodes
  ListNodeHeader& root();
  pager::PageRef read_node(const ListEntry& node, unsigned height);
  ListLeaf modify_leaf(const ListEntry& node);
  ListInner modify_inner(const ListEntry& node, unsigned height);
  ListFill fill_of_node(const ListEntry& node, unsigned height);
  pager::MutablePageBytes new_node(Pid& pid);
  void free_node(Pid pid);
  void free_below(const ListEntry& node, unsigned height);
  void change_pages(std::uint64_t before, std::uint64_t after);

  // Growing
  void insert_record(std::uint64_t index, const NewListRecord& record);
  Sibling insert_below(const ListEntry& node, unsigned height, std::uint64_t index, ByteView record,
                       Edge edge);
  ListEntry split_leaf(ListLeaf& leaf, std::size_t index, ByteView record, Edge edge);
  ListEntry split_inner(ListInner& node, unsigned height, std::size_t slot, const ListEntry& entry,
                        Edge edge);
  std::size_t even_split(std::span<const ByteView> records) const;
  void grow_root(const ListEntry& sibling);

  // Shrinking
  void erase_below(const ListEntry& node, unsigned height, std::uint64_t index,
                   std::uint64_t count);
  void erase_records(const ListEntry& leaf, std::uint64_t index, std::uint64_t count);
  void mend(ListInner& parent, unsigned height, std::size_t slot);
  bool fit_together(const ListInner& parent, unsigned height, std::size_t left);
  void merge(ListInner& parent, unsigned height, std::size_t left);
  void share(ListInner& parent, unsigned height, std::size_t left);
  void share_leaves(ListInner& parent, std::size_t left);
  void share_inner(ListInner& parent, unsigned height, std::size_t left);
  void shrink_root();
  bool cut_last_item(std::uint64_t pages);
  std::uint64_t items_at_end(const ListEntry& node, unsigned height, std::uint64_t& wanted);

  pager::PageWriter* pages_;
  Pid root_;
  ListGeometry geometry_;
  ListFillLaw law_;
  ValueRuns runs_;
};

}  // namespace quire::structures
