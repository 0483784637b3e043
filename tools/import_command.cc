#include "tools/import_command.h"

#include "tools/command_line.h"

namespace quire::tools {

void add_import_command(CommandLine& command_line) {
  CLI::App& import = *command_line.app().add_subcommand("import", "Take foreign data in");
  import.require_subcommand(1);
  add_directory_import(command_line, import);
  add_smartpipe_import(command_line, import);
  add_flat_file_import(command_line, import);
  add_partd_import(command_line, import);
}

void require_new(const Transaction& transaction, const std::string& file, const std::string& name) {
  if (!transaction.kind_of(name)) return;
  KeyExists error("there is a collection '" + name +
                  "' already; choose another NAME, or remove it first with `quire rm " + file +
                  " " + name + "`");
  error.add_file(file);
  throw error;
}

}  // namespace quire::tools
