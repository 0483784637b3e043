#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "tests/testing/simulated_fixture.h"

// A tiny write-ahead protocol: two halves of a record in two files must stay equal, with the new
// value first in a log. Each of its syncs is left out in turn; the explorer must see each.

namespace quire {
namespace {

enum Step : unsigned {
  kSyncLog = 1,
  kSyncLogName = 2,
  kSyncHalves = 4,
  kBelieveNothing = 8,  // of recovery: the log may be in the cache only
  kNothingLeftOut = 0,
};

constexpr const char* kLog = "/log";
constexpr const char* kHalves[] = {"/left", "/right"};

void overwrite(FileSystem& files, const std::string& path, ByteView bytes, bool sync) {
  const auto file = files.open(path, OpenMode::read_write);
  file->write_at(0, bytes);
  if (sync) file->sync_data();
}

std::string sealed(const std::string& value) {
  return value + std::to_string(std::hash<std::string>()(value));
}

void write_halves(FileSystem& files, const std::string& value, unsigned left_out) {
  for (const char* half : kHalves) overwrite(files, half, value, (left_out & kSyncHalves) == 0);
  files.remove(kLog);  // if that is lost, the halves are written once more
}

void set(FileSystem& files, const std::string& value, unsigned left_out) {
  const auto log = create(files, kLog);
  log->write_at(0, sealed(value));
  if ((left_out & kSyncLog) == 0) log->sync_data();
  if ((left_out & kSyncLogName) == 0) files.sync_directory("/");
  write_halves(files, value, left_out);
}

void recover(FileSystem& files, unsigned left_out) {
  const auto log = content(files, kLog);
  if (!log) return;
  const std::string value = log->substr(0, 4);
  if (*log == sealed(value)) {
    if ((left_out & kBelieveNothing) == 0) {
      overwrite(files, kLog, *log, true);
      files.sync_directory("/");
    }
    write_halves(files, value, kNothingLeftOut);
  } else {
    files.remove(kLog);
    files.sync_directory("/");
  }
}

CrashReport explore_toy(unsigned left_out, CrashOptions options = {}) {
  const auto workload = [left_out](CrashRun& run) {
    for (const char* half : kHalves) create_durable(run.files(), half, "val0");
    for (const char* value : {"val0", "val1", "val2"}) {
      const auto announced = run.announce(value);
      set(run.files(), value, left_out);
      run.acknowledge(announced);
    }
  };
  const auto reopen = [left_out](CrashRun& run) {
    const CrashHistory& history = run.promises()->history;
    if (history.empty()) return;  // not yet made
    recover(run.files(), left_out);
    const std::string left = content(run.files(), kHalves[0]).value_or("");
    const std::string right = content(run.files(), kHalves[1]).value_or("");
    if (left != right) throw std::runtime_error(left + " is not " + right);
    std::string least = "val0";
    for (const CrashCommit& commit : history) {
      if (commit.acknowledged) least = commit.note;
    }
    if (left < least || left > std::max(least, history.back().note)) {
      throw std::runtime_error(left + " is not from " + least + " to " + history.back().note);
    }
  };
  options.recover_one_in = 2;
  return explore_program_crashes(workload, reopen, options);
}

TEST(ExploreProgramCrashesTest, FindsNothingInACorrectProtocol) {
  const CrashReport report = explore_toy(kNothingLeftOut);
  EXPECT_TRUE(report.ok()) << report.summary();
  EXPECT_GT(report.images, 50u);
  EXPECT_GT(report.recovery_images, 10u);
  EXPECT_GT(report.duplicates, 10u);
}

class LeftOutSyncTest : public ::testing::TestWithParam<Step> {};

TEST_P(LeftOutSyncTest, IsFound) {
  const CrashReport report = explore_toy(GetParam());
  ASSERT_FALSE(report.ok()) << report.summary();
  EXPECT_NE(report.summary().find("reproduce with: "), std::string::npos);
}

TEST_P(LeftOutSyncTest, ReproducesFromItsReport) {
  const CrashReport report = explore_toy(GetParam());
  ASSERT_FALSE(report.ok());
  CrashOptions options;
  options.reproduce = report.failure->reproduction;
  const CrashReport again = explore_toy(GetParam(), options);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.failure->message, report.failure->message);
  EXPECT_LE(again.images, 2u);
}

INSTANTIATE_TEST_SUITE_P(EachSync, LeftOutSyncTest,
                         ::testing::Values(kSyncLog, kSyncLogName, kSyncHalves, kBelieveNothing));

TEST(ExploreProgramCrashesTest, CountsAreTheSameForTheSameSeed) {
  EXPECT_EQ(explore_toy(kNothingLeftOut).summary(), explore_toy(kNothingLeftOut).summary());
}

/// Overwrites a value of several pages in its place, which takes the promise of the old one back if
/// it is done in part.
CrashReport explore_long_write(CrashOptions options = {}) {
  const auto workload = [](CrashRun& run) {
    const auto file = create_durable(run.files(), "/f", std::string(9000, 'a'));
    for (const char value : {'a', 'b'}) {
      const auto announced = run.announce(std::string(1, value));
      file->write_at(0, std::string(9000, value));
      run.acknowledge(announced, Durability::relaxed);
    }
  };
  const auto reopen = [](CrashRun& run) {
    const CrashHistory& history = run.promises()->history;
    const bool is_promised = std::any_of(history.begin(), history.end(),
                                         [](const CrashCommit& commit) { return commit.relaxed; });
    const std::string found = content(run.files(), "/f").value_or("");
    if (is_promised && found.find_first_not_of(found.front()) != std::string::npos) {
      throw std::runtime_error("neither the old value nor the new one");
    }
  };
  return explore_program_crashes(workload, reopen, options);
}

TEST(ExploreProgramCrashesTest, ProcessMayDieWithinALongWrite) {
  const CrashReport report = explore_long_write();
  ASSERT_FALSE(report.ok());
  const std::string& line = report.failure->reproduction;
  EXPECT_TRUE(line.ends_with("+:p")) << line;
  EXPECT_NE(report.summary().find("the process dies within call"), std::string::npos)
      << report.summary();
  const CrashReport again = explore_long_write({.reproduce = line});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.failure->story, report.failure->story);
}

TEST(CrashReportTest, CountsOneOfAKindAsOne) {
  CrashReport report;
  report.operations = report.points = report.images = 1;
  EXPECT_TRUE(
      report.summary().starts_with("1 call, no commit announced, 1 moment and 0 in recovery: 1 "
                                   "distinct image (0 in recovery), 0 seen before"))
      << report.summary();
}

TEST(ExploreProgramCrashesTest, StopsAtItsBudget) {
  CrashOptions options;
  options.max_images = 10;
  EXPECT_EQ(explore_toy(kNothingLeftOut, options).images, 10u);
}

TEST(ExploreProgramCrashesTest, DepthOneDoesNotCrashRecovery) {
  CrashOptions options;
  options.depth = 1;
  EXPECT_EQ(explore_toy(kNothingLeftOut, options).recovery_images, 0u);
}

/// A recovery that works twice: what the first and the second attempt leave is more than the third
/// can bear.
CrashReport explore_three_attempts(CrashOptions options) {
  const auto reopen = [](CrashRun& run) {
    const std::string name = run.files().status("/one") ? "/two" : "/one";
    if (run.files().status("/two")) throw std::runtime_error("no third attempt");
    create_durable(run.files(), name, "x");
    run.files().remove(name);
    run.files().sync_directory("/");
    if (name == "/two") run.files().remove("/one");
  };
  options.recover_one_in = 1;
  return explore_program_crashes([](CrashRun& run) { create_durable(run.files(), "/f", "x"); },
                                 reopen, options);
}

TEST(ExploreProgramCrashesTest, DepthThreeCrashesTheRecoveryFromACrashInRecovery) {
  CrashOptions options;
  EXPECT_TRUE(explore_three_attempts(options).ok());
  options.depth = 3;
  const CrashReport report = explore_three_attempts(options);
  ASSERT_FALSE(report.ok());
  const std::string& line = report.failure->reproduction;
  EXPECT_EQ(std::count(line.begin(), line.end(), '/'), 2) << line;
  options.reproduce = line;
  const CrashReport again = explore_three_attempts(options);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.failure->message, "no third attempt");
}

TEST(ExploreProgramCrashesTest, ReproductionNamesTheSeedItself) {
  CrashOptions options;
  options.seed = 77;
  const CrashReport report = explore_toy(kSyncHalves, options);
  ASSERT_FALSE(report.ok());
  EXPECT_TRUE(report.failure->reproduction.starts_with("77@"));
  CrashOptions other;
  other.seed = 5;
  other.images_per_point = 1;
  other.reproduce = report.failure->reproduction;
  const CrashReport again = explore_toy(kSyncHalves, other);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.failure->reproduction, report.failure->reproduction);
  other.reproduce = "seven@1:0";
  EXPECT_THROW(explore_toy(kSyncHalves, other), InvalidArgument);
}

TEST(ExploreProgramCrashesTest, RunThatAWatcherComplainsOfHasFailed) {
  CrashOptions options;
  options.watch = [] {
    return [](const DiskCall& call) {
      if (call.operation == FileOperation::remove) throw std::runtime_error("not the log!");
    };
  };
  try {
    explore_toy(kNothingLeftOut, options);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("remove /log: not the log!"), std::string::npos)
        << error.what();
  }
}

TEST(ExploreProgramCrashesTest, WorkloadThatFailsIsNoReport) {
  const auto fails = [](CrashRun& run) { create_durable(run.files(), "/d/f/", ""), throw 1; };
  EXPECT_ANY_THROW(explore_program_crashes(fails, [](CrashRun&) {}));
}

TEST(ExploreProgramCrashesTest, RefusesACaseThatDoesNotExist) {
  CrashOptions options;
  options.reproduce = "100000:0";
  EXPECT_THROW(explore_toy(kNothingLeftOut, options), InvalidArgument);
}

}  // namespace
}  // namespace quire
