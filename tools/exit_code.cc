#include "tools/exit_code.h"

namespace quire::tools {

namespace {

bool is_newer_format(const Error& error) noexcept {
  const auto* format = dynamic_cast<const FormatError*>(&error);
  return format != nullptr && format->reason() == FormatError::Reason::newer;
}

}  // namespace

ExitCode exit_code_of(const Error& error) noexcept {
  switch (error.code()) {
    case ErrorCode::io:
    case ErrorCode::out_of_space:
      return ExitCode::io;
    case ErrorCode::corruption:
      return ExitCode::corrupt;
    case ErrorCode::format:
      return is_newer_format(error) ? ExitCode::newer_format : ExitCode::corrupt;
    case ErrorCode::locked:
      return ExitCode::locked;
    case ErrorCode::not_found:
      return ExitCode::not_found;
    case ErrorCode::key_exists:
    case ErrorCode::type_mismatch:
    case ErrorCode::invalid_argument:
    case ErrorCode::read_only:
    case ErrorCode::unsafe_access:
    case ErrorCode::closed:
      return ExitCode::usage;
  }
  return ExitCode::usage;
}

std::string advice_for(const Error& error) {
  // Most errors of the library end with it.
  if (error.message().find("; ") != std::string_view::npos) return {};
  const std::string file(error.file().empty() ? "FILE" : error.file());
  switch (error.code()) {
    case ErrorCode::io:
      return "check the path, its permissions and the disk, then run the command again";
    case ErrorCode::out_of_space:
      return "free some room on the disk, then run the command again";
    case ErrorCode::corruption:
      return "restore a backup";
    case ErrorCode::format:
      return is_newer_format(error) ? "open it with a newer quire (this one: `quire --version`)"
                                    : "check the path; `quire put` makes a new database";
    case ErrorCode::locked:
      return "wait for the program that has it open, or close that program, then try again";
    case ErrorCode::not_found:
      return "check the spelling; `quire ls " + file + "` lists what is there";
    case ErrorCode::type_mismatch:
      return "`quire ls " + file + "` shows the kind of each collection";
    case ErrorCode::key_exists:
    case ErrorCode::invalid_argument:
    case ErrorCode::read_only:
    case ErrorCode::unsafe_access:
    case ErrorCode::closed:
      return "`quire --help` and `quire COMMAND --help` say what is expected";
  }
  return {};
}

}  // namespace quire::tools
