#pragma once

namespace quire::tools {

class CommandLine;

/// Adds bench: quick figures of this machine and disk.
void add_bench_command(CommandLine& command_line);

}  // namespace quire::tools
