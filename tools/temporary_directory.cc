#include "tools/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include <quire/error.h>

namespace quire::tools {

TemporaryDirectory::TemporaryDirectory(const std::string& parent) : path_(parent) {
  if (const char* usual = std::getenv("TMPDIR"); path_.empty() && usual != nullptr) path_ = usual;
  if (path_.empty()) path_ = "/tmp";
  path_ += "/quire-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) throw IoError("mkdtemp", path_, errno);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (!kept_) std::filesystem::remove_all(path_, ignored);
}

}  // namespace quire::tools
