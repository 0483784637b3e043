#include "tools/open_database.h"

#include <filesystem>
#include <system_error>

namespace quire::tools {

void require_directory_of(const std::string& path) {
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  std::error_code error;
  const auto kind = std::filesystem::status(directory, error).type();
  const std::filesystem::path below = std::filesystem::read_symlink(path, error);
  if (!error &&
      std::filesystem::status(path, error).type() == std::filesystem::file_type::not_found) {
    return require_directory_of((directory / below).string());
  }
  // Whatever cannot be looked at is refused by the library, which knows why.
  const bool missing =
      kind == std::filesystem::file_type::not_found || kind == std::filesystem::file_type::regular;
  if (directory.empty() || !missing) return;
  throw NotFound("there is no directory '" + directory.string() +
                 "'; make it, or give another path");
}

namespace {

// In the command's own words; the library's speak of its options.
void require_file(const std::string& path) {
  require_directory_of(path);
  std::error_code error;
  if (std::filesystem::status(path, error).type() != std::filesystem::file_type::not_found) return;
  NotFound missing("there is no such file; check the path, or make a database with `quire put`");
  missing.add_file(path);
  throw missing;
}

}  // namespace

Database open_to_read(const std::string& path) {
  require_file(path);
  Options options;
  options.create = false;
  options.read_only = true;
  return Database::open(path, options);
}

Database open_to_change(const std::string& path) {
  require_file(path);
  Options options;
  options.create = false;
  return Database::open(path, options);
}

Database open_or_create(const std::string& path) {
  require_directory_of(path);
  return Database::open(path);
}

}  // namespace quire::tools
