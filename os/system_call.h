#pragma once

#include <cerrno>
#include <string>

#include <quire/error.h>

namespace quire::os {

/// What `call` returns, called again for as long as a signal interrupts it. Never for a sync: its
/// failure must not be followed by a second try (P8).
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

/// Throws IoError with the errno that `operation` has just left.
[[noreturn]] inline void throw_errno(const char* operation, const std::string& path,
                                     const char* advice = "") {
  const int error_number = errno;  // before an allocation can change it
  throw IoError(operation, path, error_number, advice);
}

}  // namespace quire::os
