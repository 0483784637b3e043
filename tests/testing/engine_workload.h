#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <quire/quire.h>
#include <quire/testing.h>

#include "tests/testing/modelled_transaction.h"
#include "torture/program.h"
#include "torture/small_options.h"

namespace quire {

/// A program for the engine, of steps that each commit once. What a step changes follows from its
/// number, so that it can be done again after a crash.
class EngineWorkload {
 public:
  using Change = ModelledTransaction::Change;
  enum class After { nothing, sync, checkpoint, reopen };

  explicit EngineWorkload(const Options& options = torture::small_options()) : options_(options) {}

  /// A step that commits `change`, then syncs, checkpoints, or closes and reopens.
  EngineWorkload& step(Change change, After after = After::nothing);
  /// The same with Durability::relaxed.
  EngineWorkload& relaxed_step(Change change, After after = After::nothing);
  /// The same step, rolled back before it is made: it must leave no trace.
  EngineWorkload& rolled_back_step(Change change, After after = After::nothing);

  /// How its database is opened.
  const Options& options() const noexcept { return options_; }
  std::size_t step_count() const noexcept { return steps_.size(); }

  /// All steps from the first, each announced as its number.
  void run(CrashRun& run) const;
  /// Makes step `index` and acknowledges it.
  void make_step(CrashRun& run, Database& database, std::size_t index) const;
  /// The number of steps whose result the database holds; throws if it holds nothing of the sort.
  std::size_t find_step(const Database& database) const;
  /// The same; throws also if that is not what was promised.
  std::size_t require_promised(const Database& database, const CrashHistory& history) const;

 private:
  struct Step {
    Change change;
    After after = After::nothing;
    Durability durability = Durability::immediate;
    bool is_rolled_back_first = false;
  };

  EngineWorkload& add(Step step);

  Options options_;
  std::vector<Step> steps_;
  std::vector<Model> models_{Model{}};  // after 0, 1, .. steps; no two are equal
};

/// With its database at this path.
torture::Program program_of(const EngineWorkload& workload, const std::string& path);

/// Crashes the workload everywhere, under the eyes of a ProtocolObserver. After each crash the next
/// step is made again, byte by byte the same as the one that may have been lost. Of `options`, the
/// database, what comes afterwards and who watches are set here.
CrashReport explore(const EngineWorkload& workload, CrashOptions options);

/// The workloads that crashes and errors are tried on, by name: many commits of a few pages.
const std::map<std::string, EngineWorkload>& engine_workloads();

}  // namespace quire
