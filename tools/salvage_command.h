#pragma once

namespace quire::tools {

class CommandLine;

/// Adds salvage: brings what is left of a damaged database into a new one.
void add_salvage_command(CommandLine& command_line);

}  // namespace quire::tools
