#include "tools/bench_command.h"
#include "tools/command_line.h"
#include "tools/content_commands.h"
#include "tools/demo_command.h"
#include "tools/export_command.h"
#include "tools/import_command.h"
#include "tools/inspect_commands.h"
#include "tools/interrupt.h"
#include "tools/output.h"
#include "tools/salvage_command.h"
#include "tools/stats_command.h"
#include "tools/torture_command.h"

int main(int argc, char** argv) {
  quire::tools::reserve_standard_descriptors();
  quire::tools::catch_interrupts();
  quire::tools::CommandLine command_line;
  quire::tools::add_inspect_commands(command_line);
  quire::tools::add_stats_command(command_line);
  quire::tools::add_salvage_command(command_line);
  quire::tools::add_content_commands(command_line);
  quire::tools::add_import_command(command_line);
  quire::tools::add_export_command(command_line);
  quire::tools::add_demo_command(command_line);
  quire::tools::add_bench_command(command_line);
  quire::tools::add_torture_command(command_line);
  return static_cast<int>(command_line.run(argc, argv));
}
