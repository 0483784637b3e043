#pragma once

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace quire::testing {

/// Says that a test has tried `count` of `what` (a plural, such as "failing calls"), for the summary
/// of scripts/test: appends a line "count what" to the file that the environment variable
/// QUIRE_TRIED_FILE names, and does nothing without one. Any number of processes may append to one
/// file at once: a line goes out in one write. Throws std::runtime_error if it cannot be written.
inline void tried(std::string_view what, std::uint64_t count) {
  const char* const path = std::getenv("QUIRE_TRIED_FILE");
  if (path == nullptr) return;
  std::ofstream file(path, std::ios::app);
  file << std::to_string(count) + " " + std::string(what) + "\n" << std::flush;
  if (!file) throw std::runtime_error("cannot append to QUIRE_TRIED_FILE, " + std::string(path));
}

}  // namespace quire::testing
