#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <quire/bytes.h>
#include <quire/collection.h>
#include <quire/error.h>

namespace quire::facades {

/// Throws `error` with the file and the collection that the scope is of.
template <class E>
[[noreturn]] void fail(const ReadScope& scope, E error) {
  scope.add_context(error);
  throw error;
}

/// Throws a std::out_of_range with the text that an Error of this scope would have.
[[noreturn]] inline void fail_out_of_range(const ReadScope& scope, const std::string& message) {
  InvalidArgument named(message);
  scope.add_context(named);
  throw std::out_of_range(named.what());
}

/// A key as messages show it: in quotes, a long one cut.
inline std::string shown_key(ByteView key) {
  constexpr std::size_t kMost = 60;
  if (key.size() <= kMost) return "'" + key.str() + "'";
  return "'" + key.sub(0, kMost).str() + "...' (" + std::to_string(key.size()) + " bytes)";
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
