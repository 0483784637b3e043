#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace quire::testing {

/// For a test that is another one each time: prints the seed that it has chosen. The environment
/// variable QUIRE_TEST_SEED repeats one.
inline std::uint64_t choose_seed() {
  const char* const given = std::getenv("QUIRE_TEST_SEED");
  const std::uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "seed " << seed << " (QUIRE_TEST_SEED repeats the plan)\n";
  return seed;
}

}  // namespace quire::testing
