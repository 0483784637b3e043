#pragma once

#include <memory>

namespace quire::simulation {

/// Whether no other pointer shares the object; then what other threads did with it has happened
/// before. (use_count() alone orders nothing; letting go of a copy does.)
template <class T>
bool is_sole_owner(const std::shared_ptr<T>& pointer) {
  if (pointer.use_count() > 1) return false;
  const std::shared_ptr<T> copy = pointer;
  return true;
}

}  // namespace quire::simulation
