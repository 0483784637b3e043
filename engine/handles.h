#pragma once

// How the doors reach the engine: one call locks, checks that everything is still open, and gives
// the structure its pages.

#include <memory>
#include <stdexcept>
#include <utility>

#include <quire/collection.h>
#include <quire/error.h>
#include <quire/savepoint.h>

#include "engine/session.h"

namespace quire::detail {

/// What ReadScope and WriteScope share.
struct Scope {
  std::shared_ptr<engine::Session> session;
  std::shared_ptr<engine::OpenCollection> collection;
};

}  // namespace quire::detail

namespace quire::engine {

inline ReadScope make_read_scope(std::shared_ptr<Session> session,
                                 std::shared_ptr<OpenCollection> collection) {
  return ReadScope(
      std::make_shared<detail::Scope>(detail::Scope{std::move(session), std::move(collection)}));
}
inline WriteScope make_write_scope(std::shared_ptr<Session> session,
                                   std::shared_ptr<OpenCollection> collection,
                                   WriteScope::Origin origin) {
  return WriteScope(make_read_scope(std::move(session), std::move(collection)).state(), origin);
}

[[noreturn]] inline void throw_moved_from() {
  throw ClosedError("this object was moved from; use the one it was moved to");
}

/// What the scope of a handle stands for. ClosedError if it was moved from.
inline const detail::Scope& state_of(const ReadScope& scope) {
  if (!scope.state()) throw_moved_from();
  return *scope.state();
}

/// Runs `fn()` and adds the file, and the collection if there is one, to what it throws.
template <class Fn>
auto with_context(const Core& core, std::string_view collection, Fn&& fn) {
  try {
    return fn();
  } catch (Error& error) {
    error.add_file(core.name());
    if (!collection.empty()) error.add_collection(collection);
    throw;
  }
}

/// The same for a collection, whose parents are named too.
template <class Fn>
auto with_context_of(const OpenCollection& collection, const Core& core, Fn&& fn) {
  return with_context(core, {}, [&] {
    try {
      return fn();
    } catch (Error& error) {
      error.add_collection(path_of(collection));
      throw;
    }
  });
}

/// Calls `fn()` in an open session.
template <class S, class Fn>
auto in_session(const std::shared_ptr<S>& session, std::string_view collection, Fn&& fn) {
  if (!session) throw_moved_from();
  return with_context(session->core(), collection, [&] {
    const CallPass pass(session->core());
    session->require_open();
    return fn();
  });
}

/// Whether an error of a change of the catalog is the caller's, who has changed nothing.
bool changed_nothing(const std::exception& error);

/// Runs a change of the catalog: what stops it half-way dooms the transaction.
template <class Fn>
auto changing(TransactionSession& transaction, Fn&& fn) {
  transaction.require_not_doomed();
  const pager::PrivatePages::Work work(transaction.pages());
  try {
    return fn();
  } catch (const std::exception& error) {
    if (!changed_nothing(error)) transaction.doom(error.what());
    throw;
  }
}

inline void require_present(const OpenCollection& collection) {
  if (collection.dropped) {
    throw NotFound(
        "the transaction has dropped the collection, or has undone its creation; open it again to "
        "make a new one");
  }
}

/// Has what is pending in the collection flushed, if there is anything. What that throws dooms the
/// transaction. Calls what is the user's, so no CallPass may be held.
void flush_pending(const std::shared_ptr<TransactionSession>& session,
                   const std::shared_ptr<OpenCollection>& collection);
/// The same for all collections of the transaction, also for what that makes pending. Does nothing
/// in a doomed one.
void flush_all_pending(const std::shared_ptr<TransactionSession>& session);
/// Sets a savepoint before which nothing is pending.
Savepoint set_savepoint(std::shared_ptr<TransactionSession> session);

/// Calls `fn(PageReader&, const OpenCollection&)` in an open session.
template <class Fn>
auto read(const ReadScope& scope, Fn&& fn) {
  Session& session = *state_of(scope).session;
  OpenCollection& collection = *state_of(scope).collection;
  return with_context_of(collection, session.core(), [&] {
    const CallPass pass(session.core());
    session.require_open();
    require_present(collection);
    return session.with_pages(collection.entry.id, [&](pager::PageReader& pages) {
      return fn(pages, std::as_const(collection));
    });
  });
}

/// Calls `fn(PageWriter&, OpenCollection&)` with a CallPass; iterators of the collection
/// end. What stops it half-way dooms the transaction; what the caller did wrong (InvalidArgument,
/// std::out_of_range) has changed nothing.
template <class Fn>
auto write(const ReadScope& scope, Fn&& fn) {
  Session& session = *state_of(scope).session;
  OpenCollection& collection = *state_of(scope).collection;
  return with_context_of(collection, session.core(), [&] {
    const CallPass pass(session.core());
    session.require_open();
    require_present(collection);
    TransactionSession& transaction = *session.as_transaction();
    transaction.require_not_doomed();
    if (collection.updating) {
      throw InvalidArgument(
          "the function given to update() may not change the table; do it afterwards");
    }
    transaction.open_collections().note_change(state_of(scope).collection);
    const pager::PrivatePages::Work work(transaction.pages());
    TransactionPages pages(transaction.pages(), collection.entry.id);
    try {
      return fn(static_cast<pager::PageWriter&>(pages), collection);
    } catch (const InvalidArgument&) {
      throw;
    } catch (const std::out_of_range&) {
      throw;
    } catch (const std::exception& error) {
      transaction.doom(error.what());
      throw;
    }
  });
}

}  // namespace quire::engine
