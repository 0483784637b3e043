#include "engine/open_collections.h"

#include <set>
#include <utility>

namespace quire::engine {

std::shared_ptr<OpenCollection> describe(std::string_view name, CatalogEntry entry,
                                         std::shared_ptr<OpenCollection> parent) {
  auto collection = std::make_shared<OpenCollection>();
  collection->name = name;
  collection->entry = std::move(entry);
  collection->parent = std::move(parent);
  return collection;
}

std::string path_of(const OpenCollection& collection) {
  if (!collection.parent) return collection.name;
  return path_of(*collection.parent) + "/" + collection.name;
}

std::string catalog_key(const OpenCollection& collection) {
  if (!collection.parent) return collection.name;
  return child_key(collection.parent->entry.id, collection.name);
}

unsigned depth_of(const OpenCollection& collection) {
  return collection.parent ? depth_of(*collection.parent) + 1 : 0;
}

std::vector<std::shared_ptr<OpenCollection>> family(const CatalogView& catalog,
                                                    const CatalogView::Named& root) {
  if (root.entry.parent != 0) {
    entry_is_wrong(root.name, "parent", "0", std::to_string(root.entry.parent));
  }
  std::vector<std::shared_ptr<OpenCollection>> members{describe(root.name, root.entry)};
  std::set<CollectionId> ids{root.entry.id};
  for (std::size_t next = 0; next < members.size(); ++next) {
    const std::shared_ptr<OpenCollection> parent = members[next];
    const std::string prefix = path_of(*parent) + "/";
    for (const CatalogChild& child : parent->entry.children) {
      const std::string path = prefix + child.name;
      if (depth_of(*parent) == kMaxChildDepth) {
        entry_is_wrong(path, "depth", "at most " + std::to_string(kMaxChildDepth), "more");
      }
      if (!ids.insert(child.id).second) {
        entry_is_wrong(path, "id", "its own", std::to_string(child.id));
      }
      CatalogEntry entry = catalog.entry_of(path, parent->entry.id, child);
      members.push_back(describe(child.name, std::move(entry), parent));
    }
  }
  return members;
}

std::shared_ptr<OpenCollection> OpenCollections::share(Shared collection) {
  return open_.try_emplace(collection->entry.id, collection).first->second;
}

std::shared_ptr<OpenCollection> OpenCollections::share_new(Shared collection) {
  open_.insert_or_assign(collection->entry.id, collection);
  former_.keep(collection, [&] {
    CollectionState missing = *collection;
    missing.dropped = true;
    return missing;
  });
  return collection;
}

void OpenCollections::drop(CollectionId id) {
  const auto open = open_.find(id);
  if (open == open_.end()) return;
  keep(open->second);
  open->second->dropped = true;
  take_pending(*open->second);
  open_.erase(open);
}

void OpenCollections::keep(const Shared& collection) {
  former_.keep(collection, [&]() -> const CollectionState& { return *collection; });
}

void OpenCollections::note_change(const Shared& collection) {
  keep(collection);
  ++collection->changes;
}

void OpenCollections::set_pending(const Shared& collection,
                                  std::unique_ptr<PendingChanges> pending) {
  pending_.insert_or_assign(collection->entry.id, collection);
  collection->pending = std::move(pending);
}

std::unique_ptr<PendingChanges> OpenCollections::take_pending(
    const OpenCollection& collection) noexcept {
  const auto found = pending_.find(collection.entry.id);
  if (found == pending_.end()) return nullptr;
  const Shared shared = std::move(found->second);
  pending_.erase(found);
  return std::move(shared->pending);
}

std::shared_ptr<OpenCollection> OpenCollections::next_pending() const {
  return pending_.empty() ? nullptr : pending_.begin()->second;
}

void OpenCollections::drop_pending() noexcept {
  for (const auto& [id, collection] : pending_) collection->pending.reset();
  pending_.clear();
}

void OpenCollections::roll_back_to(std::size_t index) {
  drop_pending();
  former_.roll_back_to(index, [&](const Shared& collection, const CollectionState& former) {
    static_cast<CollectionState&>(*collection) = former;
    ++collection->changes;
    if (former.dropped) {
      open_.erase(former.entry.id);
    } else {
      open_.insert_or_assign(former.entry.id, collection);
    }
  });
}

void OpenCollections::clear() noexcept {
  drop_pending();
  open_.clear();
  former_.clear();
}

}  // namespace quire::engine
