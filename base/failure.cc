#include "base/failure.h"

#include <quire/error.h>

#include <exception>
#include <functional>
#include <new>

namespace quire {
namespace {

using Thrower = std::function<void()>;

template <class Kind>
void set_if_kind(const Error& error, Thrower& thrower) {
  if (const auto* kind = dynamic_cast<const Kind*>(&error)) {
    thrower = [copy = *kind] { throw Kind(copy); };
  }
}

/// Of the last kind that fits.
template <class... Kinds>
Thrower thrower_of(const Error& error) {
  Thrower thrower;
  (set_if_kind<Kinds>(error, thrower), ...);
  return thrower;
}

Thrower thrower_of_current() {
  try {
    throw;
  } catch (const Error& error) {
    return thrower_of<Error, IoError, CorruptionError, FormatError, LockedError, NotFound,
                      KeyExists, TypeMismatch, InvalidArgument, ReadOnlyError, OutOfSpace,
                      UnsafeAccess, ClosedError>(error);
  } catch (...) {
    return [shared = std::current_exception()] { std::rethrow_exception(shared); };
  }
}

}  // namespace

Failure Failure::current() noexcept {
  try {
    return Failure(thrower_of_current());
  } catch (const std::bad_alloc&) {
    return Failure([] { throw std::bad_alloc(); });
  }
}

}  // namespace quire
