#pragma once

#include <CLI/CLI.hpp>

namespace quire::tools {

class CommandLine;

/// Adds import: commands that take foreign data into a database.
void add_import_command(CommandLine& command_line);

// Each adds one subcommand of it.
void add_directory_import(CommandLine& command_line, CLI::App& import);
void add_smartpipe_import(CommandLine& command_line, CLI::App& import);
void add_flat_file_import(CommandLine& command_line, CLI::App& import);
void add_partd_import(CommandLine& command_line, CLI::App& import);

}  // namespace quire::tools
