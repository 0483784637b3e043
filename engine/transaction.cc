#include <quire/transaction.h>

#include "engine/handles.h"

namespace quire {
namespace {

using engine::changing;
using engine::Core;
using engine::in_session;
using engine::TransactionSession;

[[noreturn]] void not_found(std::string_view name) {
  throw NotFound("there is no collection '" + std::string(name) +
                 "'; `quire ls` shows those there are");
}

}  // namespace

// ---- Snapshot

Snapshot::Snapshot(std::shared_ptr<engine::SnapshotSession> session) noexcept
    : session_(std::move(session)) {}
Snapshot::Snapshot(Snapshot&&) noexcept = default;
Snapshot& Snapshot::operator=(Snapshot&&) noexcept = default;
Snapshot::~Snapshot() = default;

std::uint64_t Snapshot::seq() const noexcept { return session_ ? session_->seq() : 0; }

std::optional<ReadScope> Snapshot::find_scope(std::string_view name, std::string_view kind) const {
  auto collection = in_session(session_, {}, [&] { return session_->find(name, kind); });
  if (!collection) return std::nullopt;
  return engine::make_read_scope(session_, std::move(collection));
}

ReadScope Snapshot::open_scope(std::string_view name, std::string_view kind) const {
  auto collection = in_session(session_, {}, [&] {
    auto found = session_->find(name, kind);
    if (!found) not_found(name);
    return found;
  });
  return engine::make_read_scope(session_, std::move(collection));
}

std::optional<std::string> Snapshot::kind_of(std::string_view name) const {
  return in_session(session_, {}, [&] { return session_->kind_of(name); });
}

std::vector<CollectionInfo> Snapshot::collections() const {
  return in_session(session_, {}, [&] { return session_->collections(); });
}

// ---- Transaction

Transaction::Transaction(std::shared_ptr<TransactionSession> session) noexcept
    : session_(std::move(session)) {}
Transaction::Transaction(Transaction&&) noexcept = default;

Transaction& Transaction::operator=(Transaction&& other) noexcept {
  if (this != &other) {
    rollback();
    session_ = std::move(other.session_);
  }
  return *this;
}

Transaction::~Transaction() { rollback(); }

std::optional<WriteScope> Transaction::find_scope(std::string_view name, std::string_view kind,
                                                  WriteScope::Origin origin) {
  auto collection = in_session(session_, {}, [&] { return session_->find(name, kind); });
  if (!collection) return std::nullopt;
  return engine::make_write_scope(session_, std::move(collection), origin);
}

WriteScope Transaction::create_scope(std::string_view name, std::string_view kind) {
  auto collection = in_session(session_, {}, [&] {
    if (session_->find(name, kind)) {
      throw KeyExists("there is a collection '" + std::string(name) +
                      "' already; open it, or drop it first");
    }
    return changing(*session_, [&] { return session_->create(name, kind); });
  });
  return engine::make_write_scope(session_, std::move(collection), WriteScope::Origin::created);
}

bool Transaction::drop(std::string_view name) {
  return in_session(session_, name,
                    [&] { return changing(*session_, [&] { return session_->drop(name); }); });
}

void Transaction::rename(std::string_view from, std::string_view to) {
  in_session(session_, {}, [&] { changing(*session_, [&] { session_->rename(from, to); }); });
}

std::optional<std::string> Transaction::kind_of(std::string_view name) const {
  return in_session(session_, {}, [&] { return session_->kind_of(name); });
}

std::vector<CollectionInfo> Transaction::collections() const {
  return in_session(session_, {}, [&] { return session_->collections(); });
}

Savepoint Transaction::savepoint() { return engine::set_savepoint(session_); }

std::uint64_t Transaction::commit(std::optional<Durability> durability) {
  if (!session_) throw ClosedError("this transaction was moved from; use the one it was moved to");
  Core& core = session_->core();
  const std::uint64_t seq = engine::with_context(core, {}, [&] {
    try {
      engine::flush_all_pending(session_);
    } catch (...) {
      session_->rollback();
      throw;
    }
    return session_->commit(durability.value_or(core.options().durability));
  });
  core.deliver_events();
  return seq;
}

void Transaction::rollback() noexcept {
  if (session_) session_->rollback();
}

bool Transaction::has_ended() const noexcept { return !session_ || session_->has_ended(); }

}  // namespace quire
