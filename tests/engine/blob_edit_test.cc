// Blob::edit(): what is written in place belongs to the transaction; what is written too late
// belongs to nobody.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

constexpr std::size_t kPage = 4096;

/// A blob in one page below its root, and one inside its root.
class BlobEditTest : public DatabaseTest {
 protected:
  BlobEditTest() {
    open().transact([](Transaction& txn) {
      txn.open<Blob>("long").append(std::string(3 * kPage, 'a'));
      txn.open<Blob>("short").append(std::string(100, 'a'));
    });
  }
  std::string committed(std::string_view name) const {
    return contents(database->snapshot().open<Blob>(name));
  }

  static constexpr std::string_view kNames[] = {"long", "short"};
};

void fill(const MutableBytes& bytes, char letter) {
  std::ranges::fill(bytes, static_cast<std::byte>(letter));
}

TEST_F(BlobEditTest, WritesInPlaceAndCommits) {
  for (const std::string_view name : kNames) {
    std::string expected = committed(name);
    expected.replace(10, 50, 50, 'x');
    Transaction txn = database->begin();
    auto blob = txn.open<Blob>(name);
    MutableBytes bytes = blob.edit(10, 50);
    ASSERT_EQ(bytes.size(), 50u);
    fill(bytes, 'x');
    EXPECT_EQ(contents(blob), expected);
    txn.commit();
    EXPECT_EQ(committed(name), expected);
    crash_and_reopen();
    EXPECT_EQ(committed(name), expected) << "the sum in the log is that of what was written";
  }
}

TEST_F(BlobEditTest, WritingAfterACommitChangesNothing) {
  for (const std::string_view name : kNames) {
    Transaction txn = database->begin();
    auto blob = txn.open<Blob>(name);
    const MutableBytes bytes = blob.edit(0, 100);
    fill(bytes, 'x');
    txn.commit();
    const std::string expected = committed(name);
    fill(bytes, 'y');
    EXPECT_EQ(committed(name), expected);
    database->checkpoint();
    expect_sound(*database);
    Transaction second = database->begin();
    second.open<Blob>(name).set(99, std::byte{'z'});
    fill(bytes, 'y');
    second.commit();
    EXPECT_EQ(committed(name), expected.substr(0, 99) + "z" + expected.substr(100));
  }
}

TEST_F(BlobEditTest, WritingAfterARollbackChangesNothing) {
  for (const std::string_view name : kNames) {
    const std::string expected = committed(name);
    Transaction txn = database->begin();
    const MutableBytes bytes = txn.open<Blob>(name).edit(0, 100);
    fill(bytes, 'x');
    txn.rollback();
    fill(bytes, 'y');
    EXPECT_EQ(committed(name), expected);
  }
}

// What was written after the savepoint once got into what it goes back to.
TEST_F(BlobEditTest, SavepointUndoesWhatIsWrittenAfterItBegan) {
  for (const std::string_view name : kNames) {
    const std::string rest = committed(name).substr(100);
    Transaction txn = database->begin();
    auto blob = txn.open<Blob>(name);
    const MutableBytes bytes = blob.edit(0, 100);
    fill(bytes, 'x');
    Savepoint savepoint = txn.savepoint();
    fill(bytes, 'y');
    blob.set(0, std::byte{'s'});
    EXPECT_EQ(contents(blob), "s" + std::string(99, 'y') + rest) << "it is the blob's still";
    savepoint.rollback();
    EXPECT_EQ(contents(blob), std::string(100, 'x') + rest);
    fill(bytes, 'z');
    EXPECT_EQ(contents(blob), std::string(100, 'x') + rest);
    txn.commit();
    EXPECT_EQ(committed(name), std::string(100, 'x') + rest);
    crash_and_reopen();
    EXPECT_EQ(committed(name), std::string(100, 'x') + rest);
  }
}

TEST_F(BlobEditTest, EachSavepointReturnsToWhatWasWrittenBeforeIt) {
  for (const std::string_view name : kNames) {
    const std::string rest = committed(name).substr(1);
    Transaction txn = database->begin();
    auto blob = txn.open<Blob>(name);
    const MutableBytes bytes = blob.edit(0, 1);
    std::vector<Savepoint> savepoints;
    for (const char letter : {'b', 'c', 'd'}) {
      fill(bytes, letter);
      savepoints.push_back(txn.savepoint());
    }
    fill(bytes, 'e');
    for (const char letter : {'d', 'c', 'b'}) {
      savepoints.back().rollback();
      savepoints.pop_back();
      fill(bytes, '-');
      EXPECT_EQ(contents(blob), letter + rest);
    }
  }
}

TEST_F(BlobEditTest, OutlastsTheReleaseOfSavepointsAndNotTheirRollback) {
  for (const std::string_view name : kNames) {
    const std::string expected = committed(name);
    Transaction txn = database->begin();
    auto blob = txn.open<Blob>(name);
    Savepoint outer = txn.savepoint();
    Savepoint inner = txn.savepoint();
    const MutableBytes bytes = blob.edit(0, 1);
    inner.release();
    fill(bytes, 'x');
    EXPECT_EQ(contents(blob), "x" + expected.substr(1));
    Savepoint later = txn.savepoint();
    fill(bytes, 'y');
    later.release();
    EXPECT_EQ(contents(blob), "y" + expected.substr(1));
    fill(bytes, 'z');
    outer.rollback();
    fill(bytes, 'z');
    EXPECT_EQ(contents(blob), expected);
    txn.commit();
    EXPECT_EQ(committed(name), expected);
  }
}

TEST_F(BlobEditTest, OutlivesTheDatabase) {
  std::optional<Transaction> txn = database->begin();
  MutableBytes bytes = txn->open<Blob>("long").edit(0, 100);
  txn.reset();
  close();
  fill(bytes, 'x');
  const MutableBytes moved = std::move(bytes);
  EXPECT_EQ(moved[99], std::byte{'x'});
}

TEST_F(BlobEditTest, SnapshotsKeepWhatTheySee) {
  const Snapshot before = database->snapshot();
  const Value kept = before.open<Blob>("long").view(0, kPage);
  database->transact([](Transaction& txn) { fill(txn.open<Blob>("long").edit(0, kPage), 'x'); });
  EXPECT_EQ(kept.text(), std::string(kPage, 'a'));
  EXPECT_EQ(contents(before.open<Blob>("long")), std::string(3 * kPage, 'a'));
}

TEST_F(BlobEditTest, OtherCollectionsMayChangeMeanwhile) {
  database->transact([](Transaction& txn) {
    const MutableBytes in_page = txn.open<Blob>("long").edit(kPage, kPage);
    const MutableBytes in_root = txn.open<Blob>("short").edit(0, 100);
    auto table = txn.open<Hash>("table");
    for (int i = 0; i < 1000; ++i) table.put("key " + std::to_string(i), std::string(200, 'v'));
    txn.drop("table");
    txn.open<Blob>("other").append(std::string(100 * kPage, 'o'));
    fill(in_page, 'x');
    fill(in_root, 'x');
  });
  EXPECT_EQ(committed("long"),
            std::string(kPage, 'a') + std::string(kPage, 'x') + std::string(kPage, 'a'));
  EXPECT_EQ(committed("short"), std::string(100, 'x'));
}

TEST_F(BlobEditTest, EndsHarmlesslyWhenItsBytesMoveOrGo) {
  database->transact([](Transaction& txn) {
    auto blob = txn.open<Blob>("short");
    const MutableBytes moved = blob.edit(0, 100);
    blob.append(std::string(2 * kPage - 100, 'b'));
    fill(moved, 'x');
    const MutableBytes overwritten = blob.edit(kPage, kPage);
    blob.write(0, std::string(2 * kPage, 'c'));
    fill(overwritten, 'x');
    const MutableBytes dropped = txn.open<Blob>("long").edit(0, kPage);
    txn.drop("long");
    txn.open<Blob>("other").append(std::string(10 * kPage, 'o'));
    fill(dropped, 'x');
  });
  EXPECT_EQ(committed("short"), std::string(2 * kPage, 'c'));
  EXPECT_EQ(committed("other"), std::string(10 * kPage, 'o'));
}

TEST_F(BlobEditTest, RefusesBytesOfTwoPagesAndBytesThatAreNotThere) {
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("long");
  EXPECT_THROW(blob.edit(kPage - 1, 2), InvalidArgument);
  EXPECT_THROW(blob.edit(3 * kPage - 1, 2), std::out_of_range);
  EXPECT_THROW(blob.edit(UINT64_MAX, 2), std::out_of_range);
  EXPECT_TRUE(blob.edit(3 * kPage, 0).empty());
  fill(blob.edit(0, 1), 'x');
  txn.commit();
  EXPECT_EQ(committed("long").front(), 'x') << "the transaction went on";
}

}  // namespace
}  // namespace quire::testing
