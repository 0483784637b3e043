#pragma once

#include <memory>
#include <string>

#include <quire/file_system.h>

namespace quire::os {

/// The files of this machine. One object for the whole process, made at the first call and never
/// destroyed, so that threads still running at exit may use it. Stateless, hence safe from any
/// thread.
///
/// open() opens first and looks afterwards, so that nothing can be swapped in between; it never
/// waits (H13). A refused directory is EISDIR, any other refused kind EINVAL (a socket ENXIO). Too
/// many symbolic links are ELOOP everywhere, a path with a NUL inside is EINVAL.
FileSystem& posix_file_system();

/// What open_unnamed() does where the system knows no unnamed files: creates one under a random
/// name and removes the name at once. A crash in between leaves an empty file called
/// ".quire-unnamed-" and 32 hexadecimal digits.
std::unique_ptr<File> open_and_remove(const std::string& directory);

}  // namespace quire::os
