#pragma once

#include <quire/error.h>

#include <functional>
#include <string_view>

namespace quire::testing {

/// Whether `call()` throws ClosedError that tells of a move; such an object knows no file.
inline bool was_moved(const std::function<void()>& call) {
  try {
    call();
  } catch (const ClosedError& error) {
    return std::string_view(error.what()).find("moved from") != std::string_view::npos;
  }
  return false;
}

}  // namespace quire::testing
