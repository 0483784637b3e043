#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string>

#include "tests/testing/simulated_fixture.h"

namespace quire {
namespace {

constexpr std::uint64_t kForever = Fault::kForever;

/// Each call once; the errno of each.
std::vector<int> try_all(SimulatedFileSystem& files) {
  std::string buffer(4, ' ');
  std::unique_ptr<File> file;
  std::vector<int> errors;
  const auto note = [&](const auto& call) { errors.push_back(error_of(call)); };
  note([&] { file = files.open("/f", OpenMode::read_write); });
  note([&] { create(files, "/new"); });
  note([&] { create_durable(files, "/f2", "x"); });
  note([&] { files.rename("/f", "/g"); });
  note([&] { files.link_without_replace("/g", "/h"); });
  note([&] { files.remove("/g"); });
  note([&] { files.list("/"); });
  note([&] { files.sync_directory("/"); });
  note([&] { files.status("/h"); });
  return errors;
}

TEST(SimulatedFaultsTest, AnyCallCanFailFromACallOnForEver) {
  SimulatedFileSystem files;
  create_durable(files, "/f", "x");
  files.set_faults({{{FaultKind::io_error, files.crash_points(), kForever}}});
  for (const int error : try_all(files)) EXPECT_EQ(error, EIO);
  files.set_faults({});
  EXPECT_EQ(files.list("/"), std::vector<std::string>{"f"});
}

TEST(SimulatedFaultsTest, FailsExactlyAsOftenAsPlanned) {
  SimulatedFileSystem files(1, {{{FaultKind::io_error, 2, 2}}});
  const auto file = create(files, "/f");
  file->write_at(0, "1");
  EXPECT_EQ(error_of([&] { file->write_at(0, "2"); }), EIO);
  EXPECT_EQ(error_of([&] { file->sync_data(); }), EIO);
  EXPECT_EQ(error_of([&] { file->sync_data(); }), 0);
  EXPECT_EQ(content(files, "/f"), "1");
  ASSERT_EQ(files.injected().size(), 2u);
  EXPECT_EQ(files.injected()[0], "2: write /f at 0, 1 bytes");
}

TEST(SimulatedFaultsTest, KindWaitsForACallThatCanFailSo) {
  SimulatedFileSystem files(1, {{{FaultKind::no_space, 0, 1}, {FaultKind::quota, 2, 1}}});
  EXPECT_EQ(error_of([&] { create(files, "/f"); }), ENOSPC);
  const auto file = create(files, "/f");
  file->sync_all();
  EXPECT_EQ(error_of([&] { file->allocate(0, 10); }), EDQUOT);
  EXPECT_EQ(file->status().size, 0u) << "as long as before";
}

TEST(SimulatedFaultsTest, OtherErrorsHaveTheirNumbers) {
  SimulatedFileSystem files(
      1, {{{FaultKind::too_many_files, 0, 1}, {FaultKind::access_denied, 1, 1}}});
  EXPECT_EQ(error_of([&] { create(files, "/f"); }), EMFILE);
  EXPECT_EQ(error_of([&] { create(files, "/f"); }), EACCES);
  EXPECT_EQ(error_of([&] { create(files, "/f"); }), 0);
}

TEST(SimulatedFaultsTest, PartialWriteLeavesAProperPrefix) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", std::string(1000, '.'));
  files.set_faults({{{FaultKind::partial_write, 0, 1}}});
  EXPECT_EQ(error_of([&] { file->write_at(0, std::string(1000, 'x')); }), EIO);
  const std::string found = content(files, "/f").value();
  const std::size_t written = found.find('.');
  ASSERT_NE(written, std::string::npos);
  EXPECT_EQ(found, std::string(written, 'x') + std::string(1000 - written, '.'));
}

TEST(SimulatedFaultsTest, CompleteWriteIsDoneThoughItFails) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "old");
  files.set_faults({{{FaultKind::complete_write, 0, 2}}});
  EXPECT_EQ(error_of([&] { file->write_at(0, "new"); }), EIO);
  EXPECT_EQ(error_of([&] { files.rename("/f", "/g"); }), EIO);
  EXPECT_EQ(content(files, "/g"), "new");
}

TEST(SimulatedFaultsTest, FurtherErrorsHaveTheirNumbersAndDoNothing) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", "old");
  const std::pair<FaultKind, int> kinds[] = {{FaultKind::interrupted, EINTR},
                                             {FaultKind::read_only, EROFS}};
  for (const auto& [kind, number] : kinds) {
    files.set_faults({{{kind, 0, 1}}});
    EXPECT_EQ(error_of([&] { file->write_at(0, "new"); }), number);
    EXPECT_EQ(content(files, "/f"), "old");
  }
  files.set_faults({{{FaultKind::too_large, 0, 3}}});
  EXPECT_EQ(error_of([&] { file->write_at(0, "new"); }), EFBIG);
  EXPECT_EQ(error_of([&] { file->allocate(0, 100); }), EFBIG);
  EXPECT_EQ(error_of([&] { file->truncate(100); }), EFBIG);
  EXPECT_EQ(file->status().size, 3u);
}

TEST(SimulatedFaultsTest, ReadMayEndEarlyOrBeWrongOnce) {
  SimulatedFileSystem files;
  const std::string whole(100, 'x');
  create_durable(files, "/f", whole);
  const auto file = files.open("/f", OpenMode::read_only);
  std::string buffer(100, ' ');
  const auto read = [&] { return file->read_at(0, std::as_writable_bytes(std::span(buffer))); };
  files.set_faults({{{FaultKind::short_read, 0, 1}}});
  EXPECT_LT(read(), 100u);
  files.set_faults({{{FaultKind::wrong_read, 0, 1}}});
  EXPECT_EQ(read(), 100u);
  EXPECT_EQ(std::count(buffer.begin(), buffer.end(), 'x'), 99);
  EXPECT_EQ(read(), 100u);
  EXPECT_EQ(buffer, whole);
}

TEST(SimulatedFaultsTest, BadSectorStaysBadUntilItIsRewritten) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", std::string(2048, 'x'));
  std::string buffer(10, ' ');
  const auto read_error = [&](FileSystem& where, std::uint64_t offset) {
    return error_of([&] {
      where.open("/f", OpenMode::read_only)
          ->read_at(offset, std::as_writable_bytes(std::span(buffer)));
    });
  };
  files.set_faults({{{FaultKind::bad_sector, files.crash_points(), 1}}});
  EXPECT_EQ(read_error(files, 600), EIO);
  EXPECT_EQ(read_error(files, 1020), EIO) << "the same sector";
  EXPECT_EQ(read_error(files, 1024), 0);
  file->write_at(600, "in part");
  EXPECT_EQ(read_error(files, 600), EIO);
  file->write_at(512, std::string(512, 'y'));
  EXPECT_EQ(read_error(files, 600), 0) << "it is in the cache";
  EXPECT_EQ(read_error(*files.crash(CrashPolicy::lose_all()), 600), EIO);
  EXPECT_EQ(read_error(*files.crash(CrashPolicy::keep_all()), 600), 0);
  file->sync_data();
  EXPECT_EQ(read_error(*files.crash(CrashPolicy::lose_all()), 600), 0);
}

TEST(SimulatedFaultsTest, WriteBackMakesSomeOfItDurableWithoutASync) {
  SimulatedFileSystem files;
  const auto file = create_durable(files, "/f", std::string(100, '.'));
  for (std::uint64_t offset = 0; offset < 100; ++offset) file->write_at(offset, "x");
  files.set_faults({{{FaultKind::write_back, 0, 1}}});
  files.status("/f");
  const std::string disk = content(*files.crash(CrashPolicy::lose_all()), "/f").value();
  const auto there = std::count(disk.begin(), disk.end(), 'x');
  EXPECT_GT(there, 10);
  EXPECT_EQ(files.pending().size(), static_cast<std::size_t>(100 - there));
  EXPECT_EQ(content(files, "/f"), std::string(100, 'x'));
}

/// A file on the disk with "old", "new" written over it, and a sync that fails so.
struct FailingSync {
  explicit FailingSync(FaultKind kind) {
    file->write_at(0, "new");
    files.set_faults({{{kind, files.crash_points(), 1}}});
  }
  std::string on_disk() { return content(*files.crash(CrashPolicy::keep_all()), "/f").value(); }
  int sync() {
    return error_of([&] { file->sync_data(); });
  }

  SimulatedFileSystem files{3};
  std::unique_ptr<File> file = create_durable(files, "/f", "old");
};

TEST(SimulatedFaultsTest, FailedSyncLosesWhatReadsGoOnToReturn) {
  FailingSync sync(FaultKind::sync_loses);
  EXPECT_EQ(sync.sync(), EIO);
  EXPECT_EQ(content(sync.files, "/f"), "new");
  EXPECT_EQ(sync.sync(), 0) << "the pages count as clean";
  EXPECT_EQ(sync.on_disk(), "old");
}

TEST(SimulatedFaultsTest, FailedSyncMayRevertWhatReadsReturn) {
  FailingSync sync(FaultKind::sync_reverts);
  EXPECT_EQ(sync.sync(), EIO);
  EXPECT_EQ(content(sync.files, "/f"), "old");
  EXPECT_EQ(sync.sync(), 0);
}

TEST(SimulatedFaultsTest, FailureMayBeReportedByTheNextSync) {
  FailingSync sync(FaultKind::sync_reports_late);
  EXPECT_EQ(sync.sync(), 0);
  EXPECT_EQ(sync.on_disk(), "new");
  sync.file->write_at(0, "two");
  EXPECT_EQ(sync.sync(), EIO);
  EXPECT_EQ(sync.on_disk(), "new");
  EXPECT_EQ(sync.sync(), 0);
}

TEST(SimulatedFaultsTest, FailedSyncMayKeepSome) {
  FailingSync sync(FaultKind::sync_keeps_some);
  sync.files.set_faults({});
  sync.file->truncate(32);
  sync.file->sync_all();
  sync.files.set_faults({{{FaultKind::sync_keeps_some, 0, 1}}});
  for (std::uint64_t offset = 0; offset < 32; ++offset) sync.file->write_at(offset, "x");
  EXPECT_EQ(sync.sync(), EIO);
  EXPECT_TRUE(sync.files.pending().empty());
  const std::string disk = sync.on_disk();
  EXPECT_NE(disk.find('x'), std::string::npos);
  EXPECT_LT(std::count(disk.begin(), disk.end(), 'x'), 32);
  EXPECT_EQ(content(sync.files, "/f"), std::string(32, 'x'));
}

TEST(SimulatedFaultsTest, RoomMayTurnOutToBeMissingWhenItIsSynced) {
  FailingSync sync(FaultKind::sync_no_space);
  EXPECT_EQ(sync.sync(), ENOSPC);
  EXPECT_TRUE(sync.files.pending().empty());
}

TEST(SimulatedFaultsTest, EvictionShowsWhatAFailedSyncHasLost) {
  FailingSync sync(FaultKind::sync_loses);
  EXPECT_EQ(sync.sync(), EIO);
  const auto other = create(sync.files, "/other");
  other->write_at(0, "pending");
  sync.files.set_faults({{{FaultKind::evict, 0, 1}}});
  sync.files.status("/f");
  EXPECT_EQ(content(sync.files, "/f"), "old");
  EXPECT_EQ(content(sync.files, "/other"), "pending");
}

TEST(SimulatedFaultsTest, FailureMayBeToldToEachOpenOnce) {
  FailingSync sync(FaultKind::sync_tells_each);
  const auto other = sync.files.open("/f", OpenMode::read_write);
  EXPECT_EQ(sync.sync(), EIO);
  const auto later = sync.files.open("/f", OpenMode::read_write);
  EXPECT_EQ(error_of([&] { later->sync_data(); }), 0);
  EXPECT_EQ(error_of([&] { other->sync_data(); }), EIO);
  EXPECT_EQ(error_of([&] { other->sync_data(); }), 0);
  EXPECT_EQ(sync.on_disk(), "old");
}

TEST(SimulatedFaultsTest, SyncThatLiesLeavesAllPending) {
  FailingSync sync(FaultKind::sync_lies);
  EXPECT_EQ(sync.sync(), 0);
  EXPECT_EQ(sync.files.pending().size(), 1u);
  sync.files.rename("/f", "/g");
  sync.files.set_faults({{{FaultKind::sync_lies, 0, 1}}});
  sync.files.sync_directory("/");
  EXPECT_EQ(sync.files.pending().size(), 2u);
}

TEST(SimulatedFaultsTest, EachKindHasANameOfItsOwn) {
  constexpr int kKinds = static_cast<int>(FaultKind::evict) + 1;
  std::set<std::string_view> names;
  for (int kind = 0; kind < kKinds; ++kind) names.insert(to_string(static_cast<FaultKind>(kind)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kKinds));
  EXPECT_EQ(to_string(FaultKind::sync_loses), "a sync loses");
}

TEST(SimulatedFaultsTest, PlainErrorOfASyncLosesNothing) {
  FailingSync sync(FaultKind::io_error);
  EXPECT_EQ(sync.sync(), EIO);
  EXPECT_EQ(sync.sync(), 0);
  EXPECT_EQ(sync.on_disk(), "new");
}

}  // namespace
}  // namespace quire
