#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "tools/exit_code.h"
#include "torture/campaign.h"
#include "torture/endless_program.h"

namespace quire::tools {

inline constexpr const char* kTortureWriterCommand = "torture-writer";

/// The child's life: opens the database, commits one transaction of EndlessProgram(seed) after the
/// other and says the number of each on standard output once its commit has returned. It ends with
/// an error, or killed.
ExitCode run_torture_writer(const std::string& database_path, std::uint64_t seed);

/// Kills processes that write to a database in a directory, and compares what is left with what a
/// database holds that was never killed. SIGKILL proves nothing about syncs: the system keeps what
/// the dead process has written. One thread at a time.
class KillLoop {
 public:
  /// `directory`: exists; the database is made in it, as torture-SEED-1.quire. The moments follow
  /// from the seed.
  KillLoop(const std::string& directory, std::uint64_t seed);

  /// Starts a process, kills it as it opens, recovers or commits, and adds what came of that. After
  /// some kills this process recovers the database; after the others it only reads it, so that the
  /// next child recovers it and may be killed as it does. After a bad outcome the files stay
  /// as they are, and a new database begins, with the next number. Throws Interrupted.
  void kill_once(torture::CampaignResult& result);

 private:
  /// Until the kill; the number of the last transaction whose commit had returned.
  std::uint64_t run_and_kill();
  void judge(std::uint64_t acknowledged);
  void begin_anew();
  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::string directory_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
  std::uint64_t databases_ = 0;
  std::string path_;
  std::unique_ptr<torture::Twin> twin_;
};

}  // namespace quire::tools
