#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <set>
#include <string>
#include <thread>

#include "tests/testing/simulated_fixture.h"

// What a sync guarantees and what it does not, one promise each.

namespace quire {
namespace {

using Outcomes = std::set<std::optional<std::string>>;

/// All that 200 power cuts leave of a file.
Outcomes outcomes(const SimulatedFileSystem& files, const std::string& path) {
  Outcomes found;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    found.insert(content(*files.crash(CrashPolicy::random(seed)), path));
  }
  return found;
}

TEST(SimulatedFileSystemTest, ReadsBackWhatWasWrittenBeforeAnySync) {
  SimulatedFileSystem files;
  const auto file = create(files, "/f");
  file->write_at(0, "hello");
  EXPECT_EQ(content(files, "/f"), "hello");
}

TEST(SimulatedFileSystemTest, SyncMakesBytesAndLengthDurable) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "hello");
  EXPECT_EQ(outcomes(files, "/f"), Outcomes{"hello"});
}

TEST(SimulatedFileSystemTest, SyncOfAFileDoesNotMakeItsNameDurable) {
  SimulatedFileSystem files;
  const auto file = create(files, "/f");
  file->write_at(0, "hello");
  file->sync_all();
  EXPECT_EQ(outcomes(files, "/f"), (Outcomes{std::nullopt, "hello"}));
}

TEST(SimulatedFileSystemTest, SyncOfADirectoryDoesNotMakeContentsDurable) {
  SimulatedFileSystem files;
  const auto file = create(files, "/f");
  file->write_at(0, "hello");
  files.sync_directory("/");
  const Outcomes found = outcomes(files, "/f");
  EXPECT_TRUE(found.contains("hello"));
  EXPECT_TRUE(found.contains(""));
  EXPECT_TRUE(found.contains(std::string(5, '\0'))) << "longer, without its data";
  EXPECT_GT(found.size(), 3u) << "longer, with bytes of somebody else";
  EXPECT_FALSE(found.contains(std::nullopt));
}

TEST(SimulatedFileSystemTest, SyncOfAnotherDirectoryOrFileGuaranteesNothing) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "old");
  const auto other = create(files, "/d/g");
  file->write_at(0, "new");
  other->sync_all();
  files.sync_directory("/d");
  EXPECT_EQ(outcomes(files, "/f"), (Outcomes{"old", "new"}));
}

TEST(SimulatedFileSystemTest, WritesSurviveIndependentlyOfTheirOrder) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "..");
  file->write_at(0, "a");
  file->write_at(1, "b");
  EXPECT_EQ(outcomes(files, "/f"), (Outcomes{"..", "a.", ".b", "ab"}));
}

TEST(SimulatedFileSystemTest, WritesTearBetweenSectorsAndNeverWithinOne) {
  SimulatedFileSystem files;
  const std::string old(1024, '.');
  const auto file = create_durable(files, "/f", old);
  file->write_at(0, std::string(1024, 'x'));
  const std::string half(512, '.');
  const std::string new_half(512, 'x');
  EXPECT_EQ(outcomes(files, "/f"),
            (Outcomes{old, new_half + half, half + new_half, new_half + new_half}));
}

TEST(SimulatedFileSystemTest, OverlappingWritesLeaveAnyOneOfThem) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "0");
  file->write_at(0, "1");
  file->write_at(0, "2");
  EXPECT_EQ(outcomes(files, "/f"), (Outcomes{"0", "1", "2"}));
}

TEST(SimulatedFileSystemTest, CutThatIsLostBringsOldBytesBack) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "hello");
  file->truncate(1);
  EXPECT_EQ(outcomes(files, "/f"), (Outcomes{"h", "hello"}));
}

TEST(SimulatedFileSystemTest, ReservedRoomReadsAsZerosOrIsNotThere) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "x");
  file->allocate(1, 2);
  EXPECT_EQ(outcomes(files, "/f"), (Outcomes{"x", std::string("x\0\0", 3)}));
}

TEST(SimulatedFileSystemTest, RenameLeavesTheOldTargetOrTheNew) {
  SimulatedFileSystem files;
  const auto old_file = create_durable(files, "/f", "old");
  const auto new_file = create_durable(files, "/g", "new");
  files.rename("/g", "/f");
  EXPECT_EQ(outcomes(files, "/f"), (Outcomes{"old", "new"}));
  EXPECT_EQ(outcomes(files, "/g"), (Outcomes{std::nullopt, "new"}));
  files.sync_directory("/");
  EXPECT_EQ(outcomes(files, "/f"), Outcomes{"new"});
}

TEST(SimulatedFileSystemTest, RemovedFileMayComeBack) {
  SimulatedFileSystem files;
  create_durable(files, "/f", "x");
  files.remove("/f");
  EXPECT_EQ(content(files, "/f"), std::nullopt);
  EXPECT_EQ(outcomes(files, "/f"), (Outcomes{std::nullopt, "x"}));
}

TEST(SimulatedFileSystemTest, ProcessDeathKeepsAllAndProvesNothing) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "old");
  file->write_at(0, "new");
  const auto after_death = files.crash(CrashPolicy::process_death());
  EXPECT_EQ(content(*after_death, "/f"), "new");
  EXPECT_EQ(outcomes(*after_death, "/f"), (Outcomes{"old", "new"}));
}

TEST(SimulatedFileSystemTest, UnnamedFileEndsWithTheMachine) {
  SimulatedFileSystem files;
  const auto file = files.open_unnamed("/");
  file->write_at(0, "x");
  EXPECT_TRUE(files.pending().empty());
  EXPECT_TRUE(files.list("/").empty());
}

TEST(SimulatedFileSystemTest, CrashLeavesTheRunningMachineAlone) {
  SimulatedFileSystem files;
  const auto file = create(files, "/f");
  file->write_at(0, "x");
  const auto after = files.crash(CrashPolicy::lose_all());
  create(*after, "/f")->write_at(0, "other");
  EXPECT_EQ(content(files, "/f"), "x");
}

TEST(SimulatedFileSystemTest, CrashWhileAThreadWritesIsOneMoment) {
  SimulatedFileSystem files;
  const auto file = files.open("/f", OpenMode::create, 0600);
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::uint64_t i = 0; !done; ++i) {
      file->write_at(i % 64 * 4096, "some bytes");
      if (i % 20 == 0) file->sync_data();
    }
  });
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    EXPECT_NO_THROW(files.crash(CrashPolicy::random(seed)));
  }
  done = true;
  writer.join();
}

TEST(SimulatedFileSystemTest, LocksExcludeOthersUntilClosedOrCrashed) {
  SimulatedFileSystem files;
  auto first = create_durable(files, "/f", "x");
  const auto second = files.open("/f", OpenMode::read_write);
  EXPECT_TRUE(first->try_lock(LockKind::exclusive));
  EXPECT_FALSE(second->try_lock(LockKind::shared));
  const auto after = files.crash(CrashPolicy::process_death());
  EXPECT_TRUE(after->open("/f", OpenMode::read_write)->try_lock(LockKind::exclusive));
  first.reset();
  EXPECT_TRUE(second->try_lock(LockKind::shared));
}

TEST(SimulatedFileSystemTest, SameSeedGivesTheSameBytesTimesAndCrashes) {
  const auto run = [](std::uint64_t seed) {
    SimulatedFileSystem files(seed);
    std::string bytes(16, ' ');
    files.fill_random(std::as_writable_bytes(std::span(bytes)));
    const auto file = create(files, "/f");
    file->write_at(0, bytes);
    const auto after = files.crash(CrashPolicy::keep_all());
    return std::tuple(after->image_hash(), files.decisions(CrashPolicy::random(seed)),
                      files.monotonic_now());
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(SimulatedFileSystemTest, EqualCachesWithOtherThingsPendingAreOtherImages) {
  const auto overwritten = [](const char* before) {
    SimulatedFileSystem files;
    const auto file = create_durable(files, "/f", "...");
    file->write_at(0, before);
    file->write_at(0, "new");
    return files.image_hash();
  };
  EXPECT_NE(overwritten("one"), overwritten("two"));
  const auto removed = [](const char* path) {
    SimulatedFileSystem files;
    create_durable(files, path, "x");
    files.remove(path);
    return files.image_hash();
  };
  EXPECT_NE(removed("/one"), removed("/two"));
}

TEST(SimulatedFileSystemTest, CrashedMachineDrawsOtherRandomBytes) {
  SimulatedFileSystem files(1);
  const auto after = files.crash(CrashPolicy::keep_all());
  std::string bytes(16, ' ');
  std::string other(16, ' ');
  SimulatedFileSystem(1).fill_random(std::as_writable_bytes(std::span(bytes)));
  after->fill_random(std::as_writable_bytes(std::span(other)));
  EXPECT_NE(bytes, other);
}

TEST(SimulatedFileSystemTest, ClockNeverGoesBack) {
  SimulatedFileSystem files;
  const auto first = files.monotonic_now();
  EXPECT_LT(first, files.monotonic_now());
}

TEST(SimulatedFileSystemTest, EachCallIsCountedAndHasAName) {
  SimulatedFileSystem files;
  const auto file = create(files, "/f");
  file->write_at(4096, "abc");
  file->sync_data();
  ASSERT_EQ(files.crash_points(), 3u);
  EXPECT_EQ(files.operation(0), FileOperation::create);
  EXPECT_EQ(files.operation_name(1), "write /f at 4096, 3 bytes");
  EXPECT_EQ(files.operation_name(2), "sync /f");
  EXPECT_THROW(files.operation(3), std::out_of_range);
}

TEST(SimulatedFileSystemTest, RefusesPathsAsAMachineDoes) {
  SimulatedFileSystem files;
  create(files, "/d/f");
  EXPECT_EQ(error_of([&] { files.open("/missing", OpenMode::read_only); }), ENOENT);
  EXPECT_EQ(error_of([&] { files.open("/d", OpenMode::read_only); }), EISDIR);
  EXPECT_EQ(error_of([&] { create(files, "/d/f"); }), EEXIST);
  EXPECT_EQ(error_of([&] { create(files, "/d/f/g"); }), ENOTDIR);
  EXPECT_EQ(error_of([&] { files.link_without_replace("/d/f", "/d/f"); }), EEXIST);
  EXPECT_EQ(files.canonical("a//b/../c/."), "/a/c");
}

TEST(SimulatedFileSystemTest, ReadOnlyOpenCannotWrite) {
  SimulatedFileSystem files;
  create(files, "/f");
  const auto file = files.open("/f", OpenMode::read_only);
  EXPECT_EQ(error_of([&] { file->write_at(0, "x"); }), EBADF);
}

TEST(SimulatedFileSystemTest, StartsNoThreadsSoThatARunIsTheSameEachTime) {
  SimulatedFileSystem files;
  EXPECT_EQ(files.start_thread([] { FAIL() << "no thread runs"; }), nullptr);
}

}  // namespace
}  // namespace quire
