#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/power_cut.h"

namespace quire::simulation {

/// What a crash makes of the pending changes; nothing: only the process dies, and the system keeps
/// them.
using Fates = std::optional<Decisions>;

/// A crash before this call of a run, which may be the one behind its last; or within it.
struct Cut {
  std::uint64_t call = 0;
  Fates fates = {};
  bool is_within = false;  // the process dies when a write has done a part
};

/// A crash of the workload, then one of the recovery from that, and so on: what
/// CrashFailure::reproduction tells.
struct CrashCase {
  std::uint64_t seed = 1;
  std::vector<Cut> cuts = {};
};

/// As "1@41:10[0110]g/17:p": the seed, and for each crash the call and the fates, as to_string() has
/// them or "p" for the death of the process; "17+:p" if it dies within the call.
std::string to_string(const CrashCase& tried);
/// The reverse; where the text names no seed, it is `usual_seed`. InvalidArgument for any other text.
CrashCase parse_crash_case(std::string_view text, std::uint64_t usual_seed);

}  // namespace quire::simulation
