#pragma once

#include <cstdint>

#include "torture/sequence.h"

namespace quire::torture {

/// A program of 2 to 8 operations, drawn from some of operations() only, so that few kinds meet
/// each other often; with a starting state, a size of the cache and limits of the log that follow
/// from the seed as well.
Sequence random_sequence(std::uint64_t seed);

}  // namespace quire::torture
