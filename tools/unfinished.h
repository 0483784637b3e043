#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "tools/descriptor.h"

namespace quire::tools {

inline constexpr mode_t kUsualDirectoryMode = 0777;  // the umask narrows it

/// Whether something is called as what a command is still writing: ".quire-unfinished.PID.N".
bool is_unfinished_name(std::string_view name);

/// A file or directory under such a name. Who writes it holds its lock, so one whose lock is free
/// was left by a command that was killed.
struct Unfinished {
  std::string name;
  Descriptor descriptor;
};

/// Makes one in the directory, locked until the descriptor is closed. IoError, which names `path`,
/// the thing to be.
Unfinished make_unfinished_file(int directory, mode_t mode, const std::string& path);
Unfinished make_unfinished_directory(int directory, const std::string& path);

/// Removes it, with all that is in it. What cannot be removed stays.
void remove_unfinished(int directory, const std::string& name) noexcept;

/// Removes from the directory what killed commands have left there, but for what it may not remove.
/// Costs a look at each name.
void remove_left_overs(int directory) noexcept;

}  // namespace quire::tools
