#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <quire/bytes.h>

#include "tools/descriptor.h"

namespace quire::tools {

/// Bytes of the longest name that a file can have.
inline constexpr std::size_t kLongestName = 255;

/// Why `path` cannot name a file below a directory, in words; empty if it can: names divided by
/// '/', none of them empty, ".", "..", too long or that of an unfinished file, and no byte 0.
std::string reason_against(std::string_view path);

/// A directory below which files are made. Nothing outside it is touched, whatever the paths and
/// whatever links lie in it: symbolic links below it are not followed. A file appears under its name
/// when all of it is there, or not at all; SIGKILL may leave one that is called unfinished
/// (unfinished.h), which goes when the next file is written beside it. Failures of the system are
/// IoError. One thread at a time.
class TargetDirectory {
 public:
  /// Permission bits and time of last change; without them a file gets those that new files get.
  struct Attributes {
    std::uint32_t mode = 0;
    std::int64_t mtime_ns = 0;
  };

  /// Makes the directory if it is missing; the one above it must exist (NotFound).
  explicit TargetDirectory(const std::string& path);
  /// Removes the directory if it was made here, sync() has never been called and nothing lies in it.
  ~TargetDirectory();
  TargetDirectory(const TargetDirectory&) = delete;
  TargetDirectory& operator=(const TargetDirectory&) = delete;

  /// Whether there is anything of that name.
  bool exists(const std::string& path) const;

  /// Throws KeyExists for something of that name, which --force would overwrite.
  [[noreturn]] void throw_exists(const std::string& path) const;

  /// Makes a directory and those above it, as far as they are missing.
  void make_directory(const std::string& path) const { open_directory(path); }

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
  friend class Staging;
  TargetDirectory(Descriptor root, std::string path)
      : root_path_(std::move(path)), root_(std::move(root)) {}

  Descriptor open_directory(const std::string& path) const;
  void clear_once(const std::string& directory, const Descriptor& descriptor);
  std::string full_path(const std::string& path) const { return root_path_ + "/" + path; }

  std::string root_path_;
  Descriptor root_;
  bool was_made_ = false;
  bool is_synced_ = false;
  std::set<std::string> cleared_;  // directories below it that have no left-overs any more
};

}  // namespace quire::tools
