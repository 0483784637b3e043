#pragma once

#include <CLI/CLI.hpp>

namespace quire::tools {

class CommandLine;

/// Adds export: commands that write data for other programs.
void add_export_command(CommandLine& command_line);

// Each adds one subcommand of it.
void add_directory_export(CommandLine& command_line, CLI::App& export_command);
void add_smartpipe_export(CommandLine& command_line, CLI::App& export_command);
void add_flat_file_export(CommandLine& command_line, CLI::App& export_command);
void add_partd_export(CommandLine& command_line, CLI::App& export_command);

}  // namespace quire::tools
