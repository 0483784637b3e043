#include <algorithm>

#include "base/ids.h"
#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

class RecoveryTest : public DatabaseTest {
 protected:
  void put(const std::string& key, const std::string& value) {
    database->transact([&](Transaction& txn) { txn.open<Hash>("h").put(key, value); });
  }
  std::map<std::string, std::string> table() {
    return contents(database->snapshot().open<Hash>("h"));
  }
};

TEST_F(RecoveryTest, KeepsEveryCommitOfAKilledProcess) {
  open();
  std::map<std::string, std::string> model;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::string key = std::to_string(round * 7 + i);
      put(key, std::string(static_cast<std::size_t>(i) * 100, 'v'));
      model[key] = std::string(static_cast<std::size_t>(i) * 100, 'v');
    }
    crash_and_reopen();
    EXPECT_EQ(database->info().recovered_commits, 20u);
    EXPECT_EQ(table(), model);
    expect_sound(*database);
  }
}

TEST_F(RecoveryTest, LosesAnOpenTransactionAsAWhole) {
  open();
  put("k", "committed");
  Transaction txn = database->begin();
  txn.open<Hash>("h").put("k", "not yet");
  txn.open<Blob>("b").append(std::string(1'000'000, 'x'));
  crash();
  txn.rollback();
  open();
  EXPECT_EQ(table().at("k"), "committed");
  EXPECT_FALSE(database->snapshot().find<Blob>("b"));
}

TEST_F(RecoveryTest, LeavesACleanFileWithoutALog) {
  open();
  put("k", "v");
  crash_and_reopen();
  EXPECT_EQ(files->list("/dir").size(), 1u);
  EXPECT_EQ(database->info().wal_bytes, 0u);
  EXPECT_EQ(database->info().checkpoint_seq, 1u);
}

TEST_F(RecoveryTest, IsRepeatedWithTheSameResultWhenItIsCutShort) {
  open();
  for (int i = 0; i < 50; ++i) put(std::to_string(i), std::string(1000, 'v'));
  crash();
  const auto first = copy_of(*files, "/dir");
  open();
  const auto once = table();
  close();
  // The same image again, with the base as the finished recovery has left it but the old header: a
  // crash before the header was written.
  const auto done = files->open(kPath, OpenMode::read_only);
  std::vector<std::byte> bytes(done->status().size - 2 * kPageSize);
  done->read_at(2 * kPageSize, bytes);
  const auto again = first->open(kPath, OpenMode::read_write);
  again->write_at(2 * kPageSize, ByteView(bytes));
  Options on_copy = options;
  on_copy.file_system = first.get();
  const Database second = Database::open(kPath, on_copy);
  EXPECT_EQ(contents(second.snapshot().open<Hash>("h")), once);
  expect_sound(second);
}

TEST_F(RecoveryTest, CrashAfterACheckpointReplaysOnlyWhatCameAfterIt) {
  open();
  for (int i = 0; i < 30; ++i) put(std::to_string(i), "old");
  database->checkpoint();
  for (int i = 0; i < 3; ++i) put(std::to_string(i), "new");
  crash_and_reopen();
  EXPECT_EQ(database->info().recovered_commits, 3u);
  EXPECT_EQ(table().at("2"), "new");
  EXPECT_EQ(table().at("29"), "old");
}

TEST_F(RecoveryTest, HandlesACommitLargerThanASegment) {
  options.wal_segment_size = 64 << 10;
  options.wal_limit = 1 << 20;
  open().transact([](Transaction& txn) { txn.open<Blob>("b").append(std::string(3 << 20, 'x')); });
  put("k", "v");
  crash_and_reopen();
  EXPECT_EQ(database->snapshot().open<Blob>("b").size(), std::uint64_t{3} << 20);
  EXPECT_EQ(table().at("k"), "v");
}

TEST_F(RecoveryTest, ReadOnlySeesTheSameAndWritesNothing) {
  open();
  for (int i = 0; i < 20; ++i) put(std::to_string(i), std::string(500, 'v'));
  crash();
  const auto before = copy_of(*files, "/dir");
  options.read_only = true;
  open();
  EXPECT_EQ(table().size(), 20u);
  EXPECT_EQ(database->info().recovered_commits, 20u);
  expect_sound(*database);
  close();
  for (const std::string& name : before->list("/dir")) {
    const auto was = before->open("/dir/" + name, OpenMode::read_only);
    const auto is = files->open("/dir/" + name, OpenMode::read_only);
    std::vector<std::byte> old_bytes(was->status().size), new_bytes(is->status().size);
    was->read_at(0, old_bytes);
    is->read_at(0, new_bytes);
    EXPECT_EQ(old_bytes, new_bytes) << name;
  }
  options.read_only = false;
}

TEST_F(RecoveryTest, TellsTheEventHandlerWhatItDid) {
  open();
  put("a", "1");
  put("b", "2");
  std::vector<Event> events;
  options.on_event = [&](const Event& event) { events.push_back(event); };
  crash_and_reopen();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, Event::Kind::recovery);
  EXPECT_EQ(events[0].commits, 2u);
  put("c", "3");
  database->checkpoint();
  EXPECT_EQ(events.back().kind, Event::Kind::checkpoint);
  close();
  EXPECT_EQ(events.size(), 3u) << "closing is a checkpoint too";
  options.on_event = {};
}

TEST_F(RecoveryTest, RemovesWhatUnfinishedCreationsLeftBehind) {
  open();
  put("k", "v");
  close();
  files->open(std::string(kPath) + "-new.0123456789abcdef", OpenMode::create);
  files->open(std::string(kPath) + "-wal-new.0123456789abcdef", OpenMode::create);
  open();
  EXPECT_EQ(files->list("/dir"), std::vector<std::string>{"test.quire"});
}

TEST_F(RecoveryTest, NeverDeletesAFileThatOnlyHasASimilarName) {
  const std::string path = kPath;
  std::vector<std::string> others;
  for (const char* suffix : {"2", "-new.quire", "-new.0123456789abcdeg", "-wal-new.db",
                             "-wal-new.0123456789abcdef0", "-wal.1", "-wal.000001.bak"}) {
    others.push_back(path + suffix);
    files->open(others.back(), OpenMode::create)->write_at(0, "somebody's");
  }
  // A database that is called as our first segment would be.
  Database::open(path + "-wal.000001", options).transact([](Transaction& txn) {
    txn.open<Hash>("h").put("mine", "yes");
  });
  open();
  put("k", "v");
  close();
  for (const std::string& other : others) EXPECT_TRUE(files->status(other)) << other;
  const auto names = files->list("/dir");
  const auto aside = std::find_if(names.begin(), names.end(), [](const std::string& name) {
    return name.find("-wal-aside.") != std::string::npos;
  });
  ASSERT_NE(aside, names.end());
  const Database kept = Database::open("/dir/" + *aside, options);
  EXPECT_EQ(kept.snapshot().open<Hash>("h").get("mine")->text(), "yes");
}

}  // namespace
}  // namespace quire::testing
