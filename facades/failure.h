#pragma once

#include <cstdint>
#include <string>

#include <quire/collection.h>
#include <quire/error.h>

namespace quire::facades {

/// Throws `error` with the file and the collection that the scope is of.
template <class E>
[[noreturn]] void fail(const ReadScope& scope, E error) {
  scope.add_context(error);
  throw error;
}

/// Calls `fn()`, and adds file and collection to what it throws.
template <class Fn>
auto with_context(const ReadScope& scope, Fn&& fn) {
  try {
    return fn();
  } catch (Error& error) {
    scope.add_context(error);
    throw;
  }
}

/// What is remembered of a collection's children may be wrong once its transaction has gone back to a
/// savepoint. InvalidArgument if it has since scope.rollbacks() was `then`; it says so, and goes on
/// as `describe()` does: "while it was being written; begin it again".
template <class Fn>
void require_no_rollback(const ReadScope& scope, std::uint64_t then, const Fn& describe) {
  if (scope.rollbacks() == then) return;
  fail(scope, InvalidArgument("the transaction went back to a savepoint " + describe()));
}

}  // namespace quire::facades
