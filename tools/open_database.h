#pragma once

#include <string>

#include <quire/database.h>

namespace quire::tools {

/// NotFound if the directory that `path` lies in, or a link of that name leads to, does not exist.
void require_directory_of(const std::string& path);

/// An existing database, to look at: nothing of it is written, and other readers may have it open.
Database open_to_read(const std::string& path);

/// An existing database, to change.
Database open_to_change(const std::string& path);

/// A database to change; made if the file is missing.
Database open_or_create(const std::string& path);

}  // namespace quire::tools
