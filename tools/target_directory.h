#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <quire/bytes.h>

#include "tools/descriptor.h"

namespace quire::tools {

/// Why `path` cannot name a file below a directory, in words; empty if it can: names divided by
/// '/', none of them empty, "." or "..", and no byte 0.
std::string reason_against(std::string_view path);

/// A directory below which files are made. Nothing outside it is touched, whatever the paths and
/// whatever links lie in it: symbolic links below it are not followed. A file appears under its name
/// when all of it is there, or not at all; SIGKILL may leave one whose name begins with
/// ".quire-export.". Failures of the system are IoError. One thread at a time.
class TargetDirectory {
 public:
  /// Permission bits and time of last change; without them a file gets those that new files get.
  struct Attributes {
    std::uint32_t mode = 0;
    std::int64_t mtime_ns = 0;
  };

  /// Makes the directory if it is missing; the one above it must exist (NotFound).
  explicit TargetDirectory(const std::string& path);

  /// Whether there is anything of that name.
  bool exists(const std::string& path) const;

  /// Makes a file and the directories above it. `path` is one that nothing speaks against
  /// (reason_against()). Replaces a file of that name only if `overwrite` is set, else KeyExists.
  void write(const std::string& path, ByteView content, const std::optional<Attributes>& attributes,
             bool overwrite);

  /// The same with content that is written to a stream, so that it need not lie in memory. What the
  /// stream cannot take it throws as IoError; what `content` throws leaves no file. Other files may
  /// be written meanwhile.
  void write(const std::string& path, const std::function<void(std::ostream&)>& content,
             const std::optional<Attributes>& attributes, bool overwrite);

  /// Returns when all files would survive a power cut.
  void sync();

 private:
  Descriptor open_parent(const std::string& path) const;
  std::string full_path(const std::string& path) const { return root_path_ + "/" + path; }

  std::string root_path_;
  Descriptor root_;
  std::uint64_t file_count_ = 0;  // makes temporary names differ
};

}  // namespace quire::tools
