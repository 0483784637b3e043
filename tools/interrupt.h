#pragma once

#include <chrono>

namespace quire::tools {

/// Thrown where the command may stop after Ctrl-C; open transactions roll back on the way out. Not
/// a std::exception, so that nothing takes it for a failure.
struct Interrupted {};

/// Makes SIGINT set a flag; a second one kills the process at once.
void catch_interrupts();

/// Whether SIGINT has come; any thread.
bool interrupt_has_come() noexcept;

/// Throws Interrupted if SIGINT has come. Call it between two steps of long work.
void throw_if_interrupted();

/// Waits until `descriptor` has something to read or has ended; throws Interrupted on SIGINT.
void wait_readable(int descriptor);

/// Sleeps; throws Interrupted on SIGINT.
void sleep_for(std::chrono::microseconds duration);

}  // namespace quire::tools
