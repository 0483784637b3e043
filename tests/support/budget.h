#pragma once

#include <cstdint>
#include <cstdlib>

namespace quire::testing {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define QUIRE_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define QUIRE_IS_SANITIZED 1
#endif
#endif
#ifndef QUIRE_IS_SANITIZED
#define QUIRE_IS_SANITIZED 0
#endif

/// Under sanitizers everything is some ten times slower.
inline constexpr bool kIsSanitized = QUIRE_IS_SANITIZED != 0;

/// What the environment variable says; `otherwise` if it says nothing, or no number above 0.
inline std::uint64_t number_from_environment(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  const std::uint64_t said = text == nullptr ? 0 : std::strtoull(text, nullptr, 10);
  return said != 0 ? said : otherwise;
}

/// How much to try, 10 in a release build. The environment variable QUIRE_CRASH_BUDGET says
/// otherwise, for a night's run.
inline std::uint64_t crash_budget() {
  return number_from_environment("QUIRE_CRASH_BUDGET", kIsSanitized ? 1 : 10);
}

}  // namespace quire::testing
