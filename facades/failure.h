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

}  // namespace quire::facades
