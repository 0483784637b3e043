#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <quire/quire.h>

namespace quire::tools {

/// Which paths of the demo's plan lie in one directory: it becomes a block of the pipe
/// "directories", with name and content of each file that could be read, in the transaction that
/// deals with its last path.
class DemoDirectories {
 public:
  using Indices = std::vector<std::uint64_t>;

  explicit DemoDirectories(const std::vector<std::string>& paths);

  /// The paths of the directory whose last path this is, by index; none if it is not the last of
  /// its directory.
  const Indices& completed_by(std::uint64_t index) const;

  /// Stores the directory of these paths, whose files are stored.
  void store(Transaction& transaction, const Indices& indices) const;
  /// What is wrong with its block, in words; empty if nothing. Reads all of it.
  std::string wrong_block(const Snapshot& snapshot, const Indices& indices) const;

 private:
  const std::vector<std::string>& paths_;
  std::unordered_map<std::uint64_t, Indices> complete_;  // by their last
  Indices none_;
};

}  // namespace quire::tools
