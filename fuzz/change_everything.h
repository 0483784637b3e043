#pragma once

#include <cstdint>
#include <string>

#include <quire/database.h>

namespace quire::fuzz {

struct Changes {
  std::uint64_t made = 0;     // collections changed, one transaction each
  std::uint64_t refused = 0;  // because what they need is damaged
  std::string first_error;    // with the name of its collection
};

/// Changes each collection through its own type, in ways that follow from `seed`: adds, overwrites,
/// takes away; renames or drops some, and makes a new one. What is damaged is counted; any other
/// exception but OutOfSpace comes out, and is a finding.
Changes change_everything(Database& database, std::uint64_t seed);

}  // namespace quire::fuzz
