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

/// What the temporary names of new databases begin with; left-overs of a crash may be removed by
/// whoever has the database open.
std::string temporary_prefix(const std::string& path);

}  // namespace quire::engine
