#pragma once

#include <string>

#include <quire/file_system.h>

namespace quire::engine {

/// Makes the file of an empty database: built under a temporary name, synced, named without
/// replacing anything, the directory synced. A crash leaves no file of that name, or a whole one.
/// Returns without an error if somebody else has made the file meanwhile.
void create_file(FileSystem& file_system, const std::string& path);

/// The directory part of a path; "/" for a file in it.
std::string directory_of(const std::string& path);

/// Removes the temporary files of creations that were cut short, and nothing else. For whoever has the
/// database open.
void remove_unfinished_creations(FileSystem& file_system, const std::string& path);

}  // namespace quire::engine
