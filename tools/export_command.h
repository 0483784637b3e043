#pragma once

namespace quire::tools {

class CommandLine;

/// Adds export: commands that write collections as foreign data.
void add_export_command(CommandLine& command_line);

}  // namespace quire::tools
