#pragma once

#include <span>
#include <string_view>

#include "base/sabotage.h"

namespace quire::sabotage {

/// One thing that is taken away, and who notices.
struct Mutant {
  Sabotage what = Sabotage::none;
  std::string_view name;      // as in the enumeration, and in docs/testing.md
  std::string_view rule;      // of DESIGN.md, or FAULTS.md (H: hostile input)
  std::string_view detector;  // the function below
  void (*detect)() = nullptr;
};

/// One for each Sabotage but none and count, in that order.
std::span<const Mutant> mutants();

/// Takes one thing away while it lives. One at a time.
class Sabotaged {
 public:
  explicit Sabotaged(Sabotage what) { active_sabotage = what; }
  ~Sabotaged() { active_sabotage = Sabotage::none; }
  Sabotaged(const Sabotaged&) = delete;
  Sabotaged& operator=(const Sabotaged&) = delete;
};

}  // namespace quire::sabotage
