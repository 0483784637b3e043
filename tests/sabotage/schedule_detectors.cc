#include <vector>

#include "tests/sabotage/detectors.h"
#include "tests/schedule/engine_run.h"
#include "tests/schedule/explorer.h"

namespace quire::sabotage {
namespace {

using Actor = schedule::EngineRun::Actor;
using Part = schedule::EngineRun::Part;

void commit(Actor& actor) { actor.commit(); }
void read(Actor& actor) { actor.read(); }
void checkpoint(Actor& actor) { actor.checkpoint(); }

void explore(const std::vector<Part>& parts, const Part& before, std::size_t filler_pages,
             std::uint64_t schedules = 400) {
  schedule::EngineDisk disk(filler_pages);
  schedule::Budget budget;
  budget.schedules = schedules;
  const schedule::Report report = schedule::explore(
      [&](schedule::Scheduler& scheduler) {
        schedule::EngineRun(scheduler, disk).run(parts, before);
      },
      budget);
  require(!report.failure, report.failure ? report.failure->what : "");
}

}  // namespace

void schedules_of_snapshots_and_checkpoints() {
  explore({[](Actor& actor) {
             actor.commit();
             actor.checkpoint();
           },
           read},
          commit, 0);
}

/// Nothing is in memory when they begin.
void schedules_of_loads() { explore({commit, read, checkpoint}, {}, 0); }

void schedules_of_checkpoints() { explore({commit, checkpoint}, commit, 0); }

void schedules_of_checkpoints_and_relaxed_commits() {
  explore({checkpoint, [](Actor& actor) { actor.commit(Durability::relaxed); }}, commit, 0);
}

void schedules_of_cuts() {
  explore({[](Actor& actor) {
             actor.drop_filler();
             actor.checkpoint();
           },
           [](Actor& actor) { actor.grow(30); }},
          commit, 120);
}

void schedules_of_chunks() {
  explore({checkpoint, [](Actor& actor) { actor.commit_in_chunks(); }}, commit, 24, 200);
}

}  // namespace quire::sabotage
