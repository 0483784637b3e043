#include "tools/command_line.h"

#include <fmt/format.h>
#include <quire/version.h>

#include "tools/interrupt.h"
#include "tools/output.h"

namespace quire::tools {

namespace {

ExitCode report(const Error& error) {
  print_message(printable(error.what()));
  if (const std::string advice = advice_for(error); !advice.empty()) {
    print_message("what to do: " + printable(advice));
  }
  return exit_code_of(error);
}

}  // namespace

CommandLine::CommandLine()
    : app_("Quire: transactions, blobs, lists and hashes in one file", "quire") {
  app_.set_version_flag("--version", version());
  // At most one: what follows a subcommand is an argument, whatever it is called.
  app_.require_subcommand(1);
  app_.footer("`quire COMMAND --help` says more. An argument that begins with - goes behind --.");
}

ExitCode CommandLine::run(int argc, char** argv) {
  try {
    app_.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    // A command that does not exist is told as one that is missing; name it.
    for (const std::string& word : app_.remaining(true)) {
      print_message("there is no command '" + printable(word) + "'");
    }
    app_.exit(error);
    return ExitCode::usage;
  } catch (const CLI::ParseError& error) {
    return app_.exit(error) == 0 ? ExitCode::success : ExitCode::usage;
  }
  try {
    const ExitCode code = chosen_();
    flush_data();
    return code;
  } catch (const Interrupted&) {
    print_message("interrupted; what was committed stays, the rest was rolled back");
    return ExitCode::interrupted;
  } catch (const Error& error) {
    return report(error);
  } catch (const std::exception& error) {
    print_message(printable(error.what()));
    print_message("what to do: run the command again; if this repeats, report it as a defect");
    return ExitCode::io;
  }
}

}  // namespace quire::tools
