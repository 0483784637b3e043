#include "torture/soup.h"

#include <random>
#include <utility>
#include <vector>

namespace quire::torture {

namespace {

constexpr std::size_t kKiB = 1024;

template <class Range>
const auto& one_of(const Range& range, std::mt19937_64& random) {
  return range[random() % std::size(range)];
}

Options random_options(std::mt19937_64& random) {
  constexpr std::size_t kCaches[] = {128 * kKiB, 256 * kKiB, 1024 * kKiB};
  constexpr std::size_t kLogs[] = {128 * kKiB, 512 * kKiB, 4096 * kKiB};
  Options options = small_options();
  options.cache_size = one_of(kCaches, random);
  options.wal_limit = one_of(kLogs, random);
  return options;
}

}  // namespace

Sequence random_sequence(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const Start& start = one_of(starts(), random);
  std::vector<Operation> some;
  for (std::uint64_t count = 2 + random() % 8; count > 0; --count) {
    some.push_back(one_of(operations(), random));
  }
  std::vector<Operation> program;
  for (std::uint64_t count = 2 + random() % 7; count > 0; --count) {
    program.push_back(one_of(some, random));
  }
  return Sequence(start, std::move(program), random_options(random));
}

}  // namespace quire::torture
