#pragma once

#include <quire/testing.h>

namespace quire::simulation {

/// The errno value that a call hit by this fault reports.
int error_number(FaultKind kind) noexcept;
/// Whether a call hit by this fault throws and has done nothing. Otherwise what it does depends on
/// the call.
bool fails_undone(FaultKind kind, FileOperation operation) noexcept;
/// The system call's name, for messages.
const char* system_name(FileOperation operation) noexcept;
/// Whether a call of this sort changes what is on the disk, or on its way there.
bool changes_disk(FileOperation operation) noexcept;

}  // namespace quire::simulation
