#pragma once

#include <map>
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
#include "engine/core.h"

namespace quire::engine {

/// A collection that handles of one session share, so that all of them see a drop, a rename or a
/// change at once.
struct OpenCollection {
  std::string name;
  CatalogEntry entry;
  bool created = false;  // by this transaction
  bool dropped = false;
  bool updating = false;      // a user's function runs inside Hash::update()
  std::uint64_t changes = 0;  // ends iterators
};

class TransactionSession;

/// One moment of the database that handles read; a transaction or a snapshot. Handles keep it
/// alive. Everything but the constants is used under the engine's mutex.
class Session {
 public:
  Session(std::shared_ptr<Core> core, Seq seq) : core_(std::move(core)), seq_(seq) {}
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  Core& core() const noexcept { return *core_; }
  Seq seq() const noexcept { return seq_; }

  /// ClosedError if the session or the database has ended.
  virtual void require_open() const QUIRE_NO_ANALYSIS = 0;
  virtual TransactionSession* as_transaction() noexcept { return nullptr; }

  /// Calls `fn(PageReader&)` for the pages of `owner`.
  template <class Fn>
  auto with_pages(CollectionId owner, Fn&& fn);

  /// The collection of that name; nullptr if there is none, TypeMismatch if its kind is not `kind`.
  std::shared_ptr<OpenCollection> find(std::string_view name, std::string_view kind);
  std::vector<CollectionInfo> collections();

 protected:
  void set_seq(Seq seq) noexcept { seq_ = seq; }
  virtual std::shared_ptr<OpenCollection> share(std::string_view name, CatalogEntry entry);

 private:
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

  void require_open() const override QUIRE_NO_ANALYSIS;
  Pid page_count() const noexcept { return page_count_; }
  SnapshotPages pages(CollectionId owner) const {
    return SnapshotPages(*pool_, seq(), page_count_, owner);
  }

 private:
  bool registered_ = false;
  pager::PagePool* pool_ = nullptr;
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

  void require_open() const override QUIRE_NO_ANALYSIS;
  bool has_ended() const noexcept { return ended_; }
  TransactionSession* as_transaction() noexcept override { return this; }
  pager::PrivatePages& pages() noexcept { return pages_; }

  std::shared_ptr<OpenCollection> create(std::string_view name, std::string_view kind);
  bool drop(std::string_view name);
  void rename(std::string_view from, std::string_view to);

  /// A change stopped half-way: the transaction can only be rolled back. The first reason stays.
  void doom(const std::string& why) {
    if (doomed_.empty()) doomed_ = why;
  }
  void require_not_doomed() const;

  Seq commit(Durability durability);
  void rollback() noexcept;

 private:
  std::shared_ptr<OpenCollection> share(std::string_view name, CatalogEntry entry) override;
  /// Undoes what was not published and gives up the writer's place.
  void end() QUIRE_NO_ANALYSIS;

  pager::PrivatePages pages_;
  std::map<CollectionId, std::shared_ptr<OpenCollection>> open_;
  bool ended_ = false;
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
