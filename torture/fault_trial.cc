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
  const auto name = [&] {
    switch (fault.kind) {
      case FaultKind::io_error:
        return "a call fails";
      case FaultKind::interrupted:
        return "a call is interrupted";
      case FaultKind::partial_write:
        return "a write fails halfway";
      case FaultKind::complete_write:
        return "a write is done and fails";
      case FaultKind::no_space:
        return "no space";
      case FaultKind::quota:
        return "no quota";
      case FaultKind::too_large:
        return "a file gets too large";
      case FaultKind::read_only:
        return "the disk gets read-only";
      case FaultKind::access_denied:
        return "access denied";
      case FaultKind::too_many_files:
        return "too many files";
      case FaultKind::bad_sector:
        return "a sector cannot be read";
      case FaultKind::short_read:
        return "a read is short";
      case FaultKind::wrong_read:
        return "a read has a wrong bit";
      case FaultKind::sync_loses:
        return "a sync loses";
      case FaultKind::sync_reverts:
        return "a sync reverts";
      case FaultKind::sync_reports_late:
        return "a sync fails late";
      case FaultKind::sync_keeps_some:
        return "a sync keeps some";
      case FaultKind::sync_tells_each:
        return "a sync fails for each";
      case FaultKind::sync_no_space:
        return "a sync finds no space";
      case FaultKind::sync_lies:
        return "a sync lies";
      case FaultKind::write_back:
        return "the system writes early";
      case FaultKind::evict:
        return "the system forgets what is clean";
    }
    return "unknown";
  }();
  return std::string(name) + (fault.count == 1 ? ", once" : ", for ever");
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
