#pragma once

namespace quire::tools {

class CommandLine;

/// Adds demo, and the hidden demo-importer that it kills.
void add_demo_command(CommandLine& command_line);

}  // namespace quire::tools
