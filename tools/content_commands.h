#pragma once

namespace quire::tools {

class CommandLine;

/// Adds get, put, rm, mv and cat: commands for one collection and its content.
void add_content_commands(CommandLine& command_line);

}  // namespace quire::tools
