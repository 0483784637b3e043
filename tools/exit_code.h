#pragma once

#include <string>

#include <quire/error.h>

namespace quire::tools {

/// What the command ends with; the numbers are part of the public interface.
enum class ExitCode : int {
  success = 0,
  problem = 1,    // check or demo has found something wrong
  usage = 2,      // wrong arguments; also a wrong kind, name or existing key
  not_found = 3,  // no such file, collection or key
  locked = 4,
  corrupt = 5,  // damaged, or not a Quire database
  newer_format = 6,
  io = 7,  // the system refused, or there is no room
  interrupted = 130,
};

/// The one place that maps errors of the library to exit codes.
ExitCode exit_code_of(const Error& error) noexcept;

/// What the user can do about the error, as one line; empty if its message says so already, behind
/// a semicolon.
std::string advice_for(const Error& error);

}  // namespace quire::tools
