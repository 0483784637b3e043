#include "engine/structure.h"

#include "structures/blob.h"
#include "structures/hash.h"
#include "structures/list.h"

namespace quire::engine {

Pid create_structure(CollectionKind kind, pager::PageWriter& pages, std::uint64_t seed) {
  switch (kind) {
    case CollectionKind::blob:
      return structures::Blob::create(pages);
    case CollectionKind::list:
      return structures::List::create(pages);
    case CollectionKind::hash:
      return structures::Hash::create(pages, seed);
    case CollectionKind::composite:
      break;
  }
  return kNoPid;
}

bool destroy_some(const CatalogEntry& entry, pager::PageWriter& writer, std::uint32_t pages) {
  switch (entry.kind) {
    case CollectionKind::blob:
      return structures::Blob(writer, entry.root).destroy_some(pages);
    case CollectionKind::list:
      return structures::List(writer, entry.root).destroy_some(pages);
    case CollectionKind::hash:
      return structures::Hash(writer, entry.root).destroy_some(pages);
    case CollectionKind::composite:
      break;
  }
  return true;
}

std::uint64_t pages_of_structure(const CatalogEntry& entry, pager::PageReader& pages) {
  switch (entry.kind) {
    case CollectionKind::blob:
      return structures::BlobView(pages, entry.root).pages_owned() + 1;
    case CollectionKind::list:
      return structures::ListView(pages, entry.root).pages();
    case CollectionKind::hash:
      return structures::HashView(pages, entry.root).pages();
    case CollectionKind::composite:
      break;
  }
  return 0;
}

void walk_structure(const CatalogEntry& entry, pager::PageReader& pages,
                    structures::PageVisitor& visitor) {
  switch (entry.kind) {
    case CollectionKind::blob:
      return structures::BlobView(pages, entry.root).walk(visitor);
    case CollectionKind::list:
      return structures::ListView(pages, entry.root).walk(visitor);
    case CollectionKind::hash:
      return structures::HashView(pages, entry.root).walk(visitor);
    case CollectionKind::composite:
      return;
  }
}

}  // namespace quire::engine
