#pragma once

namespace quire::tools {

class CommandLine;

/// Adds torture, and the hidden torture-writer that it kills.
void add_torture_command(CommandLine& command_line);

}  // namespace quire::tools
