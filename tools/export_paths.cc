#include "tools/export_paths.h"

#include <cstdint>

#include <quire/error.h>

#include "tools/interrupt.h"
#include "tools/progress_bar.h"

namespace quire::tools {

void ExportPaths::add(const std::string& path, const std::string& reason) {
  if (!reason.empty()) refuse(path, reason);
  if (const std::string own = reason_against(path); !own.empty()) refuse(path, own);
  paths_.insert(path);
}

void ExportPaths::require_no_file_is_a_directory() const {
  for (const std::string& path : paths_) {
    for (std::size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1)) {
      if (!paths_.contains(path.substr(0, end))) continue;
      refuse(path, "key '" + path.substr(0, end) + "' is a file");
    }
  }
}

void ExportPaths::write_all(
    const std::string& called, bool overwrite,
    const std::function<void(TargetDirectory&, const std::string&)>& write) const {
  TargetDirectory target(called);
  if (!overwrite) require_absent(target);
  ProgressBar bar("export");
  std::uint64_t files = 0;
  for (const std::string& path : paths_) {
    throw_if_interrupted();
    write(target, path);
    bar.update(++files, paths_.size());
  }
  target.sync();
}

void ExportPaths::require_absent(const TargetDirectory& target) const {
  for (const std::string& path : paths_) {
    if (target.exists(path)) target.throw_exists(path);
  }
}

void ExportPaths::refuse(const std::string& path, const std::string& reason) const {
  InvalidArgument error("key '" + path + "' cannot be a file below a directory: " + reason +
                        "; nothing was written");
  error.add_file(file_);
  error.add_collection(collection_);
  throw error;
}

}  // namespace quire::tools
