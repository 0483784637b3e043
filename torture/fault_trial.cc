#include "torture/fault_trial.h"

#include <exception>
#include <memory>

#include <quire/error.h>

#include "torture/survival.h"

namespace quire::torture {

namespace {

using Promises = CrashRun::Promises;

const std::string kPath = "/torture.quire";

struct Life {
  std::shared_ptr<const Promises> promises;
  bool was_told = false;  // by an exception that tells of the system
};

Life live(const Sequence& sequence, SimulatedFileSystem& files, Fault fault) {
  CrashRun run(files, kPath, sequence.options(), std::make_shared<const Promises>());
  run.on_start_trying([&] {
    fault.first_operation += files.crash_points();
    files.set_faults({{fault}});
  });
  bool was_told = false;
  try {
    sequence.run(run);
  } catch (const IoError&) {
    was_told = true;
  } catch (const OutOfSpace&) {
    was_told = true;
  }
  files.set_faults({});
  return {run.promises(), was_told};
}

}  // namespace

std::string to_string(const Fault& fault) {
  return std::string(quire::to_string(fault.kind)) + (fault.count == 1 ? ", once" : ", for ever");
}

std::uint64_t count_calls(const Sequence& sequence) {
  std::uint64_t first = 0;
  SimulatedFileSystem files;
  CrashRun run(files, kPath, sequence.options(), std::make_shared<const Promises>());
  run.on_start_trying([&] { first = files.crash_points(); });
  sequence.run(run);
  return files.crash_points() - first;
}

TrialResult try_fault(const Sequence& sequence, const Fault& fault, std::uint64_t seed) {
  try {
    SimulatedFileSystem files(seed);
    const Life life = live(sequence, files, fault);
    const Reopening reopening{kPath, sequence.options(),
                              [&](const Database& database, const CrashHistory& history) {
                                return sequence.require_promised(database, history);
                              }};
    require_survival(reopening, files, *life.promises, fault.kind, seed);
    return {life.was_told ? Outcome::reported : Outcome::as_promised};
  } catch (const Error& error) {
    return {Outcome::failed, error.what()};
  } catch (const std::exception& error) {
    return {Outcome::wrong, error.what()};
  }
}

}  // namespace quire::torture
