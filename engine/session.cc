#include "engine/session.h"

#include "engine/committer.h"
#include "structures/blob.h"
#include "structures/hash.h"
#include "structures/list.h"

namespace quire::engine {
namespace {

[[noreturn]] void wrong_kind(std::string_view name, std::string_view wanted,
                             std::string_view found) {
  TypeMismatch error("is a " + std::string(found) + ", not a " + std::string(wanted) +
                     "; open it as what it is, or use another name");
  error.add_collection(name);
  throw error;
}

std::uint64_t pages_of(const CatalogEntry& entry, pager::PageReader& pages) {
  switch (entry.kind) {
    case CollectionKind::blob:
      return structures::BlobView(pages, entry.root).pages_owned() + 1;
    case CollectionKind::hash:
      return structures::HashView(pages, entry.root).pages();
    case CollectionKind::list:
      return structures::ListView(pages, entry.root).pages();
    case CollectionKind::composite:
      break;
  }
  return 0;
}

std::uint64_t random_seed(Core& core) {
  std::uint64_t seed = 0;
  core.file_system().fill_random(std::as_writable_bytes(std::span(&seed, 1)));
  return seed;
}

}  // namespace

std::shared_ptr<OpenCollection> Session::share(std::string_view name, CatalogEntry entry) {
  auto collection = std::make_shared<OpenCollection>();
  collection->name = name;
  collection->entry = std::move(entry);
  return collection;
}

std::shared_ptr<OpenCollection> Session::find(std::string_view name, std::string_view kind) {
  require_valid_name(name);
  auto entry = with_pages(kEngineOwner,
                          [&](pager::PageReader& pages) { return CatalogView(pages).find(name); });
  if (!entry) return nullptr;
  if (kind_name(*entry) != kind) wrong_kind(name, kind, kind_name(*entry));
  return share(name, std::move(*entry));
}

std::vector<CollectionInfo> Session::collections() {
  std::vector<CatalogView::Named> found;
  with_pages(kEngineOwner, [&](pager::PageReader& pages) {
    const CatalogView catalog(pages);
    structures::HashCursor cursor;
    while (auto named = catalog.next(cursor)) found.push_back(std::move(*named));
  });
  std::vector<CollectionInfo> infos;
  for (const auto& [name, entry] : found) {
    const std::uint64_t page_count = with_pages(
        entry.id, [&entry = entry](pager::PageReader& pages) { return pages_of(entry, pages); });
    infos.push_back({name, std::string(kind_name(entry)), page_count});
  }
  return infos;
}

// ---- snapshots

std::shared_ptr<SnapshotSession> SnapshotSession::start(const std::shared_ptr<Core>& core) {
  auto session = std::make_shared<SnapshotSession>(core);  // before the lock, which its end takes
  const CoreLock lock(*core);
  core->require_open();
  // Registering and seeing V are one step under the mutex, so no version that is needed can go in
  // between (V1).
  core->readers.insert(core->visible);
  session->registered_ = true;
  session->set_seq(core->visible);
  session->pool_ = &core->pool();
  session->page_count_ = core->space().committed_page_count();
  return session;
}

SnapshotSession::~SnapshotSession() {
  if (!registered_ || core().in_forked_child()) return;
  const CoreLock lock(core());
  core().readers.erase(core().readers.find(seq()));
  if (!core().is_closed()) core().pool().versions().prune(core().readers);
}

void SnapshotSession::require_open() const { core().require_open(); }

// ---- transactions

std::shared_ptr<TransactionSession> TransactionSession::start(
    const std::shared_ptr<Core>& core, const std::chrono::steady_clock::time_point* deadline) {
  const CoreLock lock(*core);
  core->require_open();
  if (core->options().read_only) {
    throw ReadOnlyError("the database was opened read-only; open it for writing to change it");
  }
  if (!core->take_writers_place(deadline)) return nullptr;
  try {
    core->require_open();
    core->require_healthy();
    return std::make_shared<TransactionSession>(
        core, pager::PrivatePages(core->pool(), core->space(), core->visible));
  } catch (...) {
    core->leave_writers_place();
    throw;
  }
}

TransactionSession::TransactionSession(std::shared_ptr<Core> core, pager::PrivatePages pages)
    : Session(std::move(core), pages.base()), pages_(std::move(pages)) {}

TransactionSession::~TransactionSession() { rollback(); }

void TransactionSession::require_open() const {
  core().require_open();
  if (ended_) {
    throw ClosedError("the transaction has ended; begin another one");
  }
  core().note_writer_thread();
}

void TransactionSession::require_not_doomed() const {
  if (!doomed_.empty()) {
    throw InvalidArgument("the transaction was stopped half-way through a change (" + doomed_ +
                          "); roll it back and begin another one");
  }
}

std::shared_ptr<OpenCollection> TransactionSession::share(std::string_view name,
                                                          CatalogEntry entry) {
  auto& shared = open_[entry.id];
  if (!shared) shared = Session::share(name, std::move(entry));
  return shared;
}

std::shared_ptr<OpenCollection> TransactionSession::create(std::string_view name,
                                                           std::string_view kind) {
  if (kind != "blob" && kind != "list" && kind != "hash") {
    throw InvalidArgument("collections of kind '" + std::string(kind) +
                          "' cannot be made by this version; it makes blobs, lists and hashes");
  }
  TransactionPages catalog_pages(pages_, kEngineOwner);
  Catalog catalog(catalog_pages);
  CatalogEntry entry;
  entry.id = catalog.take_id();
  entry.created_seq = seq() + 1;
  TransactionPages pages(pages_, entry.id);
  if (kind == "blob") {
    entry.kind = CollectionKind::blob;
    entry.root = structures::Blob::create(pages);
  } else if (kind == "list") {
    entry.kind = CollectionKind::list;
    entry.root = structures::List::create(pages);
  } else {
    entry.kind = CollectionKind::hash;
    entry.root = structures::Hash::create(pages, random_seed(core()));
  }
  catalog.put(name, entry);
  auto collection = share(name, std::move(entry));
  collection->created = true;
  return collection;
}

bool TransactionSession::drop(std::string_view name) {
  require_valid_name(name);
  TransactionPages catalog_pages(pages_, kEngineOwner);
  Catalog catalog(catalog_pages);
  const auto entry = catalog.find(name);
  if (!entry) return false;
  TransactionPages pages(pages_, entry->id);
  switch (entry->kind) {
    case CollectionKind::blob:
      structures::Blob(pages, entry->root).destroy();
      break;
    case CollectionKind::hash:
      structures::Hash(pages, entry->root).destroy();
      break;
    case CollectionKind::list:
      structures::List(pages, entry->root).destroy();
      break;
    case CollectionKind::composite:
      throw FormatError(
          FormatError::Reason::newer,
          "collection '" + std::string(name) + "' is of a kind that this version cannot drop");
  }
  catalog.erase(name);
  if (const auto open = open_.find(entry->id); open != open_.end()) {
    open->second->dropped = true;
    open_.erase(open);
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
  if (const auto open = open_.find(entry->id); open != open_.end()) open->second->name = to;
}

Seq TransactionSession::commit(Durability durability) {
  {
    const CoreLock lock(core());
    require_open();
    if (!doomed_.empty()) {
      end();
      require_not_doomed();
    }
    try {
      const Seq seq = engine::commit(core(), pages_, durability);
      end();
      return seq;
    } catch (...) {
      end();
      throw;
    }
  }
}

void TransactionSession::rollback() noexcept {
  if (ended_ || core().in_forked_child()) return;
  const CoreLock lock(core());
  end();
}

void TransactionSession::end() {
  if (ended_) return;
  ended_ = true;
  if (!core().is_closed()) core().space().rollback();
  pages_.forget();
  open_.clear();
  core().leave_writers_place();
}

}  // namespace quire::engine
