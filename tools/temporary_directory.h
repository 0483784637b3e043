#pragma once

#include <string>

namespace quire::tools {

/// A new directory below a given one, or below TMPDIR (or /tmp), only for this user; removed with all that is in it by
/// the destructor, unless it is kept. IoError if it cannot be made.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& parent = {});
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const noexcept { return path_; }
  void keep() noexcept { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

}  // namespace quire::tools
