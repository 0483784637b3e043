#pragma once

#include <cstdint>

#include <quire/testing.h>

#include "torture/program.h"

namespace quire::torture {

/// Lets the process die that met a fault of this kind, or the power go, in several ways (by
/// `seed`); judges what each leaves, goes on with it, cuts the power again, and judges once more.
/// Throws if anything is not as promised. How many distinct disks were judged.
std::uint64_t require_survival(const Program& program, const SimulatedFileSystem& files,
                               const CrashRun::Promises& promises, FaultKind kind,
                               std::uint64_t seed);

}  // namespace quire::torture
