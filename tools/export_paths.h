#pragma once

#include <functional>
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

  /// InvalidArgument if there is a `reason` against the path, of the caller's or of
  /// reason_against().
  void add(const std::string& path, const std::string& reason = {});
  /// InvalidArgument if one would be a file and also a directory of another.
  void require_no_file_is_a_directory() const;
  /// Has `write(target, path)` write each of them below the directory that the user calls `called`,
  /// with a progress bar, and returns when all would survive a power cut. Unless `overwrite` is set,
  /// KeyExists before the first one if there is one of them already. Interrupted.
  void write_all(const std::string& called, bool overwrite,
                 const std::function<void(TargetDirectory&, const std::string&)>& write) const;

 private:
  void require_absent(const TargetDirectory& target) const;
  [[noreturn]] void refuse(const std::string& path, const std::string& reason) const;

  std::string file_;
  std::string collection_;
  std::set<std::string> paths_;
};

}  // namespace quire::tools
