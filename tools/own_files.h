#pragma once

#include <string>

namespace quire::tools {

/// The files of a database that may lie in the directory that is imported into it: itself and its
/// log.
class OwnFiles {
 public:
  /// `database` need not exist yet; `source` is a directory (NotFound, IoError).
  OwnFiles(const std::string& database, const std::string& source);

  /// Whether `path`, which is relative to the source, is one of them; a message says that it is
  /// left out.
  bool leave_out(const std::string& path) const;

 private:
  std::string own_path_;  // relative to the source
};

}  // namespace quire::tools
