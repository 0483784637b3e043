#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <quire/testing.h>

#include "torture/outcome.h"
#include "torture/sequence.h"

namespace quire::torture {

/// "a sync loses, for ever": what fails, and whether once or from then on.
std::string to_string(const Fault& fault);

/// The ways to fail after which a program must hold what it promised. Those in which reads lie are
/// not among them: what cannot be read is an error, or gone.
std::span<const FaultKind> fault_kinds();

struct TrialResult {
  Outcome outcome = Outcome::as_promised;
  std::uint64_t images = 0;  // of a good one: distinct disks that were judged after it
  std::string problem = {};  // of a bad one: what is wrong
};

/// The calls of the operations when nothing fails, without those that make the starting state, on a
/// disk of this seed.
std::vector<FileOperation> calls_of(const Sequence& sequence, std::uint64_t seed);

/// Runs the program on a disk of this seed with this fault, whose first_operation counts from the
/// first call of the operations, until an error comes out. The database is poisoned then, or its
/// close() has failed, or there is no room; whatever the death of the process or a power cut leaves
/// is judged as require_survival() does.
TrialResult try_fault(const Sequence& sequence, const Fault& fault, std::uint64_t seed);

}  // namespace quire::torture
