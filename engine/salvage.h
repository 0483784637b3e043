#pragma once

#include <string>

#include <quire/salvage_report.h>

namespace quire::engine {

/// Database::salvage(); docs/salvage.md tells what it does and why.
SalvageReport salvage(const std::string& broken_path, const std::string& new_path,
                      const SalvageOptions& options, const ProgressFunction& progress);

}  // namespace quire::engine
