#pragma once

#include <string>

#include <quire/options.h>

#include "engine/core.h"

namespace quire::engine {

/// Opens, locks and recovers a file, or makes it; see Database::open() for what it throws. The
/// result is clean, or, if read-only, as if it were: what the log holds is in memory.
Core::Opened open_file(const std::string& path, const Options& options);

/// An empty database without a log, whose file is in memory (rule M10).
Core::Opened create_in_memory(const Options& options);

}  // namespace quire::engine
