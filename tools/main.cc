#include <fmt/core.h>
#include <quire/quire.h>

#include <CLI/CLI.hpp>

int main(int argc, char** argv) {
  CLI::App app{"Quire: transactions, blobs, lists and hashes in one file"};
  app.set_version_flag("--version", quire::version());
  app.require_subcommand(0, 1);
  CLI11_PARSE(app, argc, argv);
  fmt::print("{}", app.help());
  return 0;
}
