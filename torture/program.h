#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>

#include <quire/testing.h>

namespace quire::torture {

/// A program that knows what its database must hold after each of its steps, as those see it who
/// try it with faults. Whatever makes one must outlive it.
struct Program {
  std::string path;  // of the database
  Options options;
  std::size_t steps = 0;
  /// Opens a new database and brings it to where the steps begin.
  std::function<Database(CrashRun&)> start;
  /// Makes the step of this index, announced and acknowledged by its number, counted from 1.
  std::function<void(CrashRun&, Database&, std::size_t)> make_step;
  /// How many steps a database holds. Throws if that is not what the history allows.
  std::function<std::size_t(const Database&, const CrashHistory&)> require_promised;
};

/// The number of its steps. Throws unless the database is sound and as promised.
inline std::size_t inspect(const Program& program, const Database& database,
                           const CrashRun::Promises& promises) {
  const CheckReport check = database.check();
  if (!check.ok()) throw std::runtime_error("check(): " + check.problems.front().what);
  return program.require_promised(database, promises.history);
}

/// Opens what is there, and inspects it.
inline std::size_t reopen(const Program& program, SimulatedFileSystem& files,
                          const CrashRun::Promises& promises) {
  Options options = program.options;
  options.file_system = &files;
  return inspect(program, Database::open(program.path, options), promises);
}

/// Notes that so many steps were seen, which must not go again, and makes the next one, if there is
/// one: over whatever a crash has left in the log.
inline void go_on(const Program& program, CrashRun& run, Database& database, std::size_t seen) {
  run.acknowledge(run.announce(std::to_string(seen)));
  if (seen < program.steps) program.make_step(run, database, seen);
}

}  // namespace quire::torture
