#pragma once

namespace quire::tools {

class CommandLine;

/// Adds import: commands that take foreign data into a database.
void add_import_command(CommandLine& command_line);

}  // namespace quire::tools
