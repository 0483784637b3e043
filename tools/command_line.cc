#include "tools/command_line.h"

#include <fmt/format.h>
#include <quire/version.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "tools/interrupt.h"
#include "tools/output.h"

namespace quire::tools {

namespace {

// For programs too, on standard output, if they have asked for JSON.
void report(bool json, std::string_view code, const std::string& message) {
  print_message(printable(message));
  if (!json) return;
  try {
    Json document;
    document["schema"] = 1;
    document["error"] = {{"code", code}, {"message", message}};
    print_json(document);
    flush_data();
  } catch (const IoError&) {
    // Standard output itself may be what has failed; the exit code is left to say so.
  }
}

void advise(const std::string& what_to_do) {
  if (!what_to_do.empty()) print_message("what to do: " + printable(what_to_do));
}

// Behind -- everything is an argument. CLI11 knows its flags only once all is parsed, and wrong
// usage is to be told as JSON as well.
bool asks_for_json(std::span<char*> arguments) {
  const auto is_flag = [](std::string_view argument) { return argument == "--json"; };
  const auto end = std::ranges::find(arguments, std::string_view("--"));
  return std::any_of(arguments.begin(), end, is_flag);
}

}  // namespace

CLI::Validator number_between(double least, double most) {
  const auto check = [least, most](const std::string& text) -> std::string {
    double number = 0;
    const char* const text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, number);
    const bool is_number = error == std::errc() && end == text_end;
    if (is_number && number >= least && number <= most) return "";
    return fmt::format("'{}' is no number from {} to {}", text, least, most);
  };
  return {check, fmt::format("{} to {}", least, most)};
}

CommandLine::CommandLine()
    : app_("Quire: transactions, blobs, lists and hashes in one file", "quire") {
  app_.set_version_flag("--version", version());
  // At most one: what follows a subcommand is an argument, whatever it is called.
  app_.require_subcommand(1);
  app_.footer("`quire COMMAND --help` says more. An argument that begins with - goes behind --.");
}

ExitCode CommandLine::run(int argc, char** argv) {
  const bool json = asks_for_json({argv, static_cast<std::size_t>(argc)});
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      app_.exit(error);
      return ExitCode::success;
    }
    report(json, "usage", usage_message(error));
    advise("`quire --help` and `quire COMMAND --help` say what is expected");
    return ExitCode::usage;
  }
  return run_chosen(json);
}

// A command that does not exist is told by CLI11 as one that is missing; name it, but not the words
// behind it.
std::string CommandLine::usage_message(const CLI::ParseError& error) const {
  if (dynamic_cast<const CLI::RequiredError*>(&error) == nullptr) return error.what();
  for (const std::string& word : app_.remaining(true)) {
    if (!word.starts_with("-")) return "there is no command '" + word + "'";
  }
  return error.what();
}

ExitCode CommandLine::run_chosen(bool json) {
  try {
    const ExitCode code = chosen_();
    flush_data();
    return code;
  } catch (const Interrupted&) {
    report(json, "interrupted", "interrupted; what was committed stays, the rest was rolled back");
    return ExitCode::interrupted;
  } catch (const Error& error) {
    report(json, to_string(error.code()), error.what());
    advise(advice_for(error));
    return exit_code_of(error);
  } catch (const std::exception& error) {
    report(json, "unexpected", error.what());
    advise("run the command again; if this repeats, report it as a defect");
    return ExitCode::io;
  }
}

}  // namespace quire::tools
