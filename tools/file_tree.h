#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quire::tools {

/// What lies below a directory.
struct FileTree {
  struct File {
    std::string path;  // bytes, relative to the directory
    std::uint64_t size = 0;
  };
  struct Unreadable {
    std::string path;
    std::string reason;
  };

  std::vector<File> files;  // the regular ones, by path
  std::vector<Unreadable> unreadable;
  std::uint64_t symlink_count = 0;  // not followed
  std::uint64_t special_count = 0;  // FIFOs, sockets, devices
};

/// Walks the directory and all below it. A symbolic link is followed only if it is `directory`
/// itself. NotFound if there is nothing of that name, InvalidArgument if it is no directory,
/// IoError if it cannot be listed; below it, what cannot be listed goes to `unreadable`. Costs a
/// stat for each name, and memory for each path.
FileTree walk_files(const std::string& directory);

}  // namespace quire::tools
