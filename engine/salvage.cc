#include "engine/salvage.h"

// From a damaged database to a sound new one, without writing to the damaged one.
//
//     source     header, or what is left of it; the log, up to the first damage; every page is
//                verified when it is read                                   salvage_header, _source
//     catalog    names, kinds, roots; what was dropped                            salvage_catalog
//     walk       each named collection from its root, entry by entry: what cannot be read is left
//                out and counted; every page is claimed once              salvage_blob, _list, _hash
//     search     only if something is missing: pages in use that nobody has claimed, by the id of
//                their owner. They complete what has lost its root or a part of its pages, and what
//                has no name any more gets one                             salvage_loose, salvage_copy
//     names      what is not whole moves below "salvaged/"                         salvage_naming
//     finish     the new database is closed and gets its name                      salvage_target
//
// 1. What has its own name in the new database is exactly what one commit left.
// 2. No page is used twice, so every walk ends, and the new database is about as large as what was
//    found.
// 3. Memory: the new database's cache, a bit for each page, 24 bytes for each loose page, the
//    catalog, the index of the log, and one key and value.

#include <quire/error.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "engine/salvage_blob.h"
#include "engine/salvage_catalog.h"
#include "engine/salvage_copy.h"
#include "engine/salvage_naming.h"
#include "engine/salvage_pages.h"
#include "engine/salvage_target.h"
#include "os/posix_file_system.h"

namespace quire::engine {
namespace {

using SessionPtr = SalvageTarget::SessionPtr;

std::vector<std::string> own_names(const SalvagedCatalog& catalog) {
  std::vector<std::string> names;
  for (const auto& [key, entry] : catalog.entries) {
    if (key.front() != '\0') names.push_back(key);
  }
  return names;
}

/// Whether `require`, which throws InvalidArgument, takes the name.
template <class Require>
bool is_valid(Require require, std::string_view name) {
  try {
    require(name);
    return true;
  } catch (const InvalidArgument&) {
    return false;
  }
}

class Salvage {
 public:
  Salvage(FileSystem& files, const std::string& broken_path, const std::string& new_path,
          const SalvageOptions& options, const ProgressFunction& progress)
      : options_(options),
        source_(files, broken_path, options, progress, report_),
        target_(files, new_path, options),
        catalog_(read_salvaged_catalog(source_)),
        names_(own_names(catalog_)) {}

  SalvageReport run();

 private:
  /// Where a collection of the new database comes to be.
  struct Place {
    std::string name;
    std::size_t parent = SalvagedCopy::kNoParent;
    CollectionPtr parent_collection;
    unsigned depth = 0;
  };

  void copy_named();
  void copy_parentless();
  void copy_family(const SessionPtr& session, const Place& place, const CatalogEntry& entry,
                   const std::string& former_name);
  void copy_children(const SessionPtr& session, std::size_t index, const CollectionPtr& collection,
                     unsigned depth);
  CatalogEntry entry_of_child(const CatalogEntry& parent, const CatalogChild& child) const;
  CollectionPtr add(const SessionPtr& session, const Place& place, const CatalogEntry& entry,
                    const std::string& former_name);

  bool is_all_found() const;
  void search();
  void complete(std::span<const LoosePage> pages);
  void copy_unknown(std::span<const LoosePage> group);
  void copy_unknown_blobs(std::span<const LoosePage> group);
  template <class Copy>
  void copy_found(CollectionId id, CollectionKind kind, const std::string& what, Copy&& copy);

  void settle();
  std::string full_name(std::size_t index) const;

  const SalvageOptions& options_;
  SalvageReport report_;
  SalvageSource source_;
  SalvageTarget target_;
  SalvagedCatalog catalog_;
  SalvageNames names_;
  std::vector<SalvagedCopy> copies_;  // children directly behind their parents
  std::set<CollectionId> seen_;       // ids of copies_
};

SalvageReport Salvage::run() {
  report_.catalog_lost = !catalog_.is_whole;
  copy_named();
  copy_parentless();
  if (!is_all_found()) search();
  settle();
  name_copies(target_, names_, options_.checks, report_.is_certain, copies_);
  target_.finish();
  for (std::size_t i = 0; i < copies_.size(); ++i) {
    copies_[i].account.name = full_name(i);
    copies_[i].account.child = copies_[i].parent != SalvagedCopy::kNoParent;
    report_.collections.push_back(copies_[i].account);
  }
  std::sort(report_.collections.begin(), report_.collections.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return std::move(report_);
}

// ---- what the catalog names

void Salvage::copy_named() {
  for (const auto& [key, entry] : catalog_.entries) {
    if (key.front() == '\0' || seen_.contains(entry.id)) continue;
    Place place;
    place.name = is_valid(require_valid_name, key)
                     ? key
                     : names_.found(std::string(kind_name(entry)), entry.id);
    target_.transact([&, &name = key, &named = entry](const SessionPtr& session) {
      copy_family(session, place, named, name);
    });
  }
}

/// Children whose parents are not in the catalog any more: those first that have no parent there,
/// since they may be parents of others.
void Salvage::copy_parentless() {
  std::set<CollectionId> known;
  for (const auto& [key, entry] : catalog_.entries) known.insert(entry.id);
  for (const bool has_parent : {false, true}) {
    for (const auto& [key, entry] : catalog_.entries) {
      if (seen_.contains(entry.id) || known.contains(entry.parent) != has_parent) continue;
      Place place;
      place.name = names_.found(std::string(kind_name(entry)), entry.id);
      const std::string former_name = key.substr(std::min(key.size(), child_key(0, {}).size()));
      target_.transact([&, &orphan = entry](const SessionPtr& session) {
        copy_family(session, place, orphan, former_name);
      });
    }
  }
}

/// A new empty collection; its account is the last of copies_.
CollectionPtr Salvage::add(const SessionPtr& session, const Place& place, const CatalogEntry& entry,
                           const std::string& former_name) {
  seen_.insert(entry.id);
  CollectionPtr made =
      create_in(session, place.parent_collection, place.name, kind_name(entry), entry.options);
  SalvagedCopy copy;
  copy.source = entry;
  copy.name = place.name;
  copy.parent = place.parent;
  const bool is_in_catalog = entry.root != kNoPid || !entry.kind_name.empty();
  if (is_in_catalog) copy.ages.add(catalog_.newer.contains(entry.id));
  copy.account.former_name = former_name;
  copy.account.kind = kind_name(entry);
  copy.account.id = entry.id;
  copies_.push_back(std::move(copy));
  return made;
}

void Salvage::copy_family(const SessionPtr& session, const Place& place, const CatalogEntry& entry,
                          const std::string& former_name) {
  const bool is_composite = entry.kind == CollectionKind::composite;
  if (is_composite && !is_valid(require_valid_kind_name, entry.kind_name)) return;
  const CollectionPtr made = add(session, place, entry, former_name);
  const std::size_t index = copies_.size() - 1;
  if (is_composite) {
    copies_[index].has_root = true;  // it has no pages
    return copy_children(session, index, made, place.depth);
  }
  WriteScope scope = make_write_scope(session, made, WriteScope::Origin::found);
  copy_from_root(source_, entry.root, scope, copies_[index]);
}

/// The entry of a child, or what its parent says of it.
CatalogEntry Salvage::entry_of_child(const CatalogEntry& parent, const CatalogChild& child) const {
  const auto found = catalog_.entries.find(child_key(parent.id, child.name));
  if (found != catalog_.entries.end() && found->second.id == child.id &&
      found->second.kind == child.kind && found->second.parent == parent.id) {
    return found->second;
  }
  CatalogEntry entry;
  entry.kind = child.kind;
  entry.id = child.id;
  entry.parent = parent.id;
  return entry;
}

void Salvage::copy_children(const SessionPtr& session, std::size_t index,
                            const CollectionPtr& collection, unsigned depth) {
  const CatalogEntry parent = copies_[index].source;
  const std::string path = copies_[index].account.former_name;
  std::set<std::string> names;
  for (const CatalogChild& child : parent.children) {
    const CatalogEntry entry = entry_of_child(parent, child);
    const bool can_be = depth < kMaxChildDepth && !seen_.contains(entry.id) &&
                        entry.id != kEngineOwner && is_valid(require_valid_name, child.name) &&
                        names.insert(child.name).second;
    const std::size_t before = copies_.size();
    if (can_be) {
      copy_family(session, {child.name, index, collection, depth + 1}, entry,
                  path + "/" + child.name);
    }
    if (copies_.size() > before) {
      ++copies_[index].account.found;
    } else {
      copies_[index].account.whole = false;
      ++*copies_[index].account.lost;
    }
  }
}

// ---- what nothing leads to

bool Salvage::is_all_found() const {
  return catalog_.is_whole &&
         std::all_of(copies_.begin(), copies_.end(),
                     [](const SalvagedCopy& copy) { return copy.account.whole; });
}

void Salvage::search() {
  std::set<CollectionId> whole;
  for (const SalvagedCopy& copy : copies_) {
    if (copy.account.whole) whole.insert(copy.source.id);
  }
  const std::vector<LoosePage> pages = find_loose_pages(source_, [&](CollectionId owner) {
    return owner != kEngineOwner && !whole.contains(owner) && !catalog_.dropped.contains(owner);
  });
  complete(pages);
  const std::set<CollectionId> known = seen_;
  for (std::size_t first = 0; first < pages.size();) {
    const auto group = loose_pages_of(pages, pages[first].owner);
    if (!known.contains(pages[first].owner)) copy_unknown(group);
    first += group.size();
  }
}

/// Known collections that lack something.
void Salvage::complete(std::span<const LoosePage> pages) {
  for (std::size_t i = 0, end = copies_.size(); i < end; ++i) {
    const CollectionId id = copies_[i].source.id;
    const auto group = loose_pages_of(pages, id);
    if (copies_[i].account.whole || group.empty()) continue;
    target_.transact([&](const SessionPtr& session) {
      WriteScope scope =
          make_write_scope(session, find_copy(session, copies_, i), WriteScope::Origin::found);
      copy_from_loose_pages(source_, group, scope, copies_[i]);
    });
    if (copies_[i].source.kind == CollectionKind::blob) copy_unknown_blobs(group);
  }
}

/// A collection that the catalog does not know: what it is, its pages tell. A hash or a list may
/// have blobs of its own, which are long keys and values.
void Salvage::copy_unknown(std::span<const LoosePage> group) {
  const auto has = [&](std::initializer_list<PageType> types) {
    return std::any_of(group.begin(), group.end(), [&](const LoosePage& page) {
      return std::find(types.begin(), types.end(), page.type) != types.end();
    });
  };
  const CollectionId id = group.front().owner;
  const auto from_group = [&](WriteScope& scope, SalvagedCopy& copy) {
    copy.account.whole = false;
    copy_from_loose_pages(source_, group, scope, copy);
  };
  if (has({PageType::hash_root, PageType::hash_bucket, PageType::hash_overflow})) {
    copy_found(id, CollectionKind::hash, "hash", from_group);
  } else if (has({PageType::list_node})) {
    copy_found(id, CollectionKind::list, "list", from_group);
  } else {
    copy_unknown_blobs(group);
  }
}

/// Each root is a blob, and so is each table that none of them has.
void Salvage::copy_unknown_blobs(std::span<const LoosePage> group) {
  for (const PageType type : {PageType::blob_root, PageType::blob_table}) {
    for (const LoosePage& page : group) {
      if (page.type != type || source_.is_claimed(page.pid)) continue;
      const bool is_root = type == PageType::blob_root;
      if (!is_root && !is_lowest_blob_table(source_, page.pid)) continue;
      const std::string what =
          std::string(is_root ? "blob" : "part of a blob") + " at page " + std::to_string(page.pid);
      copy_found(page.owner, CollectionKind::blob, what,
                 [&](WriteScope& scope, SalvagedCopy& copy) {
                   if (is_root) return copy_from_root(source_, page.pid, scope, copy);
                   copy_blob_part(source_, page.pid, scope, copy);
                 });
    }
  }
}

/// A collection without a name, filled by `copy(WriteScope&, SalvagedCopy&)`.
template <class Copy>
void Salvage::copy_found(CollectionId id, CollectionKind kind, const std::string& what,
                         Copy&& copy) {
  target_.transact([&](const SessionPtr& session) {
    CatalogEntry entry;
    entry.kind = kind;
    entry.id = id;
    Place place;
    place.name = names_.found(what, id);
    WriteScope scope =
        make_write_scope(session, add(session, place, entry, {}), WriteScope::Origin::found);
    copy(scope, copies_.back());
  });
}

// ---- the report

/// What has no root does not tell how much there was.
void Salvage::settle() {
  for (SalvagedCopy& copy : copies_) {
    if (copy.has_root) continue;
    lose_unknown(copy.account, "the root is lost, and with it how much there was");
  }
}

/// Empty for a composite that was taken apart.
std::string Salvage::full_name(std::size_t index) const {
  const SalvagedCopy& copy = copies_[index];
  if (copy.parent == SalvagedCopy::kNoParent) return copy.name;
  return full_name(copy.parent) + "/" + copy.name;
}

}  // namespace

SalvageReport salvage(const std::string& broken_path, const std::string& new_path,
                      const SalvageOptions& options, const ProgressFunction& progress) {
  FileSystem& files = options.file_system ? *options.file_system : os::posix_file_system();
  for (const std::string* path : {&broken_path, &new_path}) {
    if (path->empty())
      throw InvalidArgument("the path of a database is empty; give that of a file");
  }
  try {
    return Salvage(files, files.canonical(broken_path), new_path, options, progress).run();
  } catch (Error& error) {
    error.add_file(broken_path);
    throw;
  }
}

}  // namespace quire::engine
