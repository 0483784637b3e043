#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "tools/descriptor.h"
#include "tools/exit_code.h"

namespace quire::tools {

inline constexpr const char* kDemoImporterCommand = "demo-importer";

/// What the importer says of each commit after it has returned.
struct Acknowledgement {
  std::uint64_t seq = 0;    // the commit
  std::uint64_t files = 0;  // DemoProgress::files with it
};

/// The importer's own work: goes on from where the database says it is to the end of the plan, a
/// few files to a transaction, and writes a line "seq files" to standard output for each commit.
ExitCode run_demo_importer(const std::string& database_path, const std::string& plan_path);

/// This program again, in a process of its own that runs run_demo_importer(). The destructor kills
/// it. One thread at a time.
class ImporterProcess {
 public:
  /// How it ended. `killed` is true only if kill() ended it: it was still at work then.
  struct Ending {
    bool killed = false;
    int exit_code = 0;
  };

  ImporterProcess(const std::string& database_path, const std::string& plan_path);
  ~ImporterProcess();
  ImporterProcess(const ImporterProcess&) = delete;
  ImporterProcess& operator=(const ImporterProcess&) = delete;

  /// Waits for the next acknowledgement; nothing once the importer has ended and all were read.
  std::optional<Acknowledgement> next();

  /// SIGKILL. Acknowledgements that it has sent before can still be read.
  void kill() noexcept;

  /// Waits until it has ended.
  Ending wait();

 private:
  pid_t pid_ = -1;
  Descriptor acknowledgements_;
  std::string unparsed_;
};

}  // namespace quire::tools
