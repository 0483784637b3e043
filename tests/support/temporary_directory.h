#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace quire::testing {

/// A new directory under $TMPDIR (or /tmp), for this user only; the destructor removes it with all
/// that is in it. Its path has no symbolic links.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const auto parent = std::filesystem::canonical(std::filesystem::temp_directory_path());
    path_ = (parent / "quire-test-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + path_);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const noexcept { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace quire::testing
