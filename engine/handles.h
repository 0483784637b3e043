#pragma once

// How the doors reach the engine: one call locks, checks that everything is still open, and gives
// the structure its pages.

#include <memory>
#include <stdexcept>
#include <utility>

#include <quire/collection.h>
#include <quire/error.h>

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
                                   std::shared_ptr<OpenCollection> collection) {
  return WriteScope(make_read_scope(std::move(session), std::move(collection)).state());
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

inline void require_present(const OpenCollection& collection) {
  if (collection.dropped) {
    throw NotFound("this transaction has dropped the collection; open it again to make a new one");
  }
}

/// Calls `fn(PageReader&, const OpenCollection&)` under the engine's mutex.
template <class Fn>
auto read(const ReadScope& scope, Fn&& fn) {
  Session& session = *scope.state()->session;
  OpenCollection& collection = *scope.state()->collection;
  const CoreLock lock(session.core());
  return with_context(session.core(), collection.name, [&] {
    session.require_open();
    require_present(collection);
    return session.with_pages(collection.entry.id, [&](pager::PageReader& pages) {
      return fn(pages, std::as_const(collection));
    });
  });
}

/// Calls `fn(PageWriter&, OpenCollection&)` under the engine's mutex; iterators of the collection
/// end. What stops it half-way dooms the transaction; what the caller did wrong (InvalidArgument,
/// std::out_of_range) has changed nothing.
template <class Fn>
auto write(const ReadScope& scope, Fn&& fn) {
  Session& session = *scope.state()->session;
  OpenCollection& collection = *scope.state()->collection;
  const CoreLock lock(session.core());
  return with_context(session.core(), collection.name, [&] {
    session.require_open();
    require_present(collection);
    TransactionSession& transaction = *session.as_transaction();
    transaction.require_not_doomed();
    if (collection.updating) {
      throw InvalidArgument(
          "the function given to update() may not change the table; do it afterwards");
    }
    ++collection.changes;
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
