#include "tests/testing/engine_workload.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "tests/testing/protocol_observer.h"
#include "torture/promises.h"

namespace quire {

EngineWorkload& EngineWorkload::add(Step step) {
  Model model = models_.back();
  ModelledTransaction modelled(model);
  step.change(modelled);
  if (std::find(models_.begin(), models_.end(), model) != models_.end()) {
    throw std::logic_error("two steps of a workload leave the same content");
  }
  models_.push_back(std::move(model));
  steps_.push_back(std::move(step));
  return *this;
}

EngineWorkload& EngineWorkload::step(Change change, After after) {
  return add({std::move(change), after});
}

EngineWorkload& EngineWorkload::relaxed_step(Change change, After after) {
  return add({std::move(change), after, Durability::relaxed});
}

EngineWorkload& EngineWorkload::rolled_back_step(Change change, After after) {
  return add({std::move(change), after, Durability::immediate, true});
}

void EngineWorkload::make_step(CrashRun& run, Database& database, std::size_t index) const {
  const Step& step = steps_.at(index);
  if (step.is_rolled_back_first) {
    Transaction abandoned = database.begin();
    ModelledTransaction modelled(abandoned);
    step.change(modelled);
    modelled.put("of an abandoned transaction", "key", "value");
    abandoned.rollback();
  }
  Transaction transaction = database.begin();
  ModelledTransaction modelled(transaction);
  step.change(modelled);
  run.commit(transaction, std::to_string(index + 1), step.durability);
  if (step.after == After::checkpoint) database.checkpoint();
  if (step.after == After::reopen) {
    database.close();
    database = run.open();
  }
  // Behind a checkpoint or a close there is nothing to sync: this only notes the promise.
  if (step.after != After::nothing) run.sync(database);
}

void EngineWorkload::run(CrashRun& run) const {
  Database database = run.open();
  for (std::size_t index = 0; index < steps_.size(); ++index) make_step(run, database, index);
  database.close();
}

std::size_t EngineWorkload::find_step(const Database& database) const {
  const Model found = read_all(database);
  const auto place = std::find(models_.begin(), models_.end(), found);
  if (place == models_.end()) throw std::runtime_error("the content is that of no commit");
  return static_cast<std::size_t>(place - models_.begin());
}

std::size_t EngineWorkload::require_promised(const Database& database,
                                             const CrashHistory& history) const {
  const torture::PromisedSteps promised = torture::promised_steps(history);
  const std::size_t found = find_step(database);
  if (!promised.include(found)) {
    throw torture::broken_promise("commit " + std::to_string(found), promised);
  }
  return found;
}

torture::Program program_of(const EngineWorkload& workload, const std::string& path) {
  return {path,
          workload.options(),
          workload.step_count(),
          [](CrashRun& run) { return run.open(); },
          [&](CrashRun& run, Database& database, std::size_t index) {
            workload.make_step(run, database, index);
          },
          [&](const Database& database, const CrashHistory& history) {
            return workload.require_promised(database, history);
          }};
}

CrashReport explore(const EngineWorkload& workload, CrashOptions options) {
  const torture::Program program = program_of(workload, options.path);
  options.database = workload.options();
  options.watch = [path = options.path] { return testing::ProtocolObserver::watcher(path); };
  options.afterwards = [&](CrashRun& run, Database& database) {
    torture::go_on(program, run, database, workload.find_step(database));
  };
  return explore_crashes([&](CrashRun& run) { workload.run(run); },
                         [&](Database& database, const CrashHistory& history) {
                           workload.require_promised(database, history);
                         },
                         options);
}

}  // namespace quire
