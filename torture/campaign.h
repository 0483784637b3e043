#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "torture/outcome.h"

namespace quire::torture {

/// A bad outcome, and whether it can be seen again.
struct Finding {
  std::uint64_t seed = 0;  // of the program
  std::string program;     // Sequence::name()
  std::string fault;
  std::string problem;        // several lines
  bool is_repeatable = true;  // run_program(seed) shows it again
};

/// What has been tried so far.
struct CampaignResult {
  OutcomeTable table;
  std::uint64_t programs = 0;
  std::uint64_t images = 0;           // distinct disks that were reopened and compared
  std::uint64_t recovery_images = 0;  // of them after a crash within a recovery
  std::uint64_t calls = 0;            // that were made to fail
  std::uint64_t damages = 0;          // of files at rest
  std::vector<Finding> findings;

  /// Adds another's.
  void add(const CampaignResult& other);
};

/// Makes random_sequence(seed), cuts the power at every moment of it and again in some of the
/// recoveries, then makes some of its calls fail in each way that there is, then damages the files
/// that it leaves, and adds what came of it. A fraction of a second; the same each time for the same seed.
void run_program(std::uint64_t seed, CampaignResult& result);

}  // namespace quire::torture
