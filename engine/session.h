#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <quire/collection.h>
#include <quire/error.h>

#include "engine/catalog.h"
#include "engine/collection_pages.h"
#include "engine/committer.h"
#include "engine/core.h"
#include "engine/open_collections.h"

namespace quire::engine {

class TransactionSession;

/// One moment of the database that handles read; a transaction or a snapshot. Handles keep it
/// alive. A snapshot may be used by several threads at once, a transaction by one at a time; all calls but the
/// constants are made with a CallPass.
class Session {
 public:
  Session(std::shared_ptr<Core> core, Seq seq) : core_(std::move(core)), seq_(seq) {}
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Core& core() const noexcept { return *core_; }
  Seq seq() const noexcept { return seq_; }

  /// ClosedError if the transaction has ended.
  virtual void require_open() const {}
  virtual TransactionSession* as_transaction() noexcept { return nullptr; }

  /// Calls `fn(PageReader&)` for the pages of `owner`.
  template <class Fn>
  auto with_pages(CollectionId owner, Fn&& fn);

  /// The collection of that name; nullptr if there is none, TypeMismatch if its kind is not `kind`.
  std::shared_ptr<OpenCollection> find(std::string_view name, std::string_view kind);
  /// The same for a child.
  std::shared_ptr<OpenCollection> find_child(const std::shared_ptr<OpenCollection>& parent,
                                             std::string_view name, std::string_view kind);
  std::optional<std::string> kind_of(std::string_view name);
  std::vector<CollectionInfo> collections();

 protected:
  void set_seq(Seq seq) noexcept { seq_ = seq; }
  /// The object that handles of the collection share.
  virtual std::shared_ptr<OpenCollection> share(std::shared_ptr<OpenCollection> collection) {
    return collection;
  }

 private:
  std::optional<CatalogEntry> find_entry(std::string_view name);

  std::shared_ptr<Core> core_;
  Seq seq_;
};

/// Registered from construction to destruction: what it can see stays.
class SnapshotSession final : public Session {
 public:
  /// Of the newest visible commit.
  static std::shared_ptr<SnapshotSession> start(const std::shared_ptr<Core>& core);
  /// Not registered yet; use start().
  explicit SnapshotSession(std::shared_ptr<Core> core) : Session(std::move(core), 0) {}
  ~SnapshotSession() override;

  Pid page_count() const noexcept { return page_count_; }
  /// `caching` no: for reads of everything there is.
  SnapshotPages pages(CollectionId owner, pager::Caching caching = pager::Caching::yes) const {
    return SnapshotPages(core().pool(), seq(), page_count_, owner, caching);
  }

 private:
  pager::SnapshotRegistry::Entry* registration_ = nullptr;
  Pid page_count_ = 0;
};

class TransactionSession final : public Session {
 public:
  /// Waits for the writer's place until `deadline` (nullptr: for ever); nullptr if it has passed.
  static std::shared_ptr<TransactionSession> start(
      const std::shared_ptr<Core>& core, const std::chrono::steady_clock::time_point* deadline);
  TransactionSession(std::shared_ptr<Core> core, pager::PrivatePages pages);
  /// Rolls back what has not ended.
  ~TransactionSession() override;

  void require_open() const override;
  bool has_ended() const noexcept { return ended_; }
  TransactionSession* as_transaction() noexcept override { return this; }
  pager::PrivatePages& pages() noexcept { return pages_; }
  OpenCollections& open_collections() noexcept { return open_; }

  /// A collection of a name that is free: a structure, or if `kind` is not one, a composite.
  std::shared_ptr<OpenCollection> create(std::string_view name, std::string_view kind);
  /// The same for a child. InvalidArgument if `parent` is no composite, or has too many children or
  /// parents.
  std::shared_ptr<OpenCollection> create_child(const std::shared_ptr<OpenCollection>& parent,
                                               std::string_view name, std::string_view kind);
  /// Replaces what the type of a collection has stored with it. InvalidArgument if that is too long.
  void set_options(const std::shared_ptr<OpenCollection>& collection, ByteView options);
  /// Drops a collection with all its children.
  bool drop(std::string_view name);
  void rename(std::string_view from, std::string_view to);

  // Savepoints have numbers that are not used again; those that have ended are a ClosedError.

  /// Sets one inside those that are open.
  std::uint64_t set_savepoint();
  /// Undoes everything since, heals a doomed transaction, and ends it and those inside it. If
  /// memory runs out, dooms the transaction.
  void roll_back_to(std::uint64_t savepoint);
  /// Ends it and those inside it; their changes belong to the one around them.
  void release(std::uint64_t savepoint);
  /// Its object goes: rolls back to it unless it has ended.
  void abandon_savepoint(std::uint64_t savepoint) noexcept;
  /// How often one of the two has begun to undo.
  std::uint64_t savepoint_rollbacks() const noexcept { return savepoint_rollbacks_; }

  /// A change stopped half-way: the transaction can only be rolled back. The first reason stays.
  void doom(const std::string& why) {
    if (doomed_.empty()) doomed_ = why;
  }
  bool is_doomed() const noexcept { return !doomed_.empty(); }
  void require_not_doomed() const;

  Seq commit(Durability durability);
  void rollback() noexcept;

 private:
  std::shared_ptr<OpenCollection> share(std::shared_ptr<OpenCollection> collection) override {
    return open_.share(std::move(collection));
  }
  CatalogEntry new_entry(std::string_view kind);
  PublishedCommit publish(Durability durability);
  /// Counts a rollback, and ends.
  void undo() noexcept;
  /// Undoes what was not published and gives up the writer's place.
  void end();
  bool is_open(std::uint64_t savepoint) const noexcept;
  std::size_t index_of(std::uint64_t savepoint) const;

  pager::PrivatePages pages_;
  OpenCollections open_;
  std::vector<std::uint64_t> savepoints_;  // ascending, the innermost last
  std::uint64_t last_savepoint_ = 0;
  std::uint64_t savepoint_rollbacks_ = 0;
  bool ended_ = false;
  bool has_dropped_ = false;  // something that the reaper frees
  std::string doomed_;
};

template <class Fn>
auto Session::with_pages(CollectionId owner, Fn&& fn) {
  if (TransactionSession* transaction = as_transaction()) {
    TransactionPages pages(transaction->pages(), owner);
    return fn(static_cast<pager::PageReader&>(pages));
  }
  auto& snapshot = static_cast<SnapshotSession&>(*this);
  SnapshotPages pages = snapshot.pages(owner);
  return fn(static_cast<pager::PageReader&>(pages));
}

}  // namespace quire::engine
