#pragma once

#include <cstdint>
#include <string>

#include <quire/testing.h>

#include "torture/outcome.h"
#include "torture/sequence.h"

namespace quire::torture {

/// "a sync loses, for ever": what fails, and whether once or from then on.
std::string to_string(const Fault& fault);

struct TrialResult {
  Outcome outcome = Outcome::as_promised;
  std::string problem = {};  // of a bad outcome: what is wrong
};

/// Calls of the operations when nothing fails, without those that make the starting state.
std::uint64_t count_calls(const Sequence& sequence);

/// Runs the program with this fault, whose first_operation counts from the first call of the
/// operations; lets the machine go on, lose power, or lose some of what was
/// pending (by `seed`), and judges what is left, twice: what was seen once must stay.
TrialResult try_fault(const Sequence& sequence, const Fault& fault, std::uint64_t seed);

}  // namespace quire::torture
