#include "testing/power_cut.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include <quire/error.h>

#include "tests/testing/simulated_fixture.h"

namespace quire {
namespace {

using simulation::PendingChange;

TEST(CrashPolicyTest, PrintedDecisionsReplayToTheSameImage) {
  SimulatedFileSystem files;
  const auto file = create(files, "/f");
  file->write_at(0, std::string(3000, 'a'));
  file->write_at(100, std::string(3000, 'b'));
  files.rename("/f", "/g");
  std::set<std::uint64_t> images;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const CrashPolicy policy = CrashPolicy::random(seed);
    const std::uint64_t image = files.crash(policy)->image_hash();
    images.insert(image);
    EXPECT_EQ(files.crash(CrashPolicy::replay(files.decisions(policy)))->image_hash(), image);
  }
  EXPECT_GT(images.size(), 20u);
}

TEST(CrashPolicyTest, NamedPoliciesDecideWhatTheySay) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "...");
  for (const std::uint64_t offset : {0, 1, 2}) file->write_at(offset, "x");
  const auto after = [&](const CrashPolicy& policy) {
    return content(*files.crash(policy), "/f").value();
  };
  EXPECT_EQ(files.pending().size(), 3u);
  EXPECT_EQ(after(CrashPolicy::lose_all()), "...");
  EXPECT_EQ(after(CrashPolicy::keep_all()), "xxx");
  EXPECT_EQ(after(CrashPolicy::keep_prefix(2)), "xx.");
  EXPECT_EQ(after(CrashPolicy::keep_one(1)), ".x.");
  EXPECT_EQ(after(CrashPolicy::drop_one(1)), "x.x");
  EXPECT_EQ(files.decisions(CrashPolicy::drop_one(1)), "101");
  EXPECT_EQ(files.decisions(CrashPolicy::process_death()), "p");
}

TEST(CrashPolicyTest, RefusesDecisionsThatDoNotFit) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", std::string(1024, '.'));
  file->write_at(0, std::string(1024, 'x'));
  for (const char* text : {"", "11", "g", "[1]", "[111]", "[1", "x"}) {
    EXPECT_THROW(files.crash(CrashPolicy::replay(text)), InvalidArgument) << text;
  }
  EXPECT_NO_THROW(files.crash(CrashPolicy::replay("[10]")));
  EXPECT_THROW(files.crash(CrashPolicy::keep_one(1)), InvalidArgument);
  EXPECT_THROW(files.crash(CrashPolicy::keep_prefix(2)), InvalidArgument);
}

TEST(CrashPolicyTest, RenameToAnotherDirectoryMayLeaveBothNamesOrNone) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/a/f", "x");
  files.sync_directory("/a");
  files.rename("/a/f", "/b/f");
  const auto names_after = [&](const CrashPolicy& policy) {
    const auto after = files.crash(policy);
    return std::string(after->status("/a/f") ? "a" : "") + (after->status("/b/f") ? "b" : "");
  };
  EXPECT_EQ(names_after(CrashPolicy::lose_all()), "a");
  EXPECT_EQ(names_after(CrashPolicy::replay("10")), "ab");
  EXPECT_EQ(names_after(CrashPolicy::replay("01")), "");
  EXPECT_EQ(names_after(CrashPolicy::keep_all()), "b");
  files.sync_directory("/b");
  EXPECT_EQ(names_after(CrashPolicy::lose_all()), "ab");
  files.sync_directory("/a");
  EXPECT_EQ(names_after(CrashPolicy::lose_all()), "b");
}

/// What a torn write of 'x' leaves of a file of dots.
std::string after_tearing(std::size_t bytes, std::uint64_t offset, const std::string& decisions,
                          DiskProfile profile = {}) {
  SimulatedFileSystem files(1, {}, profile);
  const auto file = create_durable(files, "/f", std::string(3 * 4096, '.'));
  file->write_at(offset, std::string(bytes, 'x'));
  return content(*files.crash(CrashPolicy::replay(decisions)), "/f").value();
}

TEST(TearingTest, SectorMayKeepItsBeginningOrItsEnd) {
  const std::string begin = after_tearing(512, 512, "[<]");
  EXPECT_EQ(begin.find_first_not_of('x', 512), begin.find('.', 512));
  EXPECT_EQ(begin.substr(1024), std::string(begin.size() - 1024, '.'));
  const std::string end = after_tearing(512, 512, "[>]");
  EXPECT_EQ(end[1023], 'x');
  EXPECT_EQ(std::count(begin.begin(), begin.end(), 'x') + std::count(end.begin(), end.end(), 'x'),
            512);
}

TEST(TearingTest, SectorMayBeGarbage) {
  const std::string found = after_tearing(1024, 0, "[1?]");
  EXPECT_EQ(found.substr(0, 512), std::string(512, 'x'));
  EXPECT_LT(std::count(found.begin() + 512, found.begin() + 1024, 'x'), 20);
  EXPECT_EQ(found[1024], '.');
}

TEST(TearingTest, SectorMayBeUnreadable) {
  EXPECT_EQ(error_of([] { after_tearing(1024, 0, "[1!]"); }), EIO);
}

TEST(TearingTest, SpoiledBlockIsGarbageAroundWhatWasWritten) {
  const std::string found = after_tearing(100, 4096 + 50, "b", {.spoils_blocks = true});
  EXPECT_EQ(found.substr(0, 4096), std::string(4096, '.'));
  EXPECT_EQ(found.substr(4096 + 50, 100), std::string(100, 'x'));
  EXPECT_LT(std::count(found.begin() + 4096, found.begin() + 8192, '.'), 100);
  EXPECT_EQ(found.substr(8192), std::string(4096, '.'));
}

/// All ways to decide on a write of 12 sectors at 512, as a disk of this profile has them.
std::set<std::string> ways_to_tear(const DiskProfile& profile) {
  SimulatedFileSystem files(1, {}, profile);
  const auto file = create_durable(files, "/f", std::string(3 * 4096, '.'));
  file->write_at(512, std::string(12 * 512, 'x'));
  std::set<std::string> found;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    found.insert(files.decisions(CrashPolicy::random(seed)));
  }
  return found;
}

TEST(TearingTest, WholeBlocksTearOnlyBetweenThem) {
  EXPECT_EQ(ways_to_tear({.tearing = Tearing::blocks}),
            (std::set<std::string>{"0", "1", "[000000000000]", "[111111100000]", "[000000011111]",
                                   "[111111111111]"}));
}

TEST(TearingTest, EachProfileHasItsOwnOddSectors) {
  const auto any_with = [](Tearing tearing, const char* odd) {
    for (const std::string& way : ways_to_tear({.tearing = tearing})) {
      if (way.find_first_of(odd) != std::string::npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(any_with(Tearing::bytes, "<"));
  EXPECT_TRUE(any_with(Tearing::bytes, ">"));
  EXPECT_TRUE(any_with(Tearing::garbage, "?"));
  EXPECT_TRUE(any_with(Tearing::unreadable, "!"));
  EXPECT_FALSE(any_with(Tearing::sectors, "<>?!"));
}

TEST(DiskProfileTest, DataSyncMayLeaveTheLengthBehind) {
  SimulatedFileSystem files(1, {}, {.data_sync_leaves_length = true});
  const auto file = create_durable(files, "/f", "");
  file->write_at(0, "long");
  file->sync_data();
  EXPECT_EQ(content(*files.crash(CrashPolicy::lose_all()), "/f"), "");
  EXPECT_EQ(content(*files.crash(CrashPolicy::keep_all()), "/f"), "long");
  file->sync_all();
  EXPECT_EQ(content(*files.crash(CrashPolicy::lose_all()), "/f"), "long");
}

TEST(DiskProfileTest, DiskMayLieOfEverySync) {
  SimulatedFileSystem files(1, {}, {.syncs_lie = true});
  create_durable(files, "/f", "x");
  EXPECT_EQ(content(*files.crash(CrashPolicy::lose_all()), "/f"), std::nullopt);
}

std::set<std::string> texts(const std::vector<simulation::Decisions>& all) {
  std::set<std::string> found;
  for (const auto& decisions : all) found.insert(to_string(decisions));
  return found;
}

TEST(ChooseDecisionsTest, FewChangesAreTriedInAllSubsetsAndTornWays) {
  const std::vector<PendingChange> changes{{4, false, ""}, {0, true, ""}, {0, false, ""}};
  const auto found = texts(simulation::choose_decisions(changes, 1000, 1));
  for (const char* text : {"000", "001", "010", "011", "100", "101", "110", "111", "0g0", "1g1",
                           "[1000]00", "[0111]11", "[1100]00", "[0011]11", "[0001]00"}) {
    EXPECT_TRUE(found.contains(text)) << text;
  }
}

TEST(ChooseDecisionsTest, ManyChangesAreTriedOneByOneAndByPrefix) {
  const std::vector<PendingChange> changes(20);
  const auto found = texts(simulation::choose_decisions(changes, 1000, 1));
  for (std::size_t index = 0; index < 20; ++index) {
    std::string text(20, '0');
    EXPECT_TRUE(found.contains(text.replace(index, 1, "1"))) << index;
    text = std::string(20, '1');
    EXPECT_TRUE(found.contains(text.replace(index, 1, "0"))) << index;
    EXPECT_TRUE(found.contains(std::string(index, '1') + std::string(20 - index, '0'))) << index;
  }
}

/// Keeps two or more behind a lost one, and loses two or more: no prefix, no single exception.
bool is_mixed(const std::string& text) {
  const std::string tail = text.substr(std::min(text.find('0'), text.size()));
  return std::count(tail.begin(), tail.end(), '1') > 1 &&
         std::count(text.begin(), text.end(), '0') > 1;
}

TEST(ChooseDecisionsTest, ManyChangesAreKeptAndLostInAnyOrderHoweverSmallTheBudget) {
  const std::vector<PendingChange> changes(20);
  for (const std::size_t budget : {4, 40}) {
    std::size_t seeds = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto found = texts(simulation::choose_decisions(changes, budget, seed));
      if (std::any_of(found.begin(), found.end(), is_mixed)) ++seeds;
    }
    EXPECT_GT(seeds, 10u) << budget;
  }
}

TEST(ChooseDecisionsTest, BudgetKeepsTheTwoSimplestFirst) {
  const std::vector<PendingChange> changes(20);
  const auto all = simulation::choose_decisions(changes, 5, 1);
  ASSERT_EQ(all.size(), 5u);
  EXPECT_EQ(to_string(all[0]), std::string(20, '0'));
  EXPECT_EQ(to_string(all[1]), std::string(20, '1'));
  EXPECT_EQ(texts(all), texts(simulation::choose_decisions(changes, 5, 1)));
  EXPECT_EQ(simulation::choose_decisions({}, 5, 1).size(), 1u);
}

}  // namespace
}  // namespace quire
