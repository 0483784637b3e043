#include "tools/export_command.h"

#include "tools/command_line.h"

namespace quire::tools {

void add_export_command(CommandLine& command_line) {
  CLI::App& command = *command_line.app().add_subcommand("export", "Write data for others");
  command.require_subcommand(1);
  add_directory_export(command_line, command);
  add_smartpipe_export(command_line, command);
  add_flat_file_export(command_line, command);
  add_partd_export(command_line, command);
}

}  // namespace quire::tools
