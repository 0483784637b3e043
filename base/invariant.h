#pragma once

#include <string_view>

namespace quire {

[[noreturn]] void invariant_failed(std::string_view why, const char* file, int line) noexcept;

/// Our own promise, kept in every build: prints `why` and aborts if it does not hold. Never used
/// for bytes from a file (CorruptionError) or for what a caller passed (InvalidArgument). Committed
/// data is safe: recovery starts from it.
inline void invariant(bool holds, std::string_view why, const char* file = __builtin_FILE(),
                      int line = __builtin_LINE()) noexcept {
  if (!holds) [[unlikely]]
    invariant_failed(why, file, line);
}

}  // namespace quire
