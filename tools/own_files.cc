#include "tools/own_files.h"

#include <filesystem>
#include <system_error>

#include <quire/error.h>

#include "tools/output.h"

namespace quire::tools {

OwnFiles::OwnFiles(const std::string& database, const std::string& source) {
  std::error_code error;
  const std::filesystem::path below = std::filesystem::canonical(source, error);
  if (error) throw IoError("realpath", source, error.value());
  const std::filesystem::path own = std::filesystem::weakly_canonical(database, error);
  if (error) throw IoError("realpath", database, error.value());
  own_path_ = own.lexically_relative(below).string();
}

bool OwnFiles::leave_out(const std::string& path) const {
  // Segments of the log are called NAME-wal.N, those that are made or set aside NAME-wal-...
  const bool is_log =
      path.starts_with(own_path_ + "-wal.") || path.starts_with(own_path_ + "-wal-");
  if (path != own_path_ && !is_log) return false;
  print_message("skipped: " + printable(path) + ": it belongs to the database itself");
  return true;
}

}  // namespace quire::tools
