#include "structures/list_lookup.h"

#include <quire/error.h>

#include <stdexcept>
#include <string>

namespace quire::structures {

pager::PageRef read_list_root(pager::PageReader& pages, Pid root) {
  pager::PageRef page = pages.read(root, PageType::list_node);
  const auto& node = page.as<ListNodeHeader>();
  const auto corrupt = [root](const char* field, const char* expected, std::uint64_t found) {
    throw CorruptionError(root, field, expected, std::to_string(found));
  };
  if (node.height > kListMaxHeight) corrupt("height", "at most 8", node.height);
  if (node.pages_owned >= pages.page_count()) {
    corrupt("pages_owned", "less than the file", node.pages_owned);
  }
  if (node.items > (node.pages_owned + 1) * kLeafMaxItems) {
    corrupt("items", "at most 1010 a page", node.items);
  }
  return page;
}

void expect_list_items(const ListNodeView& node, std::uint64_t items) {
  if (node.items() != items) {
    throw CorruptionError(node.pid(), "items", std::to_string(items), std::to_string(node.items()));
  }
}

void require_list_items(std::uint64_t size, std::uint64_t index, std::uint64_t count) {
  if (index <= size && count <= size - index) return;
  throw std::out_of_range("list of " + std::to_string(size) + " items has no items [" +
                          std::to_string(index) + ", +" + std::to_string(count) + ")");
}

FoundItem find_list_item(pager::PageReader& pages, Pid root, std::uint64_t index) {
  FoundItem found{read_list_root(pages, root), root, 0, {}};
  std::uint64_t items = found.page.as<ListNodeHeader>().items;
  require_list_items(items, index, 1);
  for (unsigned height = found.page.as<ListNodeHeader>().height; height > 0; --height) {
    const ListInnerView node(found.pid, found.page.bytes(), height);
    expect_list_items(node, items);
    const ListEntry entry = node.entry(node.find(index));
    items = entry.items;
    found.pid = entry.pid;
    found.page = pages.read(entry.pid, PageType::list_node);
  }
  const ListLeafView leaf = found.leaf();
  expect_list_items(leaf, items);
  found.index = index;
  found.record = leaf.record(index);
  return found;
}

}  // namespace quire::structures
