#pragma once

#include <string>
#include <vector>

#include "tools/target_directory.h"

namespace quire::tools {

/// Files that are of use only together, on their way into a directory. They are written below it
/// under a temporary name, so that a failure, Ctrl-C or SIGKILL leaves what was there before, and
/// get their names at the end. One thread at a time.
class Staging {
 public:
  /// `target` must outlive it. IoError.
  explicit Staging(TargetDirectory& target);
  /// Removes what was not moved.
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  /// Where to write them.
  TargetDirectory& files() noexcept { return files_; }

  /// Moves files and directories that lie directly there to the same names in the target, in this
  /// order, and returns when they would survive a power cut. KeyExists, if one of the names is taken
  /// and `overwrite` is not set, or if a file would replace a directory or the reverse; nothing was
  /// moved then. What is replaced goes first, all of it: whoever is killed here leaves fewer of the
  /// names, and never some of the old files among some of the new ones.
  void publish(const std::vector<std::string>& names, bool overwrite);

 private:
  void require_replaceable(const std::string& name) const;

  TargetDirectory& target_;
  std::string name_;
  TargetDirectory files_;
};

}  // namespace quire::tools
