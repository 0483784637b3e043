// ListView::walk(): every page of a list and every law of list.cc that does not hold.

#include <quire/error.h>

#include <optional>
#include <string>
#include <vector>

#include "structures/list.h"
#include "structures/list_fill.h"
#include "structures/list_lookup.h"
#include "structures/value_runs.h"

namespace quire::structures {

namespace {

/// One walk over one list. No page is entered twice (the visitor says so) and none deeper than
/// kListMaxHeight, whatever the entries claim.
class ListWalk {
 public:
  ListWalk(pager::PageReader& pages, const ListGeometry& geometry, PageVisitor& visitor)
      : pages_(pages), law_(geometry), runs_(pages), visitor_(visitor) {}

  void root(Pid pid);

 private:
  /// Which edges of the tree a node lies on.
  struct Edges {
    bool left = true;
    bool right = true;
  };

  /// Does one step; what it throws for a bad page is a problem, and pages are then not counted.
  template <class Step>
  void attempt(Pid page, Step step);
  ListFill node(Pid pid, const pager::PageRef& page, unsigned height, Edges edges);
  void leaf(const ListLeafView& leaf);
  void inner(const ListInnerView& node, unsigned height, Edges edges);
  std::optional<ListFill> child(const ListEntry& entry, unsigned height, Edges edges);
  bool fits_with(const std::vector<std::optional<ListFill>>& fills, std::size_t left,
                 unsigned height) const;
  void run(Pid page, const RecordPart& item);

  pager::PageReader& pages_;
  ListFillLaw law_;
  ValueRunsView runs_;
  PageVisitor& visitor_;
  bool complete_ = true;
  std::uint64_t pages_owned_ = 0;
};

template <class Step>
void ListWalk::attempt(Pid page, Step step) {
  try {
    step();
  } catch (const CorruptionError& error) {
    visitor_.problem(page, error.finding());
    complete_ = false;
  }
}

void ListWalk::root(Pid pid) {
  if (!visitor_.visit(pid, 1, PageState::structure)) return;
  attempt(pid, [&] {
    const pager::PageRef page = read_list_root(pages_, pid);
    const auto& header = page.as<ListNodeHeader>();
    const ListFill fill = node(pid, page, header.height, {});
    if (header.height > 0 && fill.count < 2) {
      visitor_.problem(pid, "a root above height 0 has one child");
    }
    if (complete_ && pages_owned_ != header.pages_owned) {
      visitor_.problem(pid, "pages_owned is " + std::to_string(header.pages_owned) + ", found " +
                                std::to_string(pages_owned_));
    }
  });
}

ListFill ListWalk::node(Pid pid, const pager::PageRef& page, unsigned height, Edges edges) {
  if (height == 0) {
    const ListLeafView view(pid, page.bytes());
    leaf(view);
    return fill_of(view);
  }
  const ListInnerView view(pid, page.bytes(), height);
  inner(view, height, edges);
  return fill_of(view);
}

void ListWalk::leaf(const ListLeafView& leaf) {
  for (const std::string& law : leaf.broken_laws()) visitor_.problem(leaf.pid(), law);
  for (std::size_t i = 0; i < leaf.count(); ++i) {
    attempt(leaf.pid(), [&] { run(leaf.pid(), leaf.record(i).item); });
  }
}

void ListWalk::inner(const ListInnerView& node, unsigned height, Edges edges) {
  for (const std::string& law : node.broken_laws()) visitor_.problem(node.pid(), law);
  std::vector<std::optional<ListFill>> fills;
  for (std::size_t slot = 0; slot < node.count(); ++slot) {
    fills.push_back(child(node.entry(slot), height - 1,
                          {edges.left && slot == 0, edges.right && slot + 1 == node.count()}));
  }
  for (std::size_t slot = 0; slot < fills.size(); ++slot) {
    const bool on_edge = (edges.left && slot == 0) || (edges.right && slot + 1 == fills.size());
    if (on_edge || !fills[slot] || !law_.is_low(height - 1, *fills[slot])) continue;
    if ((slot > 0 && fits_with(fills, slot - 1, height - 1)) ||
        (slot + 1 < fills.size() && fits_with(fills, slot, height - 1))) {
      visitor_.problem(node.entry(slot).pid, "less than a quarter full beside a node with room");
    }
  }
}

bool ListWalk::fits_with(const std::vector<std::optional<ListFill>>& fills, std::size_t left,
                         unsigned height) const {
  return fills[left] && fills[left + 1] && law_.fits(height, *fills[left] + *fills[left + 1]);
}

std::optional<ListFill> ListWalk::child(const ListEntry& entry, unsigned height, Edges edges) {
  if (!visitor_.visit(entry.pid, 1, PageState::structure)) {
    complete_ = false;
    return std::nullopt;
  }
  ++pages_owned_;
  std::optional<ListFill> fill;
  attempt(entry.pid, [&] {
    const pager::PageRef page = pages_.read(entry.pid, PageType::list_node);
    const auto& header = page.as<ListNodeHeader>();
    if (header.items != entry.items) {
      visitor_.problem(entry.pid, "has " + std::to_string(header.items) +
                                      " items, its parent says " + std::to_string(entry.items));
    }
    if (header.count == 0) visitor_.problem(entry.pid, "a node below the root is empty");
    if (header.pages_owned != 0) {
      visitor_.problem(entry.pid, "pages_owned of a node below the root is not zero");
    }
    fill = node(entry.pid, page, height, edges);
  });
  return fill;
}

void ListWalk::run(Pid page, const RecordPart& item) {
  if (item.form == PartForm::bytes) return;
  const ValueRun run = runs_.describe(page, item);
  runs_.walk(run, visitor_);
  pages_owned_ += runs_.pages(run);
}

}  // namespace

void ListView::walk(PageVisitor& visitor) const {
  ListWalk(*reader_, geometry_, visitor).root(root_);
}

}  // namespace quire::structures
