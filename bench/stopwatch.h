#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <string>

namespace quire::bench {

/// What Google Benchmark is to do with a function.
struct Effort {
  double seconds = 1;           // at least so long, unless `iterations` is given
  std::int64_t iterations = 0;  // exactly so many
  int threads = 1;
};

/// The rate of one run, by the clock on the wall.
struct Rate {
  double items_per_second = 0;
  double bytes_per_second = 0;
  double commits_per_sync = 0;  // the counter of that name, if the function sets it
};

/// The counter that a function sets for Rate::commits_per_sync.
inline constexpr const char* kCommitsPerSync = "commits_per_sync";

/// Runs the function under Google Benchmark, more than once to find out how many iterations make
/// `effort.seconds`. What the function gives to State::SkipWithError() is thrown as
/// std::runtime_error. Prints nothing. One measurement at a time in a process.
Rate measure(const Effort& effort, const std::function<void(benchmark::State&)>& function);

}  // namespace quire::bench
