#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <quire/collection.h>

#include "base/former_values.h"
#include "engine/catalog.h"

namespace quire::engine {

/// Of a collection, what a savepoint restores.
struct CollectionState {
  std::string name;  // of a child: within its parent
  CatalogEntry entry;
  bool dropped = false;
};

/// A collection as handles of one session share it, so that all of them see a drop, a rename or a
/// change at once.
struct OpenCollection : CollectionState {
  std::shared_ptr<OpenCollection> parent;  // nullptr if it has a name of its own
  bool updating = false;                   // a user's function runs inside Hash::update()
  std::uint64_t changes = 0;               // ends iterators
  std::unique_ptr<PendingChanges> pending;
};

/// The object of a collection that no handle shares yet.
std::shared_ptr<OpenCollection> describe(std::string_view name, CatalogEntry entry,
                                         std::shared_ptr<OpenCollection> parent = nullptr);
/// How errors name the collection: its name behind those of its parents.
std::string path_of(const OpenCollection& collection);
/// Where the catalog keeps its entry.
std::string catalog_key(const OpenCollection& collection);
/// How many parents are above it.
unsigned depth_of(const OpenCollection& collection);

/// A collection that has a name of its own and all below it, each composite before its children.
/// CorruptionError unless they are a tree, not too deep, and each has an id of its own: so even a
/// hostile catalog costs no more than its size.
std::vector<std::shared_ptr<OpenCollection>> family(const CatalogView& catalog,
                                                    const CatalogView::Named& root);

/// The collections of one transaction that handles share, and what they were at its savepoints.
/// Used under the engine's mutex.
class OpenCollections {
 public:
  /// The one object of the collection that `collection` describes: that one if there is none yet.
  std::shared_ptr<OpenCollection> share(std::shared_ptr<OpenCollection> collection);
  /// The same for a collection that this transaction has made just now.
  std::shared_ptr<OpenCollection> share_new(std::shared_ptr<OpenCollection> collection);
  /// Handles of the collection, if there are any, throw NotFound from now on.
  void drop(CollectionId id);
  /// Call before the CollectionState of a collection changes.
  void keep(const std::shared_ptr<OpenCollection>& collection);
  /// The content is about to change: iterators end.
  void note_change(const std::shared_ptr<OpenCollection>& collection);

  // What is pending belongs to the innermost savepoint: there is nothing when one is set.

  void set_pending(const std::shared_ptr<OpenCollection>& collection,
                   std::unique_ptr<PendingChanges> pending);
  /// Nothing is pending in the collection any more; nullptr if nothing was.
  std::unique_ptr<PendingChanges> take_pending(const OpenCollection& collection) noexcept;
  /// The oldest collection in which something is pending, so a parent before its children; nullptr
  /// if nothing is.
  std::shared_ptr<OpenCollection> next_pending() const;

  // Savepoints nest; number 0 is the outermost.

  void set_savepoint() { former_.push(); }
  /// What was made since savepoint `index` is dropped; what was dropped or renamed since is there
  /// again as it was; iterators of what was changed since end; nothing is pending. Ends it and those
  /// inside it.
  void roll_back_to(std::size_t index);
  /// Ends savepoint `index` and those inside it; their changes belong to the one around them.
  void release(std::size_t index) { former_.release(index); }

  void clear() noexcept;

 private:
  using Shared = std::shared_ptr<OpenCollection>;

  void drop_pending() noexcept;

  std::map<CollectionId, Shared> open_;  // not those that were dropped
  FormerValues<Shared, CollectionState> former_;
  std::map<CollectionId, Shared> pending_;  // those in which something is pending
};

}  // namespace quire::engine
