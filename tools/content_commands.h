#pragma once

namespace quire::tools {

class CommandLine;

/// Adds get, put, rm and cat: commands for the content of one collection.
void add_content_commands(CommandLine& command_line);

}  // namespace quire::tools
