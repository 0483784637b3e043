#pragma once

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/exit_code.h"

namespace quire::tools {

/// Checks that an argument is a number within these bounds. (CLI::Range lets "nan" pass.)
CLI::Validator number_between(double least, double most);

/// The subcommands of `quire`: each group adds its own, run() parses and runs the one that was
/// named.
class CommandLine {
 public:
  CommandLine();

  CLI::App& app() noexcept { return app_; }

  /// Adds subcommand `name` below `parent`. `declare(CLI::App&, Arguments&)` binds its arguments;
  /// `action(const Arguments&)` is called with them once everything is parsed.
  template <class Arguments>
  CLI::App& add(CLI::App& parent, const std::string& name, const std::string& description,
                void (*declare)(CLI::App&, Arguments&), ExitCode (*action)(const Arguments&)) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *parent.add_subcommand(name, description);
    declare(command, *arguments);
    command.callback([this, arguments, action] { chosen_ = [=] { return action(*arguments); }; });
    return command;
  }

  /// Runs the command and reports what went wrong on standard error, and with --json as
  /// {"schema": 1, "error": {"code", "message"}} on standard output; never throws.
  ExitCode run(int argc, char** argv);

 private:
  std::string usage_message(const CLI::ParseError& error) const;
  ExitCode run_chosen(bool json);

  CLI::App app_;
  std::function<ExitCode()> chosen_;
};

}  // namespace quire::tools
