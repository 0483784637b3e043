#include "tests/testing/protocol_observer.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pager/header_slots.h"
#include "tests/support/tried.h"
#include "tests/testing/engine_workload.h"

// First that the engine breaks no rule; then that each rule is looked at: syncs are left out, and
// calls are made behind the engine's back that it must never make.

namespace quire::testing {
namespace {

const std::string kPath = CrashOptions().path;
constexpr const char* kSegment = "/crash.quire-wal.000001";

/// A disk, a database on it, and somebody who watches.
class WatchedRun {
 public:
  explicit WatchedRun(FaultPlan plan = {}, Options options = torture::small_options())
      : files(1, std::move(plan)),
        run(files, kPath, std::move(options), std::make_shared<const CrashRun::Promises>()) {
    files.watch([this](const DiskCall& call) { observer.see(call); });
  }

  void commit(const EngineWorkload::Change& change, Database& database) {
    Transaction transaction = database.begin();
    ModelledTransaction modelled(transaction);
    change(modelled);
    run.commit(transaction, "");
  }

  std::string complaint() const {
    const auto all = files.complaints();
    return all.empty() ? "" : all.front();
  }

  SimulatedFileSystem files;
  ProtocolObserver observer{kPath};
  CrashRun run;
};

void small_change(ModelledTransaction& change) {
  change.write("blob", 0, std::string(5000, 'x'));
  change.put("table", "key", "value");
}

class WorkloadProtocolTest : public ::testing::TestWithParam<std::string> {};

TEST_P(WorkloadProtocolTest, BreaksNoRule) {
  const EngineWorkload& workload = engine_workloads().at(GetParam());
  WatchedRun watched({}, workload.options());
  workload.run(watched.run);
  EXPECT_EQ(watched.complaint(), "");
  tried("calls under the eyes of the protocol observer", watched.files.crash_points());
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& [name, workload] : engine_workloads()) all.push_back(name);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Workloads, WorkloadProtocolTest, ::testing::ValuesIn(names()),
                         [](const auto& instance) { return instance.param; });

/// What is complained of first, for each call of this name, when it does nothing.
std::vector<std::string> complaints_without_syncs(const std::string& what) {
  const auto program = [](WatchedRun& watched) {
    Database database = watched.run.open();
    watched.commit(small_change, database);
    database.checkpoint();
    watched.commit([](ModelledTransaction& change) { change.write("blob", 0, "y"); }, database);
    database.close();
  };
  WatchedRun honest;
  program(honest);
  EXPECT_EQ(honest.complaint(), "");
  std::vector<std::string> complaints;
  for (std::uint64_t call = 0; call < honest.files.crash_points(); ++call) {
    if (honest.files.operation_name(call) != what) continue;
    WatchedRun lying({{{FaultKind::sync_lies, call, 1}}});
    program(lying);
    complaints.push_back(lying.complaint());
  }
  return complaints;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(ProtocolObserverTest, MissesEachSyncOfTheLog) {
  const auto complaints = complaints_without_syncs(std::string("sync ") + kSegment);
  ASSERT_GE(complaints.size(), 2u);
  for (const std::string& complaint : complaints) {
    EXPECT_TRUE(contains(complaint, "L4") || contains(complaint, "L7")) << complaint;
  }
}

TEST(ProtocolObserverTest, MissesEachSyncOfTheFile) {
  const auto complaints = complaints_without_syncs("sync " + kPath);
  ASSERT_GE(complaints.size(), 7u);
  for (const std::string& complaint : complaints) {
    EXPECT_TRUE(contains(complaint, "I28") || contains(complaint, "F2") ||
                contains(complaint, "F3"))
        << complaint;
  }
}

TEST(ProtocolObserverTest, MissesEachSyncOfASegmentBeforeItGetsItsName) {
  WatchedRun honest;
  {
    Database database = honest.run.open();
    honest.commit(small_change, database);
  }
  for (std::uint64_t call = 0; call < honest.files.crash_points(); ++call) {
    if (!honest.files.operation_name(call).starts_with("sync /crash.quire-")) continue;
    if (honest.files.operation_name(call).find("-new.") == std::string::npos) continue;
    WatchedRun lying({{{FaultKind::sync_lies, call, 1}}});
    Database database = lying.run.open();
    lying.commit(small_change, database);
    EXPECT_TRUE(contains(lying.complaint(), "P11")) << lying.complaint();
  }
}

/// A database that is open, and files that somebody else changes.
class MeddlingTest : public ::testing::Test {
 protected:
  MeddlingTest() : database_(watched_.run.open()) {
    watched_.commit(small_change, database_);
    database_.checkpoint();
    watched_.commit(small_change, database_);
    EXPECT_EQ(watched_.complaint(), "");
  }

  std::unique_ptr<File> file(const std::string& path) {
    return watched_.files.open(path, OpenMode::read_write);
  }
  static std::string page(char letter) { return std::string(kPageSize, letter); }
  /// What is complained of first: what is undone by then does not matter any more.
  void expect(const std::string& rule) {
    EXPECT_TRUE(contains(watched_.complaint(), rule)) << "'" << watched_.complaint() << "'";
  }

  WatchedRun watched_;
  Database database_;
};

TEST_F(MeddlingTest, PageThatTheLogDoesNotHoldIsNoticed) {
  file(kPath)->write_at(4 * kPageSize, page('m'));
  expect("I26");
}

TEST_F(MeddlingTest, SegmentThatIsNeededMustNotGo) {
  watched_.files.remove("/crash.quire-wal.000002");
  expect("I27");
}

TEST_F(MeddlingTest, HeaderMustNotVouchForPagesThatAreNotSaved) {
  const auto base = file(kPath);
  base->sync_data();  // of slot 1, which the engine leaves to its next checkpoint
  pager::HeaderSlots slots(*base);
  slots.read(true);
  pager::Header header = slots.header();
  header.generation += 1;
  header.checkpoint_seq += 1;
  slots.write(0, header);
  expect("I28");
}

TEST_F(MeddlingTest, LogMustNotBeRewritten) {
  file("/crash.quire-wal.000002")->write_at(4096, page('m'));
  expect("I30");
}

TEST_F(MeddlingTest, SameBytesMayBeWrittenAgain) {
  const auto log = file("/crash.quire-wal.000002");
  std::string bytes(kPageSize, ' ');
  log->read_at(4096, std::as_writable_bytes(std::span(bytes)));
  log->write_at(4096, bytes);
  EXPECT_EQ(watched_.complaint(), "");
}

TEST_F(MeddlingTest, FileMustNotBeCutBelowWhatItHolds) {
  file(kPath)->truncate(5 * kPageSize);
  expect("S3");
}

TEST_F(MeddlingTest, SegmentMustKeepItsSize) {
  file("/crash.quire-wal.000002")->truncate(kPageSize);
  expect("L1");
}

/// Early pages in the room of a blob that only a snapshot sees any more.
std::string complaint_of_early_pages(bool engine_knows_the_snapshot) {
  Options options = torture::small_options();
  options.cache_size = std::size_t{64} << 10;
  WatchedRun watched({}, options);
  Database database = watched.run.open();
  const auto fill = [](const std::string& blob) {
    return [blob](ModelledTransaction& change) {
      for (std::size_t page = 0; page < 36; ++page) {
        change.write(blob, page * kPageSize, std::string(kPageSize, blob[0]));
      }
    };
  };
  watched.commit(fill("old"), database);
  database.checkpoint();
  Snapshot snapshot = database.snapshot();
  watched.observer.hold(snapshot.seq());
  watched.commit([](ModelledTransaction& change) { change.resize("old", 0); }, database);
  if (!engine_knows_the_snapshot) snapshot = database.snapshot();
  watched.commit(fill("new"), database);
  EXPECT_GT(database.stats().pages_written_early, 0u);
  return watched.complaint();
}

TEST(ProtocolObserverTest, EarlyPagesLeaveAloneWhatASnapshotSees) {
  EXPECT_EQ(complaint_of_early_pages(true), "");
}

TEST(ProtocolObserverTest, EarlyPagesOverWhatASnapshotSeesAreNoticed) {
  EXPECT_TRUE(contains(complaint_of_early_pages(false), "I29"));
}

}  // namespace
}  // namespace quire::testing
