#pragma once

namespace quire::tools {

class CommandLine;

/// Adds stats: the engine's counters and gauges of a database that is opened to look at it.
void add_stats_command(CommandLine& command_line);

}  // namespace quire::tools
