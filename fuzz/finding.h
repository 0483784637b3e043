#pragma once

#include <stdexcept>
#include <string>

namespace quire::fuzz {

/// A promise that an input has broken. Nobody catches it: the run ends there, and the input is kept.
class Finding : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void require(bool holds, const std::string& promise) {
  if (!holds) throw Finding(promise);
}

}  // namespace quire::fuzz
