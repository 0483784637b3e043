#include "engine/salvage_list.h"

#include <algorithm>
#include <string>

#include "structures/list_format.h"
#include "structures/list_lookup.h"
#include "structures/list_node.h"

namespace quire::engine {
namespace {

using structures::ListEntry;
using structures::ListInnerView;
using structures::ListLeafView;
using structures::ListNodeHeader;

/// One walk from left to right. No node is met twice, since each is claimed, and heights fall, so
/// that it ends.
class ListReading {
 public:
  ListReading(SalvagePages& pages, const SalvagedItemSink& sink, SalvagedCollection& account)
      : pages_(pages), sink_(sink), account_(account) {}

  /// A node whose items have the numbers [index, end), as far as its parent knows.
  void node(Pid pid, const pager::PageRef& page, unsigned height, std::uint64_t index,
            std::uint64_t end);
  std::uint64_t copied() const noexcept { return copied_; }

 private:
  void leaf(Pid pid, const pager::PageRef& page, std::uint64_t index, std::uint64_t end);
  void child(Pid parent, const ListEntry& entry, unsigned height, std::uint64_t index,
             std::uint64_t end);

  SalvagePages& pages_;
  const SalvagedItemSink& sink_;
  SalvagedCollection& account_;
  std::uint64_t copied_ = 0;
};

void ListReading::node(Pid pid, const pager::PageRef& page, unsigned height, std::uint64_t index,
                       std::uint64_t end) {
  if (height == 0) return leaf(pid, page, index, end);
  const ListInnerView view(pid, page.bytes(), height);
  for (const ListEntry& entry : view.entries()) {
    // A node that has more items than its parent knows must not reach into the numbers of the next.
    const std::uint64_t next = index + std::min<std::uint64_t>(entry.items, end - index);
    try {
      child(pid, entry, height - 1, index, next);
    } catch (const CorruptionError&) {
      account_.whole = false;
      add_lost_range(account_, index, next);
    }
    index = next;
  }
}

void ListReading::child(Pid parent, const ListEntry& entry, unsigned height, std::uint64_t index,
                        std::uint64_t end) {
  const pager::PageRef page = pages_.read(entry.pid, PageType::list_node);
  const auto& header = page.as<ListNodeHeader>();
  if (header.height != height) {
    throw CorruptionError(entry.pid, "height", std::to_string(height),
                          std::to_string(header.height));
  }
  pages_.claim(parent, entry.pid, 1);
  // An older page with another number of items has items of its own age: they are somebody's, but
  // not all of this list's.
  if (header.items != entry.items) {
    lose_unknown(account_, "a node has " + std::to_string(header.items) + " items instead of " +
                               std::to_string(entry.items));
  }
  node(entry.pid, page, height, index, end);
}

void ListReading::leaf(Pid pid, const pager::PageRef& page, std::uint64_t index,
                       std::uint64_t end) {
  const ListLeafView view(pid, page.bytes());
  for (std::size_t i = 0; i < view.count(); ++i) {
    try {
      sink_(pages_.read_part(page, pid, view.record(i).item));
      ++copied_;
    } catch (const CorruptionError&) {
      account_.whole = false;
      const std::uint64_t first = index + std::min<std::uint64_t>(i, end - index);
      add_lost_range(account_, first, first + (first < end ? 1 : 0));
    }
  }
}

}  // namespace

void read_salvaged_list(SalvagePages& pages, Pid root, const SalvagedItemSink& sink,
                        SalvagedCollection& account) {
  const pager::PageRef page = structures::read_list_root(pages, root);
  pages.claim(root, root, 1);
  ListReading reading(pages, sink, account);
  reading.node(root, page, page.as<ListNodeHeader>().height, 0, UINT64_MAX);
  account.found += reading.copied();
}

void read_loose_list_node(SalvagePages& pages, Pid node, const SalvagedItemSink& sink,
                          SalvagedCollection& account) {
  const pager::PageRef page = pages.read(node, PageType::list_node);
  const unsigned height = page.as<ListNodeHeader>().height;
  if (height > structures::kListMaxHeight) {
    throw CorruptionError(node, "height", "at most 8", std::to_string(height));
  }
  pages.claim(node, node, 1);
  SalvagedCollection without_place;  // its numbers mean nothing
  ListReading reading(pages, sink, without_place);
  reading.node(node, page, height, 0, UINT64_MAX);
  account.found += reading.copied();
  account.loose += reading.copied();
}

}  // namespace quire::engine
