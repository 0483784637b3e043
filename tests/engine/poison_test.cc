// What a failing disk does to a database: the commit that met it, the snapshots that go on, the file afterwards.

#include <cerrno>

#include "tests/support/database_test.h"
#include "tests/support/faulty_file_system.h"

namespace quire::testing {
namespace {

class PoisonTest : public DatabaseTest {
 protected:
  PoisonTest() : faulty(*files) { options.file_system = &faulty; }

  /// Every operation whose name begins with `operation` fails from now on.
  void fail(const std::string& operation, int error_number) {
    faulty.fail = [=](const std::string& what) {
      return what.starts_with(operation) ? error_number : 0;
    };
  }
  void heal() {
    faulty.fail = [](const std::string&) { return 0; };
  }
  void heal_and_reopen() {
    heal();
    database.reset();
    open();
  }
  void put(const std::string& value) {
    database->transact([&](Transaction& txn) { txn.open<Hash>("h").put("k", value); });
  }
  std::string get() { return database->snapshot().open<Hash>("h").get("k")->str(); }

  FaultyFileSystem faulty;
};

TEST_F(PoisonTest, AfterAFailedSyncSnapshotsSeeTheLastCommitAndWritingIsOver) {
  open();
  put("1");
  database->checkpoint();
  put("2");
  std::optional<Snapshot> before = database->snapshot();
  fail("sync", EIO);
  try {
    put("3");
    FAIL() << "a failed sync is no commit";
  } catch (const IoError& error) {
    EXPECT_TRUE(error.outcome_unknown());
    EXPECT_EQ(error.file(), kPath);
  }
  EXPECT_EQ(get(), "2");
  EXPECT_EQ(before->open<Hash>("h").get("k")->text(), "2");
  EXPECT_EQ(database->snapshot().seq(), 2u);
  before.reset();
  heal();
  EXPECT_THROW(put("4"), IoError) << "only reopening heals";
  EXPECT_THROW(database->checkpoint(), IoError);
  EXPECT_THROW(database->sync(), IoError);
  heal_and_reopen();
  EXPECT_TRUE(get() == "2" || get() == "3");
  put("5");
  EXPECT_EQ(get(), "5");
}

TEST_F(PoisonTest, AFailedWriteOfTheLogPoisonsToo) {
  open();
  put("1");
  fail("write", EIO);
  EXPECT_THROW(put("2"), IoError);
  EXPECT_EQ(get(), "1");
  heal_and_reopen();
  EXPECT_TRUE(get() == "1" || get() == "2");
}

// A commit of many pages writes chunks before it publishes: nobody can have seen it yet.
TEST_F(PoisonTest, AFailedWriteAheadOfALargeCommitPoisonsAndIsNoCommit) {
  options.cache_size = std::size_t{64} << 10;
  const auto overwrite = [&](char fill) {
    database->transact(
        [&](Transaction& txn) { txn.open<Blob>("b").write(0, std::string(800'000, fill)); });
  };
  open();
  overwrite('1');
  database->checkpoint();
  const Stats before = database->stats();
  fail("write test.quire-wal", EIO);
  try {
    overwrite('2');
    FAIL() << "a failed write is no commit";
  } catch (const IoError& error) {
    EXPECT_FALSE(error.outcome_unknown());
  }
  EXPECT_EQ(database->stats().commits, before.commits) << "it was not published";
  EXPECT_THROW(database->checkpoint(), IoError);
  EXPECT_EQ(contents(database->snapshot().open<Blob>("b")), std::string(800'000, '1'));
  heal_and_reopen();
  EXPECT_EQ(contents(database->snapshot().open<Blob>("b")), std::string(800'000, '1'));
  overwrite('3');
  EXPECT_EQ(contents(database->snapshot().open<Blob>("b")), std::string(800'000, '3'));
}

TEST_F(PoisonTest, AFullDiskRollsTheTransactionBackAndTheNextOneGoesOn) {
  open();
  put("1");
  fail("allocate", ENOSPC);
  EXPECT_THROW(database->transact([](Transaction& txn) {
    txn.open<Hash>("h").put("k", "2");
    txn.open<Blob>("b").append(std::string(5'000'000, 'x'));
  }),
               OutOfSpace);
  EXPECT_EQ(get(), "1");
  put("3");
  EXPECT_EQ(get(), "3");
  heal();
  database->transact(
      [](Transaction& txn) { txn.open<Blob>("b").append(std::string(5'000'000, 'x')); });
  EXPECT_EQ(database->snapshot().open<Blob>("b").size(), 5'000'000u);
}

TEST_F(PoisonTest, AFullDiskInTheFirstCommitHarmsNothing) {
  open();
  fail("write", ENOSPC);
  EXPECT_THROW(put("1"), OutOfSpace);
  EXPECT_TRUE(database->snapshot().collections().empty());
  heal();
  put("2");
  EXPECT_EQ(get(), "2");
}

TEST_F(PoisonTest, AFailedCloseLeavesAFileThatTheNextOpenRecovers) {
  open();
  put("1");
  fail("sync", EIO);
  EXPECT_THROW(database->close(), IoError);
  heal_and_reopen();
  EXPECT_EQ(get(), "1");
}

}  // namespace
}  // namespace quire::testing
