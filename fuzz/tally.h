#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/target.h"

namespace quire::fuzz {

/// How far the inputs of one process have come; printed when it ends, for scripts/fuzz.
class Tally {
 public:
  static Tally& of_process() {
    static Tally tally;
    return tally;
  }

  void count(Reached reached) noexcept {
    ++runs_;
    if (reached != Reached::refused) ++opened_;
    if (reached == Reached::sound) ++sound_;
  }

 private:
  Tally() = default;
  ~Tally() {
    std::fprintf(stderr, "passed open: %llu of %llu, sound: %llu\n",
                 static_cast<unsigned long long>(opened_), static_cast<unsigned long long>(runs_),
                 static_cast<unsigned long long>(sound_));
  }

  std::uint64_t runs_ = 0;
  std::uint64_t opened_ = 0;
  std::uint64_t sound_ = 0;
};

}  // namespace quire::fuzz
