#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include <quire/testing.h>

namespace quire::torture {

/// How the database of a program is opened and judged.
struct Reopening {
  std::string path;
  Options options;
  /// How many steps of the program it holds. Throws if that is not what the history allows.
  std::function<std::size_t(const Database&, const CrashHistory&)> require_promised;
};

/// Opens what is there; the number of its steps. Throws unless it is sound and as promised.
inline std::size_t reopen(const Reopening& how, SimulatedFileSystem& files,
                          const CrashRun::Promises& promises) {
  Options options = how.options;
  options.file_system = &files;
  const Database database = Database::open(how.path, options);
  const CheckReport check = database.check();
  if (!check.ok()) throw std::runtime_error("check(): " + check.problems.front().what);
  return how.require_promised(database, promises.history);
}

/// Whether a sync that fails so may lose what the process has written before, even if only that
/// dies.
inline bool may_lose_what_was_relaxed(FaultKind kind) {
  return can_fail(kind, FileOperation::sync) && kind != FaultKind::io_error;
}

/// Lets the process die that met a fault of this kind, and the power go (by `seed`), and judges
/// what each leaves, twice: what was seen once must stay.
inline void require_survival(const Reopening& how, const SimulatedFileSystem& files,
                             const CrashRun::Promises& promises, FaultKind kind,
                             std::uint64_t seed) {
  const CrashRun::Promises after_power_cut = promises.after_power_cut();
  const CrashRun::Promises& after_death =
      may_lose_what_was_relaxed(kind) ? after_power_cut : promises;
  const std::pair<CrashPolicy, const CrashRun::Promises*> ends[] = {
      {CrashPolicy::process_death(), &after_death},
      {CrashPolicy::lose_all(), &after_power_cut},
      {CrashPolicy::random(seed), &after_power_cut}};
  for (const auto& [policy, left] : ends) {
    const auto after = files.crash(policy);
    const std::size_t seen = reopen(how, *after, *left);
    const auto later = after->crash(CrashPolicy::lose_all());
    if (reopen(how, *later, *left) != seen) {
      throw std::runtime_error("what was seen after reopening has gone again");
    }
  }
}

}  // namespace quire::torture
