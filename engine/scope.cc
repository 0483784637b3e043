#include <quire/collection.h>

#include <unordered_map>
#include <utility>

#include "engine/handles.h"

namespace quire {

using engine::OpenCollection;
using engine::Session;
using engine::TransactionSession;

namespace engine {

bool changed_nothing(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  if (known == nullptr) return false;
  return known->code() == ErrorCode::invalid_argument ||
         known->code() == ErrorCode::type_mismatch || known->code() == ErrorCode::not_found ||
         known->code() == ErrorCode::key_exists;
}

void flush_pending(const std::shared_ptr<TransactionSession>& session,
                   const std::shared_ptr<OpenCollection>& collection) {
  WriteScope scope = make_write_scope(session, collection, WriteScope::Origin::found);
  const auto pending = session->open_collections().take_pending(*collection);
  if (!pending) return;
  try {
    pending->flush(scope);
  } catch (const std::exception& error) {
    session->doom(error.what());
    throw;
  } catch (...) {
    session->doom("PendingChanges::flush() has thrown");
    throw;
  }
}

namespace {

[[noreturn]] void throw_never_flushed(TransactionSession& session,
                                      const OpenCollection& collection) {
  InvalidArgument error("PendingChanges::flush() of the collection's type gathers anew each time");
  error.add_collection(path_of(collection));
  session.doom(error.what());
  throw error;
}

}  // namespace

void flush_all_pending(const std::shared_ptr<TransactionSession>& session) {
  constexpr int kMostRounds = 100;
  std::unordered_map<CollectionId, int> rounds;
  while (!session->is_doomed()) {
    const auto collection = session->open_collections().next_pending();
    if (!collection) return;
    if (++rounds[collection->entry.id] > kMostRounds) throw_never_flushed(*session, *collection);
    flush_pending(session, collection);
  }
}

Savepoint set_savepoint(std::shared_ptr<TransactionSession> session) {
  if (!session) throw_moved_from();
  flush_all_pending(session);
  const std::uint64_t number = in_session(session, {}, [&] { return session->set_savepoint(); });
  return Savepoint(std::move(session), number);
}

}  // namespace engine

namespace {

/// Calls `fn(session, collection)`, if both are still there.
template <class Fn>
auto with_collection(const ReadScope& scope, Fn&& fn) {
  const auto& [session, collection] = engine::state_of(scope);
  return engine::with_context_of(*collection, session->core(), [&, &s = session, &c = collection] {
    const engine::CallPass pass(s->core());
    s->require_open();
    engine::require_present(*c);
    return fn(*s, c);
  });
}

/// The same for a change of the catalog.
template <class Fn>
auto changing_collection(const ReadScope& scope, Fn&& fn) {
  return with_collection(scope, [&](Session& session, const auto& collection) {
    TransactionSession& transaction = *session.as_transaction();
    return engine::changing(transaction, [&] { return fn(transaction, collection); });
  });
}

}  // namespace

std::string_view ReadScope::name() const noexcept {
  return scope_ ? std::string_view(scope_->collection->name) : std::string_view();
}
std::uint64_t ReadScope::seq() const noexcept { return scope_ ? scope_->session->seq() : 0; }

Value ReadScope::options() const {
  return with_collection(*this, [](Session&, const auto& collection) {
    return Value::copy(collection->entry.options);
  });
}

ReadScope ReadScope::child_scope(std::string_view name, std::string_view kind) const {
  auto child = with_collection(*this, [&](Session& session, const auto& collection) {
    auto found = session.find_child(collection, name, kind);
    if (!found) throw NotFound("it has no child '" + std::string(name) + "'");
    return found;
  });
  return engine::make_read_scope(scope_->session, std::move(child));
}

const PendingChanges* ReadScope::pending_state() const {
  return with_collection(
      *this, [](Session&, const auto& collection) { return collection->pending.get(); });
}

void ReadScope::flush_pending() const {
  const bool is_pending = with_collection(*this, [](Session& session, const auto& collection) {
    if (!collection->pending) return false;
    session.as_transaction()->require_not_doomed();
    return true;
  });
  if (!is_pending) return;
  engine::flush_pending(std::static_pointer_cast<TransactionSession>(scope_->session),
                        scope_->collection);
}

std::uint64_t ReadScope::rollbacks() const {
  return with_collection(*this, [](Session& session, const auto&) {
    const TransactionSession* transaction = session.as_transaction();
    return transaction == nullptr ? 0 : transaction->savepoint_rollbacks();
  });
}

void ReadScope::add_context(Error& error) const {
  const auto& [session, collection] = engine::state_of(*this);
  error.add_file(session->core().name());
  error.add_collection(path_of(*collection));
}

PendingChanges* WriteScope::changing_pending() {
  return with_collection(*this, [](Session& session, const auto& collection) {
    session.as_transaction()->require_not_doomed();
    return collection->pending.get();
  });
}

PendingChanges& WriteScope::set_pending(std::unique_ptr<PendingChanges> pending) {
  const auto& [session, collection] = engine::state_of(*this);
  session->as_transaction()->open_collections().set_pending(collection, std::move(pending));
  return *collection->pending;
}

std::optional<WriteScope> WriteScope::find_child(std::string_view name, std::string_view kind,
                                                 Origin origin) {
  auto child = with_collection(*this, [&](Session& session, const auto& collection) {
    return session.find_child(collection, name, kind);
  });
  if (!child) return std::nullopt;
  return engine::make_write_scope(state()->session, std::move(child), origin);
}

WriteScope WriteScope::create_child(std::string_view name, std::string_view kind) {
  auto child = changing_collection(*this, [&](TransactionSession& session, const auto& collection) {
    return session.create_child(collection, name, kind);
  });
  return engine::make_write_scope(state()->session, std::move(child), Origin::created);
}

void WriteScope::set_options(ByteView bytes) {
  changing_collection(*this, [&](TransactionSession& session, const auto& collection) {
    session.set_options(collection, bytes);
  });
}

Savepoint WriteScope::savepoint() {
  return engine::set_savepoint(
      std::static_pointer_cast<TransactionSession>(engine::state_of(*this).session));
}

}  // namespace quire
