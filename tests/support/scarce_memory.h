#pragma once

#include <cstdint>

namespace quire::testing {

/// While it lives, operator new of this thread fails: the call numbered `first`, or all from there
/// on. Needs scarce_memory.cc, which replaces operator new in the whole program. Not nested.
class ScarceMemory {
 public:
  enum class Failing { once, for_ever };
  ScarceMemory(std::uint64_t first, Failing failing) noexcept;
  ~ScarceMemory();
  ScarceMemory(const ScarceMemory&) = delete;
  ScarceMemory& operator=(const ScarceMemory&) = delete;

  /// Calls that have failed so far, of this one or the last.
  static std::uint64_t failures() noexcept;
};

/// While it lives, nothing of this thread fails or is counted: for what is not under test.
class MemoryShelter {
 public:
  MemoryShelter() noexcept;
  ~MemoryShelter();
  MemoryShelter(const MemoryShelter&) = delete;
  MemoryShelter& operator=(const MemoryShelter&) = delete;

 private:
  bool was_scarce_;
};

}  // namespace quire::testing
