#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <quire/testing.h>

#include "testing/crash_case.h"
#include "testing/disk.h"
#include "testing/simulation.h"

namespace quire::simulation {

/// The disk before one call of a run, within it, or at the end, and what had been promised then.
struct Moment {
  Disk disk;
  std::shared_ptr<const CrashRun::Promises> promises;
  std::uint64_t call = 0;
  bool is_within = false;
};

/// Something that a run has said of its commits, between two calls.
struct Remark {
  std::uint64_t next_call = 0;
  std::string text;
};

/// One run of a program: where it could have been cut, and how it ended.
struct Recording {
  std::vector<Moment> moments;
  std::shared_ptr<Simulation> simulation;
  std::vector<Remark> remarks;
  std::optional<std::string> error;
  std::exception_ptr exception;  // which has that error
};

/// A crash that is being tried. Both pointers outlive it.
struct Crash {
  const Recording* recording = nullptr;
  const Moment* moment = nullptr;
  Fates fates = {};
};

/// What has happened, a line each: before each crash the last calls with the remarks among them,
/// then what was cut and what became of each pending change; at the end how many commits were still
/// promised. `crashes`: the first in the workload, each other in the recovery from the one before.
std::vector<std::string> tell_story(const std::vector<Crash>& crashes,
                                    const CrashRun::Promises& promised);

}  // namespace quire::simulation
