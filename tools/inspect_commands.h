#pragma once

namespace quire::tools {

class CommandLine;

/// Adds info, ls and check: commands that look at a database and change nothing.
void add_inspect_commands(CommandLine& command_line);

}  // namespace quire::tools
