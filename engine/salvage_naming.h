#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/salvage_copy.h"
#include "engine/salvage_target.h"

namespace quire::engine {

/// The names that a salvage gives. What has its own name is exactly what some commit left; whatever
/// is not stands below a prefix that no collection of the broken database has.
class SalvageNames {
 public:
  /// `taken`: all names of the broken database.
  explicit SalvageNames(const std::vector<std::string>& taken);

  std::string incomplete(const std::string& name, CollectionId id) const;
  std::string unverified(const std::string& name, CollectionId id) const;
  /// For what has no name, or one that cannot be. `what` tells it from others of the same id.
  std::string found(const std::string& what, CollectionId id) const;

 private:
  std::string below(const std::string& group, const std::string& name, CollectionId id) const;

  std::string prefix_;
};

/// Handles of what was brought over.
CollectionPtr find_copy(const SalvageTarget::SessionPtr& session,
                        const std::vector<SalvagedCopy>& copies, std::size_t index);

/// Gives the collections that are not whole, or all if nothing is certain, their new names, and
/// takes apart composites that have lost something and do not pass their own check.
void name_copies(SalvageTarget& target, const SalvageNames& names, const CheckOptions& checks,
                 bool is_certain, std::vector<SalvagedCopy>& copies);

}  // namespace quire::engine
