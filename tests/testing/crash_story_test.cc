#include "testing/crash_story.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <quire/quire.h>

#include "tests/testing/simulated_fixture.h"

// A failure is told so that its reader need not run it: the same when it is found and when it is
// replayed.

namespace quire {
namespace {

constexpr const char* kData = "/d";
constexpr const char* kJournal = "/j";

void set(FileSystem& files, bool sync) {
  const auto data = files.open(kData, OpenMode::read_write);
  data->write_at(0, "11111111");
  if (sync) data->sync_data();
  files.remove(kJournal);
  files.sync_directory("/");
}

void set_with_journal(CrashRun& run) {
  create_durable(run.files(), kData, "00000000");
  run.start_trying();
  const auto announced = run.announce("1");
  create_durable(run.files(), kJournal, "1");
  run.acknowledge(announced);
  run.announce("2");
  set(run.files(), true);
}

void recover_without_a_sync(CrashRun& run) {
  if (content(run.files(), kJournal)) set(run.files(), false);
  const CrashHistory& history = run.promises()->history;
  const std::string found = content(run.files(), kData).value_or("nothing");
  if (!history.empty() && history[0].acknowledged && found != "11111111") {
    throw std::runtime_error("found '" + found + "', promised 1");
  }
}

CrashReport explore_journal(const std::string& line = "") {
  CrashOptions options;
  options.recover_one_in = 1;
  options.reproduce = line;
  return explore_program_crashes(set_with_journal, recover_without_a_sync, options);
}

TEST(CrashStoryTest, TellsBothCrashesOfAFailureInTheRecovery) {
  const CrashReport report = explore_journal();
  ASSERT_FALSE(report.ok());
  const std::vector<std::string> expected{
      "the workload, its last calls:",
      "  0: create /d",
      "  1: write /d at 0, 8 bytes",
      "  2: sync /d",
      "  3: sync directory /",
      "  -- commit '1' is announced",
      "  4: create /j",
      "  5: write /j at 0, 1 bytes",
      "  6: sync /j",
      "  7: sync directory /",
      "  -- commit '1' is acknowledged",
      "  -- commit '2' is announced",
      "  8: open /d",
      "power is cut before call 9 (write /d at 0, 8 bytes); nothing was pending",
      "the recovery from that, its last calls:",
      "  0: status /j",
      "  1: open /j",
      "  2: read /j at 0, 1 bytes",
      "  3: open /d",
      "  4: write /d at 0, 8 bytes",
      "  5: remove /j",
      "power is cut before call 6 (sync directory /); of what no sync had covered:",
      "  lost  /d: write of 8 bytes at 0",
      "  kept  /j: removed name",
      "promised: 1 acknowledged of 2 announced",
  };
  EXPECT_EQ(report.failure->story, expected) << report.summary();
}

TEST(CrashStoryTest, IsTheSameWhenItIsReplayed) {
  const CrashReport report = explore_journal();
  ASSERT_FALSE(report.ok());
  const CrashReport again = explore_journal(report.failure->reproduction);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.failure->story, report.failure->story);
}

/// What is told of a run with one crash.
std::vector<std::string> story_of(const simulation::Recording& recording,
                                  const simulation::Moment& moment,
                                  const simulation::Fates& fates) {
  return simulation::tell_story({{&recording, &moment, fates}}, *moment.promises);
}

/// A file that nobody has synced: two writes and its name.
simulation::Recording write_two(simulation::Moment& at_end) {
  simulation::Recording recording;
  recording.simulation =
      std::make_shared<simulation::Simulation>(simulation::Disk(DiskProfile()), 1, FaultPlan());
  const auto file = recording.simulation->open("/f", OpenMode::create, 0600);
  recording.simulation->write(*file, 0, std::string(1024, 'x'));
  recording.simulation->write(*file, 0, "y");
  recording.simulation->close(*file);
  at_end = {recording.simulation->disk(), std::make_shared<const CrashRun::Promises>(), 3};
  return recording;
}

TEST(CrashStoryTest, SaysInWordsWhatBecameOfEachChange) {
  simulation::Moment at_end{.disk = simulation::Disk(DiskProfile()), .promises = nullptr};
  const simulation::Recording recording = write_two(at_end);
  const auto story = story_of(recording, at_end, simulation::parse_decisions("g[01]b0"));
  const std::vector<std::string> expected{
      "the workload, its last calls:",
      "  0: create /f",
      "  1: write /f at 0, 1024 bytes",
      "  2: write /f at 0, 1 bytes",
      "power is cut after the last call; of what no sync had covered:",
      "  kept as garbage  /f: growth to 1024 bytes",
      "  torn [01]  /f: write of 1024 bytes at 0",
      "  kept with garbage around it  /f: write of 1 bytes at 0",
      "  lost  /f: new name",
      "promised: 0 acknowledged of 0 announced",
  };
  EXPECT_EQ(story, expected);
}

TEST(CrashStoryTest, TellsOfTheDeathOfAProcessThatNothingIsLost) {
  simulation::Moment at_end{.disk = simulation::Disk(DiskProfile()), .promises = nullptr};
  const simulation::Recording recording = write_two(at_end);
  EXPECT_EQ(story_of(recording, at_end, std::nullopt).at(4),
            "the process dies after the last call; the system keeps what it has written");
}

TEST(CrashStoryTest, TellsOfACrashBeforeTheFirstCall) {
  simulation::Moment moment{.disk = simulation::Disk(DiskProfile()), .promises = nullptr};
  const simulation::Recording recording = write_two(moment);
  const simulation::Moment at_start{simulation::Disk(DiskProfile()), moment.promises, 0};
  const std::vector<std::string> expected{
      "the workload, before its first call:",
      "power is cut before call 0 (create /f); nothing was pending",
      "promised: 0 acknowledged of 0 announced",
  };
  EXPECT_EQ(story_of(recording, at_start, simulation::Decisions()), expected);
}

TEST(CrashStoryTest, TellsWhichCommitsAreNotDurableYet) {
  const CrashReport report = explore_crashes(
      [](CrashRun& run) {
        Database database = run.open();
        Transaction transaction = database.begin();
        transaction.open<Blob>("blob").append("x");
        run.commit(transaction, "7", Durability::relaxed);
        run.sync(database);
      },
      [](Database&, const CrashHistory& history) {
        if (!history.empty() && history[0].acknowledged) throw std::runtime_error("as wanted");
      });
  const std::string text = report.summary();
  const std::size_t acknowledged = text.find("-- commit '7' is acknowledged, not durable yet");
  ASSERT_NE(acknowledged, std::string::npos) << text;
}

}  // namespace
}  // namespace quire
