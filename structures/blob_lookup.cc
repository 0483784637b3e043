#include "structures/blob_lookup.h"

#include <quire/error.h>

#include <string>

namespace quire::structures {

using pager::PageReader;
using pager::PageRef;

void check_blob_root(Pid pid, const BlobRootPage& root, Pid page_count) {
  if (root.size > kBlobMaxSize) {
    throw CorruptionError(pid, "size", "at most " + std::to_string(kBlobMaxSize),
                          std::to_string(root.size));
  }
  const unsigned height = blob_height(root.size);
  if (root.height != height) {
    throw CorruptionError(pid, "height", std::to_string(height), std::to_string(root.height));
  }
  const std::uint64_t most = height == 0 ? 0 : page_count;
  if (root.pages_owned > most) {
    throw CorruptionError(pid, "pages_owned", "at most " + std::to_string(most),
                          std::to_string(root.pages_owned));
  }
}

PageRef read_blob_root(PageReader& pages, Pid root) {
  PageRef page = pages.read(root, PageType::blob_root);
  check_blob_root(root, page.as<BlobRootPage>(), pages.page_count());
  return page;
}

Pid checked_pid(Pid parent, std::span<const BlobEntry> entries, std::size_t slot, Pid page_count) {
  const BlobEntry& entry = entries[slot];
  if (entry.pid >= page_count) {
    throw CorruptionError(parent, "pid of entry " + std::to_string(slot),
                          "below " + std::to_string(page_count), std::to_string(entry.pid));
  }
  if (entry.pid == kNoPid && entry.sum != 0) {
    throw CorruptionError(parent, "sum of entry " + std::to_string(slot), "0 in a hole",
                          std::to_string(entry.sum));
  }
  return entry.pid;
}

BlobLeaf find_blob_leaf(PageReader& pages, Pid root_pid, const PageRef& root,
                        std::uint64_t page_index) {
  const auto& format = root.as<BlobRootPage>();
  BlobLeaf node{root, root_pid, format.entries, 0, blob_reach(format.height)};
  for (unsigned level = format.height; level > 1; --level) {
    const std::uint64_t stride = blob_pages_per_entry(level);
    const std::size_t slot = (page_index - node.first_page) / stride;
    const Pid pid = checked_pid(node.pid, node.entries, slot, pages.page_count());
    node.first_page += slot * stride;
    node.end_page = node.first_page + stride;
    node.pid = pid;
    node.entries = {};
    if (pid == kNoPid) break;
    node.page = pages.read(pid, PageType::blob_table);
    node.entries = node.page.as<BlobTablePage>().entries;
  }
  return node;
}

PageRef read_blob_data(PageReader& pages, const BlobLeaf& leaf, std::uint64_t page_index) {
  if (leaf.entries.empty()) return {};
  const std::size_t slot = page_index - leaf.first_page;
  const Pid pid = checked_pid(leaf.pid, leaf.entries, slot, pages.page_count());
  if (pid == kNoPid) return {};
  return pages.read_data(pid, leaf.entries[slot].sum);
}

}  // namespace quire::structures
