#pragma once

#include <algorithm>
#include <cstdint>

#include "tests/support/budget.h"
#include "tests/support/test_seed.h"

namespace quire::testing {

/// Which of many cases a test tries: all with QUIRE_CRASH_BUDGET=30, a third of them in a release
/// build, others each time. Prints the seed that repeats the choice.
class Sample {
 public:
  /// Odd, so that of cases that come in pairs both sorts are among them.
  Sample() : stride_(std::max<std::uint64_t>(1, 30 / crash_budget()) | 1) {
    if (stride_ > 1) turn_ = choose_seed();
  }

  std::uint64_t stride() const noexcept { return stride_; }
  /// Whether the next case is one of them.
  bool takes_next() noexcept { return turn_++ % stride_ == 0; }

 private:
  std::uint64_t stride_;
  std::uint64_t turn_ = 0;
};

}  // namespace quire::testing
