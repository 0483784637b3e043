#pragma once

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

}  // namespace quire::facades
