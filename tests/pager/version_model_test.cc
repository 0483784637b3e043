#include "tests/pager/version_model.h"

#include <gtest/gtest.h>

#include <iostream>

#include "tests/support/tried.h"

namespace quire::pager::model {

// Found by gtest where the types are.
void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }

namespace {

// All states of small worlds around the real version map, and the same worlds with one rule broken,
// which must be noticed. Two rules stand inside VersionMap, where no actor can break them: a page of
// several versions is not evicted as a whole, and nothing stays "equal to the base" while the base
// is overwritten. Whoever breaks them there sees Checkpoints fail.

using Search = testing::StepSearch<World, Scenario>;

constexpr Op kWrite = Op::write;
constexpr Op kFree = Op::free;
constexpr Op kNone = Op::none;

Commit immediate(std::vector<Op> ops) { return {false, std::move(ops)}; }
Commit relaxed(std::vector<Op> ops) { return {true, std::move(ops)}; }

Scenario scenario(std::string name, std::vector<Commit> commits, decltype(Scenario::cast) cast) {
  Scenario made;
  made.name = std::move(name);
  made.pages = commits.front().ops.size();
  made.commits = std::move(commits);
  made.cast = std::move(cast);
  return made;
}

Scenario failing_syncs(Scenario made) {
  made.syncs_fail = true;
  return made;
}

Scenario failing_log_syncs(Scenario made) {
  made.log_syncs_fail = true;
  return made;
}

Scenario rolled_back(Scenario made) {
  made.rolls_back = true;
  return made;
}

Scenario unreadable_old_base(Scenario made) {
  made.old_base_may_fail = true;
  return made;
}

std::vector<Scenario> scenarios() {
  const Commit write = immediate({kWrite});
  const Commit free = immediate({kFree});
  const Commit bulk = immediate({Op::bulk});
  const std::vector<Commit> mixed{write, relaxed({kWrite})};
  const std::vector<Commit> in_turn{immediate({kWrite, kNone}), relaxed({kWrite, kWrite}),
                                    immediate({kNone, kWrite})};
  const std::vector<Commit> both_pages{immediate({kWrite, kWrite}), immediate({kNone, kWrite})};
  const auto a = reader("reader A", {0});
  const auto b = reader("reader B", {0});
  const auto both = reader("reader A", {0, 1});
  const auto leads = swift_leader();
  return {
      failing_log_syncs(
          scenario("CommitOrder", in_turn, {writer(), leader(), checkpointer(1), both})),
      scenario("TwoReadersAndAReclaimer", {write, write}, {writer(), leads, reclaimer(), a, b}),
      failing_syncs(scenario("Checkpoints", {write, relaxed({kWrite}), write},
                             {writer(), leads, checkpointer(2), a, evictor()})),
      scenario("CheckpointAndReclaimer", mixed,
               {writer(), leads, checkpointer(2), reclaimer(), a, evictor()}),
      failing_syncs(
          scenario("TwoPages", both_pages, {writer(), leads, checkpointer(1), both, evictor()})),
      scenario("EvictionAndHeldPages", {write},
               {writer(), leads, checkpointer(1), evictor(), a, b}),
      scenario("TwoLoadsOfOneOldPage", {write, write},
               {writer(), leads, checkpointer(1), evictor(), a, b}),
      scenario("Loads", {write}, {writer(), leads, checkpointer(1), evictor(), loader(), a}),
      scenario("DirectReads", mixed,
               {writer(), leads, checkpointer(2), evictor(), direct_reader("reader A", {0, 0})}),
      scenario("ReadsOfTheWriter", mixed,
               {modifying_writer(), leads, checkpointer(1), reclaimer(), evictor(), a}),
      scenario("FreeAndReuse", {write, free, write},
               {writer(), leads, checkpointer(2), evictor(), a}),
      scenario("FreedPagesAndAReclaimer", {write, free, write},
               {writer(), leads, checkpointer(1), reclaimer(), a}),
      scenario("TailCut", {immediate({Op::cut}), immediate({Op::grow})},
               {writer(), leads, checkpointer(2), reclaimer(), evictor(), a}),
      scenario("EarlyPages", {write, relaxed({kFree}), bulk},
               {writer(), leads, checkpointer(2), evictor(), a}),
      failing_syncs(rolled_back(scenario("EarlyPagesRolledBack", {free, bulk, write},
                                         {writer(), leads, checkpointer(1), reclaimer(), a}))),
      scenario("EarlyPagesAndLoads", {free, bulk},
               {writer(), leads, checkpointer(1), evictor(), loader(), a}),
      scenario("EarlyPagesBehindACut", {immediate({Op::cut}), bulk},
               {writer(), leads, checkpointer(2), evictor(), a}),
      unreadable_old_base(scenario("OldPageThatCannotBeRead", mixed,
                                   {writer(), leads, checkpointer(2), evictor(), a})),
  };
}

struct MutantCase {
  const char* name;
  Mutant mutant;
  const char* scenario;  // that must notice
  const char* symptom;   // what it must say
};

void PrintTo(const MutantCase& broken, std::ostream* out) { *out << broken.name; }

constexpr MutantCase kMutants[] = {
    {"HorizonNotCheckedAgain", Mutant::horizon_not_checked_again, "TwoReadersAndAReclaimer",
     "snapshot 0 would find nothing"},
    {"ScanBeforeHorizon", Mutant::scan_before_horizon, "TwoReadersAndAReclaimer",
     "snapshot 0 would find nothing"},
    {"HorizonAboveVisible", Mutant::horizon_above_visible, "TwoReadersAndAReclaimer",
     "the horizon is above V"},
    {"BaseSettledWithoutHorizon", Mutant::base_settled_without_horizon, "Checkpoints",
     "snapshot 0 would find nothing"},
    {"BaseSettledWithoutReaders", Mutant::base_settled_without_readers, "Checkpoints",
     "snapshot 0 would find nothing"},
    {"BaseNeverSettled", Mutant::base_never_settled, "Checkpoints",
     "the base does not hold version 0"},
    {"BaseOverwrittenBeforeHungIn", Mutant::base_overwritten_before_hung_in, "Checkpoints",
     "the base does not hold version 0"},
    {"NotRegisteredAsReader", Mutant::not_registered_as_reader, "CheckpointAndReclaimer",
     "wants 1 in page 0, the base holds 0"},
    {"RegistrationEndsBeforeWrites", Mutant::registration_ends_before_writes,
     "CheckpointAndReclaimer", "wants 1 in page 0, the base holds 0"},
    {"EveryVersionMarkedSaved", Mutant::every_version_marked_saved, "Checkpoints",
     "the base does not hold version"},
    {"MarkedSavedBeforeSync", Mutant::marked_saved_before_sync, "Checkpoints",
     "the base does not hold version 1"},
    {"MarkedSavedThoughSyncFailed", Mutant::marked_saved_though_sync_failed, "Checkpoints",
     "the base does not hold version 1"},
    {"GenerationNotClosedAtEnd", Mutant::generation_not_closed_at_end, "Checkpoints",
     "wants 1 in page 0, the base holds 0"},
    {"GenerationRetiredBeforeHeader", Mutant::generation_retired_before_header, "Checkpoints",
     "the header needs the log from commit 1, which is deleted"},
    {"UnreadableBaseStopsCheckpoint", Mutant::unreadable_base_stops_checkpoint,
     "OldPageThatCannotBeRead", "checkpointer is stuck"},
    {"TailCutUnderASnapshot", Mutant::tail_cut_under_a_snapshot, "TailCut",
     "snapshot 0 would find the end of the file"},
    {"TailCutThoughRoomIsReserved", Mutant::tail_cut_though_room_is_reserved, "TailCut",
     "reserved room is gone"},
    {"DurableBeforeSync", Mutant::durable_before_sync, "CommitOrder", "D is not synced yet"},
    {"RelaxedCommitShowsThoseBefore", Mutant::relaxed_commit_shows_those_before, "CommitOrder",
     "V shows an immediate commit before it is durable"},
    {"FreeNotPublished", Mutant::free_not_published, "FreeAndReuse",
     "snapshot 1 would find nothing"},
    {"PageInUsePublishedAsFresh", Mutant::page_in_use_published_as_fresh, "Checkpoints",
     "snapshot 0 would find nothing"},
    {"EarlyPageBeforeItsBaseIsDurable", Mutant::early_page_before_its_base_is_durable, "EarlyPages",
     "crash: commit 1 wants 1"},
    {"EarlyPageUnderASnapshot", Mutant::early_page_under_a_snapshot, "EarlyPages",
     "snapshot 0 would find torn content"},
    {"EarlyPageWithoutALook", Mutant::early_page_without_a_look, "EarlyPages",
     "the base does not hold version 0"},
    {"EarlyPageUnderACheckpoint", Mutant::not_registered_as_reader, "EarlyPages",
     "snapshot 3 would find torn content"},
    {"EarlyPageNotVacated", Mutant::early_page_not_vacated, "EarlyPagesAndLoads",
     "snapshot 2 would find 0"},
    {"EarlyPageNotSynced", Mutant::early_page_not_synced, "EarlyPages", "crash: commit 3 wants 3"},
    {"EarlyPagesRoomNotReserved", Mutant::tail_cut_though_room_is_reserved, "EarlyPagesBehindACut",
     "reserved room is gone"},
    {"LoadInstalledUnderNewNote", Mutant::load_installed_under_new_note, "Loads",
     "snapshot 1 would find 0"},
    {"RefusedLoadUsed", Mutant::refused_load_used, "TwoLoadsOfOneOldPage", "snapshot 0 reads 1"},
    {"DirectReadNotCompared", Mutant::direct_read_not_compared, "DirectReads",
     "snapshot 0 reads 1"},
    {"TornReadReportedUnchecked", Mutant::torn_read_reported_unchecked, "DirectReads",
     "a reader reports damage to a page that is being changed"},
};

class VersionModelTest : public ::testing::TestWithParam<Scenario> {};

TEST_P(VersionModelTest, EveryReachableStateIsSound) {
  Search search(GetParam());
  search.run();
  EXPECT_FALSE(search.failure()) << search.failure().value_or("");
  EXPECT_GT(search.states(), 1000u) << "is anything left out?";
  std::cout << GetParam().name << ": " << search.states() << " states\n";
  testing::tried("states of the step model", search.states());
}

INSTANTIATE_TEST_SUITE_P(Scenarios, VersionModelTest, ::testing::ValuesIn(scenarios()),
                         [](const auto& each) { return std::string(each.param.name); });

class VersionMutantTest : public ::testing::TestWithParam<MutantCase> {};

TEST_P(VersionMutantTest, IsKilled) {
  for (Scenario& scenario : scenarios()) {
    if (scenario.name != GetParam().scenario) continue;
    scenario.mutant = GetParam().mutant;
    Search search(scenario);
    search.run();
    ASSERT_TRUE(search.failure()) << "it survives " << search.states() << " states";
    EXPECT_NE(search.failure()->find(GetParam().symptom), std::string::npos) << *search.failure();
    testing::tried("mutants of the step model", 1);
    return;
  }
  FAIL() << "no such scenario";
}

INSTANTIATE_TEST_SUITE_P(Mutants, VersionMutantTest, ::testing::ValuesIn(kMutants),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace quire::pager::model
