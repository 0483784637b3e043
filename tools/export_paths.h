#pragma once

#include <set>
#include <string>
#include <utility>

#include "tools/target_directory.h"

namespace quire::tools {

/// The keys of a collection that become paths below a directory. Everything that speaks against
/// them is found before the first file is written.
class ExportPaths {
 public:
  /// Errors name the database and the collection.
  ExportPaths(std::string file, std::string collection)
      : file_(std::move(file)), collection_(std::move(collection)) {}

  /// InvalidArgument if there is a `reason` against the path.
  void add(const std::string& path, const std::string& reason);
  /// InvalidArgument if one would be a file and also a directory of another.
  void require_no_file_is_a_directory() const;
  /// KeyExists if `target`, called so by the user, has one of them already.
  void require_absent(const TargetDirectory& target, const std::string& called) const;

  const std::set<std::string>& all() const noexcept { return paths_; }

 private:
  [[noreturn]] void refuse(const std::string& path, const std::string& reason) const;

  std::string file_;
  std::string collection_;
  std::set<std::string> paths_;
};

}  // namespace quire::tools
