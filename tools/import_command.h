#pragma once

#include <string>

#include <quire/database.h>
#include <CLI/CLI.hpp>

namespace quire::tools {

class CommandLine;

/// Adds import: commands that take foreign data into a database.
void add_import_command(CommandLine& command_line);

/// KeyExists, in the command's own words, if the database has a collection of that name already:
/// what is imported gets a new one.
void require_new(const Transaction& transaction, const std::string& file, const std::string& name);

// Each adds one subcommand of it.
void add_directory_import(CommandLine& command_line, CLI::App& import);
void add_smartpipe_import(CommandLine& command_line, CLI::App& import);
void add_flat_file_import(CommandLine& command_line, CLI::App& import);
void add_partd_import(CommandLine& command_line, CLI::App& import);

}  // namespace quire::tools
