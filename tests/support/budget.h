#pragma once

#include <cstdint>
#include <cstdlib>

namespace quire::testing {

/// Under sanitizers everything is some ten times slower.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kIsSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif
#else
inline constexpr bool kIsSanitized = false;
#endif

/// How much to try, 10 in a release build. The environment variable QUIRE_CRASH_BUDGET says
/// otherwise, for a night's run.
inline std::uint64_t crash_budget() {
  const char* const text = std::getenv("QUIRE_CRASH_BUDGET");
  const std::uint64_t said = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  return said != 0 ? said : kIsSanitized ? 1 : 10;
}

}  // namespace quire::testing
