#include "torture/fault_trial.h"

#include <array>
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

std::span<const FaultKind> fault_kinds() {
  static constexpr std::array kKinds{
      FaultKind::io_error,        FaultKind::interrupted,       FaultKind::partial_write,
      FaultKind::complete_write,  FaultKind::no_space,          FaultKind::quota,
      FaultKind::too_large,       FaultKind::read_only,         FaultKind::sync_loses,
      FaultKind::sync_reverts,    FaultKind::sync_reports_late, FaultKind::sync_keeps_some,
      FaultKind::sync_tells_each, FaultKind::sync_no_space,     FaultKind::write_back};
  return kKinds;
}

std::string to_string(const Fault& fault) {
  return std::string(quire::to_string(fault.kind)) + (fault.count == 1 ? ", once" : ", for ever");
}

std::vector<FileOperation> calls_of(const Sequence& sequence, std::uint64_t seed) {
  std::uint64_t first = 0;
  SimulatedFileSystem files(seed);
  CrashRun run(files, kPath, sequence.options(), std::make_shared<const Promises>());
  run.on_start_trying([&] { first = files.crash_points(); });
  sequence.run(run);
  std::vector<FileOperation> calls;
  for (std::uint64_t call = first; call < files.crash_points(); ++call) {
    calls.push_back(files.operation(call));
  }
  return calls;
}

TrialResult try_fault(const Sequence& sequence, const Fault& fault, std::uint64_t seed) {
  try {
    SimulatedFileSystem files(seed);
    const Life life = live(sequence, files, fault);
    const std::uint64_t images =
        require_survival(program_of(sequence, kPath), files, *life.promises, fault.kind, seed);
    return {life.was_told ? Outcome::reported : Outcome::as_promised, images};
  } catch (const Error& error) {
    return {Outcome::failed, 0, error.what()};
  } catch (const std::exception& error) {
    return {Outcome::wrong, 0, error.what()};
  }
}

}  // namespace quire::torture
