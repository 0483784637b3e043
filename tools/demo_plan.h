#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quire::tools {

/// Which files the demo imports, in which order. The importer and its supervisor share it as a
/// file; how far the import has come stands in the database alone.
struct DemoPlan {
  std::vector<std::string> directories;
  std::vector<std::string> paths;  // absolute
  std::uint64_t bytes = 0;         // of these files when the plan was made
  // What was found and left out:
  std::uint64_t too_large = 0;   // above 16 MiB
  std::uint64_t over_limit = 0;  // beyond 20,000 files or 400 MiB in all
  std::uint64_t unreadable = 0;  // files and directories without permission
};

/// The regular files below the directories given. If none is given: below /usr/include and
/// /usr/share/doc, and below further ones of /usr until there are 3,000 files. Throws what
/// walk_files() throws for a directory given.
DemoPlan make_demo_plan(const std::vector<std::string>& directories);

/// Writes the paths, each ended by byte 0, to a new file; reads them back. IoError.
void save_paths(const DemoPlan& plan, const std::string& file);
std::vector<std::string> load_paths(const std::string& file);

}  // namespace quire::tools
