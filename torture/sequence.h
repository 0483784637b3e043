#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <quire/testing.h>

#include "torture/operation.h"
#include "torture/program.h"
#include "torture/small_options.h"

namespace quire::torture {

/// Who runs the operations of a program: opens its database, makes its commits, and notes what
/// they promise.
class Runner {
 public:
  virtual ~Runner() = default;
  virtual Database open() = 0;
  /// A commit that leaves so many operations.
  virtual void commit(Transaction& transaction, std::size_t operations, Durability durability) = 0;
  /// Database::sync().
  virtual void sync(Database& database) = 0;
};

/// A program: a starting state, then operations one after the other. It knows what the database
/// holds after each, so that a crash can be judged by content: what is there must be what some
/// number of the operations have left, with all whose commit had returned. Immutable; for any
/// number of runs.
class Sequence {
 public:
  /// Runs them once, in memory.
  Sequence(const Start& start, std::vector<Operation> operations,
           const Options& options = small_options());

  /// "a little: put one, checkpoint".
  std::string name() const;
  const Options& options() const noexcept { return options_; }
  std::size_t size() const noexcept { return operations_.size(); }

  /// Opens a new database and brings it to the starting state.
  Database start(CrashRun& run) const;
  /// The whole program, which leaves the database open until it ends; moments before operation
  /// `first` are not tried.
  void run(CrashRun& run, std::size_t first = 0) const;
  /// Operation `index` alone.
  void run_one(Runner& runner, Database& database, std::size_t index) const;
  /// The same, announced and acknowledged.
  void run_one(CrashRun& run, Database& database, std::size_t index) const;
  /// How many operations it takes to leave what the database holds; if several numbers would,
  /// the largest that `history` allows. std::runtime_error if that is nothing that it allows.
  std::size_t require_promised(const Database& database, const CrashHistory& history) const;

 private:
  const Start& start_;
  std::vector<Operation> operations_;
  Options options_;
  std::vector<std::string> contents_;  // after 0, 1, .. operations
};

/// With its database at this path.
Program program_of(const Sequence& sequence, const std::string& path);

/// Explores crashes of the operations from `first` on. Whatever a crash leaves must hold what was
/// promised; then the next operation is made again, and must survive as well.
CrashReport explore(const Sequence& sequence, CrashOptions effort, std::size_t first = 0);

}  // namespace quire::torture
