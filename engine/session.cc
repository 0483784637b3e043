#include "engine/session.h"

#include <algorithm>
#include <new>

#include "engine/early_writing.h"
#include "engine/structure.h"

namespace quire::engine {
namespace {

[[noreturn]] void wrong_kind(std::string_view name, std::string_view wanted,
                             std::string_view found) {
  TypeMismatch error("is a " + std::string(found) + ", not a " + std::string(wanted) +
                     "; open it as what it is, or use another name");
  error.add_collection(name);
  throw error;
}

std::uint64_t random_seed(Core& core) {
  std::uint64_t seed = 0;
  core.file_system().fill_random(std::as_writable_bytes(std::span(&seed, 1)));
  return seed;
}

}  // namespace

std::optional<CatalogEntry> Session::find_entry(std::string_view name) {
  require_valid_name(name);
  return with_pages(kEngineOwner,
                    [&](pager::PageReader& pages) { return CatalogView(pages).find(name); });
}

std::shared_ptr<OpenCollection> Session::find(std::string_view name, std::string_view kind) {
  auto entry = find_entry(name);
  if (!entry) return nullptr;
  if (kind_name(*entry) != kind) wrong_kind(name, kind, kind_name(*entry));
  return share(describe(name, std::move(*entry)));
}

std::shared_ptr<OpenCollection> Session::find_child(const std::shared_ptr<OpenCollection>& parent,
                                                    std::string_view name, std::string_view kind) {
  require_valid_name(name);
  const std::string path = path_of(*parent) + "/" + std::string(name);
  auto entry = with_pages(kEngineOwner, [&](pager::PageReader& pages) {
    return CatalogView(pages).find_child(path, parent->entry, name);
  });
  if (!entry) return nullptr;
  if (kind_name(*entry) != kind) wrong_kind(path, kind, kind_name(*entry));
  return share(describe(name, std::move(*entry), parent));
}

std::optional<std::string> Session::kind_of(std::string_view name) {
  const auto entry = find_entry(name);
  if (!entry) return std::nullopt;
  return std::string(kind_name(*entry));
}

std::vector<CollectionInfo> Session::collections() {
  std::vector<std::vector<std::shared_ptr<OpenCollection>>> families;
  with_pages(kEngineOwner, [&](pager::PageReader& pages) {
    const CatalogView catalog(pages);
    structures::HashCursor cursor;
    while (const auto named = catalog.next(cursor)) {
      families.push_back(family(catalog, *named));
    }
  });
  std::vector<CollectionInfo> infos;
  for (const auto& members : families) {
    const OpenCollection& first = *members.front();
    CollectionInfo info{first.name, std::string(kind_name(first.entry)), 0};
    for (const auto& member : members) {
      info.pages += with_pages(member->entry.id, [&](pager::PageReader& pages) {
        return pages_of_structure(member->entry, pages);
      });
    }
    infos.push_back(std::move(info));
  }
  return infos;
}

// ---- snapshots

std::shared_ptr<SnapshotSession> SnapshotSession::start(const std::shared_ptr<Core>& core) {
  auto session = std::make_shared<SnapshotSession>(core);  // before the pass, which its end takes
  const CallPass pass(*core);
  Visible visible;
  session->registration_ = &core->registry().add(visible, [&] { return core->queue().visible(); });
  session->set_seq(visible.seq);
  session->page_count_ = visible.page_count;
  return session;
}

SnapshotSession::~SnapshotSession() {
  if (registration_ == nullptr || core().in_forked_child()) return;
  core().registry().remove(*registration_);
  const QuietPass pass(core());
  if (!pass) return;
  // The oldest one held back more than its own: the versions of all that began after it.
  try {
    if (core().registry().oldest(seq()) >= seq()) core().reclaim();
  } catch (const std::bad_alloc&) {
    // Whoever reclaims next drops them.
  }
}

// ---- transactions

std::shared_ptr<TransactionSession> TransactionSession::start(
    const std::shared_ptr<Core>& core, const std::chrono::steady_clock::time_point* deadline) {
  const CallPass pass(*core);
  if (core->options().read_only) {
    throw ReadOnlyError("the database was opened read-only; open it for writing to change it");
  }
  if (core->keeper().is_keeper_thread()) {
    throw InvalidArgument(
        "Options::on_event may not begin a transaction on the engine's own thread, for which the "
        "open one may be waiting; let another thread do it");
  }
  if (!core->writers_place().take(deadline)) return nullptr;
  try {
    core->queue().require_healthy();
    // What is published, not what is visible: this transaction builds on commits that still wait
    // for their sync, and cannot become visible before them.
    return std::make_shared<TransactionSession>(
        core, pager::PrivatePages(core->pool(), core->space(), core->queue().published()));
  } catch (...) {
    core->writers_place().leave();
    throw;
  }
}

TransactionSession::TransactionSession(std::shared_ptr<Core> core, pager::PrivatePages pages)
    : Session(std::move(core), pages.base()), pages_(std::move(pages)) {
  pages_.allow_early_pages(early_writing(this->core(), pages_.base()), [this] {
    return this->core().registry().raise_horizon(this->core().queue().visible().seq);
  });
}

TransactionSession::~TransactionSession() { rollback(); }

void TransactionSession::require_open() const {
  if (ended_) {
    throw ClosedError("the transaction has ended; begin another one");
  }
  core().writers_place().note_user();
}

void TransactionSession::require_not_doomed() const {
  if (!doomed_.empty()) {
    throw InvalidArgument("the transaction was stopped half-way through a change (" + doomed_ +
                          "); roll it back and begin another one");
  }
}

/// The entry of a new collection, and its structure if it is one.
CatalogEntry TransactionSession::new_entry(std::string_view kind) {
  const std::optional<CollectionKind> structure = structure_called(kind);
  if (!structure) require_valid_kind_name(kind);
  TransactionPages catalog_pages(pages_, kEngineOwner);
  CatalogEntry entry;
  entry.kind = structure.value_or(CollectionKind::composite);
  if (!structure) entry.kind_name = kind;
  entry.id = Catalog(catalog_pages).take_id();
  entry.created_seq = seq() + 1;
  TransactionPages pages(pages_, entry.id);
  const std::uint64_t seed = structure == CollectionKind::hash ? random_seed(core()) : 0;
  entry.root = create_structure(entry.kind, pages, seed);
  return entry;
}

std::shared_ptr<OpenCollection> TransactionSession::create(std::string_view name,
                                                           std::string_view kind) {
  CatalogEntry entry = new_entry(kind);
  TransactionPages catalog_pages(pages_, kEngineOwner);
  Catalog(catalog_pages).put(name, entry);
  return open_.share_new(describe(name, std::move(entry)));
}

std::shared_ptr<OpenCollection> TransactionSession::create_child(
    const std::shared_ptr<OpenCollection>& parent, std::string_view name, std::string_view kind) {
  require_valid_name(name);
  if (parent->entry.kind != CollectionKind::composite) {
    throw InvalidArgument("a " + std::string(kind_name(parent->entry)) + " has no children");
  }
  if (depth_of(*parent) == kMaxChildDepth) {
    throw InvalidArgument("a child '" + std::string(name) + "' would lie more than " +
                          std::to_string(kMaxChildDepth) + " collections deep");
  }
  if (parent->entry.children.size() == kMaxChildren) {
    throw InvalidArgument("a collection has at most " + std::to_string(kMaxChildren) +
                          " children; store what you have many of in a hash");
  }
  CatalogEntry entry = new_entry(kind);
  entry.parent = parent->entry.id;
  open_.keep(parent);
  parent->entry.children.push_back({entry.id, entry.kind, std::string(name)});
  TransactionPages catalog_pages(pages_, kEngineOwner);
  Catalog catalog(catalog_pages);
  catalog.put(child_key(entry.parent, name), entry);
  catalog.put(catalog_key(*parent), parent->entry);
  return open_.share_new(describe(name, std::move(entry), parent));
}

void TransactionSession::set_options(const std::shared_ptr<OpenCollection>& collection,
                                     ByteView options) {
  if (options.size() > kMaxOptionsBytes) {
    throw InvalidArgument("options of " + std::to_string(options.size()) + " bytes; at most " +
                          std::to_string(kMaxOptionsBytes) + " fit into the catalog");
  }
  open_.keep(collection);
  collection->entry.options = options.str();
  TransactionPages catalog_pages(pages_, kEngineOwner);
  Catalog(catalog_pages).put(catalog_key(*collection), collection->entry);
}

bool TransactionSession::drop(std::string_view name) {
  require_valid_name(name);
  TransactionPages catalog_pages(pages_, kEngineOwner);
  Catalog catalog(catalog_pages);
  const auto entry = catalog.find(name);
  if (!entry) return false;
  Reaper& reaper = core().reaper();
  std::uint32_t pages_left = reaper.pages_a_step();
  for (const auto& member : family(catalog, {std::string(name), *entry})) {
    if (reaper.drop(pages_, member->entry, pages_left)) has_dropped_ = true;
    catalog.erase(catalog_key(*member));
    open_.drop(member->entry.id);
  }
  return true;
}

void TransactionSession::rename(std::string_view from, std::string_view to) {
  require_valid_name(from);
  require_valid_name(to);
  TransactionPages catalog_pages(pages_, kEngineOwner);
  Catalog catalog(catalog_pages);
  const auto entry = catalog.find(from);
  if (!entry) throw NotFound("there is no collection '" + std::string(from) + "' to rename");
  if (from == to) return;
  if (catalog.find(to)) {
    throw KeyExists("there is a collection '" + std::string(to) + "' already; drop it first");
  }
  catalog.erase(from);
  catalog.put(to, *entry);
  const auto collection = share(describe(from, *entry));
  open_.keep(collection);
  collection->name = to;
}

// ---- savepoints

std::uint64_t TransactionSession::set_savepoint() {
  require_not_doomed();
  const std::size_t index = savepoints_.size();
  try {
    savepoints_.push_back(last_savepoint_ + 1);
    open_.set_savepoint();
    pages_.set_savepoint();
  } catch (...) {
    pages_.release(index);
    open_.release(index);
    savepoints_.resize(index);
    throw;
  }
  return ++last_savepoint_;
}

bool TransactionSession::is_open(std::uint64_t savepoint) const noexcept {
  return std::binary_search(savepoints_.begin(), savepoints_.end(), savepoint);
}

std::size_t TransactionSession::index_of(std::uint64_t savepoint) const {
  if (!is_open(savepoint)) {
    throw ClosedError("this savepoint ended with one around it; make another one");
  }
  const auto found = std::lower_bound(savepoints_.begin(), savepoints_.end(), savepoint);
  return static_cast<std::size_t>(found - savepoints_.begin());
}

void TransactionSession::roll_back_to(std::uint64_t savepoint) {
  const std::size_t index = index_of(savepoint);
  ++savepoint_rollbacks_;
  try {
    pages_.roll_back_to(index);
    open_.roll_back_to(index);
  } catch (...) {
    doom("out of memory");  // short: takes none
    throw;
  }
  savepoints_.resize(index);
  doomed_.clear();
}

void TransactionSession::release(std::uint64_t savepoint) {
  const std::size_t index = index_of(savepoint);
  pages_.release(index);
  open_.release(index);
  savepoints_.resize(index);
}

void TransactionSession::abandon_savepoint(std::uint64_t savepoint) noexcept {
  const QuietPass pass(core());
  if (!pass || ended_ || !is_open(savepoint)) return;
  try {
    roll_back_to(savepoint);
  } catch (...) {
    // The transaction is doomed: nothing of it can be committed.
  }
}

Seq TransactionSession::commit(Durability durability) {
  const CallPass pass(core());
  require_open();
  const PublishedCommit commit = publish(durability);
  wait_for_commit(core(), commit, durability);
  return commit.seq;
}

/// Ends the transaction, whatever comes of it.
PublishedCommit TransactionSession::publish(Durability durability) {
  try {
    require_not_doomed();
    core().keeper().wait_for_room(pages_.pages_to_publish());
    PublishedCommit commit = publish_commit(core(), pages_, durability);
    if (has_dropped_) core().reaper().wake();
    end();
    return commit;
  } catch (...) {
    undo();
    throw;
  }
}

void TransactionSession::rollback() noexcept {
  if (const QuietPass pass(core()); pass) undo();
}

void TransactionSession::undo() noexcept {
  if (ended_) return;
  core().counters.rollbacks.fetch_add(1, std::memory_order_relaxed);
  end();
}

void TransactionSession::end() {
  if (ended_) return;
  ended_ = true;
  core().space().rollback();
  core().room().give_back(core().space().page_count());
  pages_.forget();
  open_.clear();
  core().writers_place().leave();
}

}  // namespace quire::engine
