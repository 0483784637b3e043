#include "engine/salvage_copy.h"

#include <quire/blob.h>
#include <quire/error.h>
#include <quire/hash.h>
#include <quire/list.h>

#include <algorithm>
#include <vector>

#include "engine/salvage_blob.h"
#include "engine/salvage_list.h"
#include "engine/salvage_pages.h"
#include "structures/list_format.h"

namespace quire::engine {
namespace {

SalvagedHash::Sink put_into(Hash& into) {
  return [&into](ByteView key, ByteView value) { return into.insert(key, value); };
}

SalvagedItemSink append_to(List& into) {
  return [&into](ByteView item) { into.push_back(item); };
}

void read_hash_from_root(SalvagePages& pages, Pid root, WriteScope& into, SalvagedCopy& copy) {
  Hash table(into, {});
  SalvagedHash reading(pages, copy.account, put_into(table));
  reading.read_from_root(root);
  reading.finish();
  copy.hash_root = reading.root();
}

void read_from_root(SalvagePages& pages, Pid root, WriteScope& into, SalvagedCopy& copy) {
  switch (copy.source.kind) {
    case CollectionKind::blob: {
      Blob blob(into, {});
      return copy_blob(pages, root, blob, copy.account);
    }
    case CollectionKind::list: {
      List list(into, {});
      return read_salvaged_list(pages, root, append_to(list), copy.account);
    }
    case CollectionKind::hash:
      return read_hash_from_root(pages, root, into, copy);
    case CollectionKind::composite:
      return;
  }
}

/// A page that only a root can be; that of a list looks like any other node of its.
bool is_root_of(CollectionKind kind, PageType type) {
  return (kind == CollectionKind::blob && type == PageType::blob_root) ||
         (kind == CollectionKind::hash && type == PageType::hash_root);
}

void read_loose_hash(SalvagePages& pages, std::span<const LoosePage> loose, WriteScope& into,
                     SalvagedCopy& copy) {
  Hash table(into, {});
  SalvagedHash reading(pages, copy.account, put_into(table), copy.hash_root);
  for (const LoosePage& page : loose) {
    if (page.type != PageType::hash_bucket && page.type != PageType::hash_overflow) continue;
    if (pages.source().is_claimed(page.pid)) continue;
    try {
      reading.read_loose_page(page.pid, page.type);
    } catch (const CorruptionError&) {
      copy.account.whole = false;
    }
  }
  if (copy.hash_root) reading.finish();
}

/// The highest nodes first, since they have the others below them.
std::vector<Pid> list_nodes_by_height(SalvagePages& pages, std::span<const LoosePage> loose) {
  std::vector<std::pair<unsigned, Pid>> nodes;
  for (const LoosePage& page : loose) {
    if (page.type != PageType::list_node) continue;
    const pager::FramePtr frame = pages.source().recognise(page.pid);
    if (!frame) continue;
    const auto& node = *reinterpret_cast<const structures::ListNodeHeader*>(frame->bytes.data());
    nodes.emplace_back(node.height, page.pid);
  }
  std::stable_sort(nodes.begin(), nodes.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Pid> pids;
  for (const auto& [height, pid] : nodes) pids.push_back(pid);
  return pids;
}

void read_loose_list(SalvagePages& pages, std::span<const LoosePage> loose, WriteScope& into,
                     SalvagedCopy& copy) {
  List list(into, {});
  for (const Pid pid : list_nodes_by_height(pages, loose)) {
    if (pages.source().is_claimed(pid)) continue;
    try {
      read_loose_list_node(pages, pid, append_to(list), copy.account);
    } catch (const CorruptionError&) {
      // What is below it is loose itself.
    }
  }
}

}  // namespace

void copy_from_root(SalvageSource& source, Pid root, WriteScope& into, SalvagedCopy& copy) {
  SalvagePages pages(source, copy.source.id);
  try {
    copy.account.whole = true;
    read_from_root(pages, root, into, copy);
    copy.has_root = true;
    copy.ages.add(pages.ages());
  } catch (const CorruptionError&) {
    copy.account.whole = false;
  }
}

void copy_blob_part(SalvageSource& source, Pid table, WriteScope& into, SalvagedCopy& copy) {
  SalvagePages pages(source, copy.source.id);
  Blob blob(into, {});
  try {
    copy_blob_table(pages, table, blob, copy.account);
  } catch (const CorruptionError&) {
    copy.account.whole = false;
  }
}

void copy_from_loose_pages(SalvageSource& source, std::span<const LoosePage> loose,
                           WriteScope& into, SalvagedCopy& copy) {
  for (const LoosePage& page : loose) {
    if (copy.has_root) break;
    const bool may_be = is_root_of(copy.source.kind, page.type) && !source.is_claimed(page.pid);
    if (may_be) copy_from_root(source, page.pid, into, copy);
  }
  if (copy.account.whole) return;
  SalvagePages pages(source, copy.source.id);
  if (copy.source.kind == CollectionKind::hash) read_loose_hash(pages, loose, into, copy);
  if (copy.source.kind == CollectionKind::list) read_loose_list(pages, loose, into, copy);
}

}  // namespace quire::engine
