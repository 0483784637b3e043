#include "testing/power_cut.h"

#include <gtest/gtest.h>

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
