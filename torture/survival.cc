#include "torture/survival.h"

#include <memory>
#include <set>
#include <utility>

namespace quire::torture {

namespace {

using Promises = CrashRun::Promises;

/// Whether a sync that fails so may lose what the process has written before, even if only that
/// dies: what can fail no write fails only syncs.
bool may_lose_what_was_relaxed(FaultKind kind) {
  return can_fail(kind, FileOperation::sync) && !can_fail(kind, FileOperation::write);
}

}  // namespace

std::uint64_t require_survival(const Program& program, const SimulatedFileSystem& files,
                               const Promises& promises, FaultKind kind, std::uint64_t seed) {
  const auto after_power_cut = std::make_shared<const Promises>(promises.after_power_cut());
  const auto after_death = may_lose_what_was_relaxed(kind)
                               ? after_power_cut
                               : std::make_shared<const Promises>(promises);
  const std::pair<CrashPolicy, std::shared_ptr<const Promises>> ends[] = {
      {CrashPolicy::process_death(), after_death},  // first: of equal disks, what promises most
      {CrashPolicy::lose_all(), after_power_cut},
      {CrashPolicy::keep_all(), after_power_cut},
      {CrashPolicy::random(seed), after_power_cut},
      {CrashPolicy::random(seed + 1, 0.9), after_power_cut}};
  std::set<std::uint64_t> judged;
  for (const auto& [end, left] : ends) {
    const auto after = files.crash(end);
    if (!judged.insert(after->image_hash()).second) continue;
    CrashRun run(*after, program.path, program.options, left);
    Database database = run.open();
    go_on(program, run, database, inspect(program, database, *left));
    const auto later = after->crash(CrashPolicy::lose_all());
    reopen(program, *later, run.promises()->after_power_cut());
  }
  return judged.size();
}

}  // namespace quire::torture
