// Savepoints: what they undo, what their end leaves of handles and iterators, and who may end them.

#include <algorithm>

#include "base/ids.h"
#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

using Entries = std::map<std::string, std::string>;

class SavepointTest : public DatabaseTest {
 protected:
  SavepointTest() {
    open().transact([](Transaction& txn) {
      txn.open<Hash>("h").put("k", "old");
      txn.open<Blob>("b").append(std::string(20'000, 'o'));
      txn.open<List>("l").push_back("old");
    });
  }

  /// Changes everything there is, in every way, and makes something new.
  static void change(Transaction& txn) {
    for (int i = 0; i < 300; ++i) txn.open<Hash>("h").put(std::to_string(i), std::string(300, 'x'));
    txn.open<Hash>("h").erase("k");
    txn.open<Blob>("b").resize(1'000'000);
    txn.open<Blob>("b").write(500'000, std::string(200'000, 'y'));
    txn.open<List>("l").clear();
    txn.open<Hash>("new").put("a", "b");
    txn.drop("l");
    txn.rename("b", "c");
  }
  /// Damages the data pages of the blob in the file, or mends them.
  static void flip_pages_of_the_blob(File& file) {
    std::array<std::byte, kPageSize> page;
    for (std::uint64_t at = 0; file.read_at(at, page) == kPageSize; at += kPageSize) {
      if (std::ranges::count(page, std::byte{'o'}) < 3000) continue;
      page[0] ^= std::byte{1};
      file.write_at(at, ByteView(page));
    }
  }
  template <class Session>
  static void expect_old(Session&& session) {
    EXPECT_EQ(session.collections().size(), 3u);
    EXPECT_EQ(contents(session.template open<Hash>("h")), (Entries{{"k", "old"}}));
    EXPECT_EQ(contents(session.template open<Blob>("b")), std::string(20'000, 'o'));
    EXPECT_EQ(contents(session.template open<List>("l")), (std::vector<std::string>{"old"}));
  }
};

// ---- what they undo

TEST_F(SavepointTest, RollsBackEverythingSinceWhenDestroyed) {
  const DatabaseInfo before = database->info();
  Transaction txn = database->begin();
  {
    const Savepoint savepoint = txn.savepoint();
    change(txn);
  }
  expect_old(txn);
  EXPECT_EQ(txn.commit(), 1u) << "nothing is left to commit";
  EXPECT_EQ(database->info().page_count, before.page_count);
  EXPECT_EQ(database->info().free_pages, before.free_pages);
}

TEST_F(SavepointTest, KeepsWhatTheTransactionDidBeforeAndAfter) {
  Transaction txn = database->begin();
  txn.open<Hash>("h").put("before", "1");
  Savepoint savepoint = txn.savepoint();
  txn.open<Hash>("h").put("inside", "2");
  savepoint.rollback();
  txn.open<Hash>("h").put("after", "3");
  txn.commit();
  crash_and_reopen();
  EXPECT_EQ(contents(database->snapshot().open<Hash>("h")),
            (Entries{{"after", "3"}, {"before", "1"}, {"k", "old"}}));
}

TEST_F(SavepointTest, KeepsItsChangesOnceReleased) {
  Transaction txn = database->begin();
  {
    Savepoint savepoint = txn.savepoint();
    txn.open<Hash>("h").put("k", "new");
    savepoint.release();
  }
  txn.commit();
  crash_and_reopen();
  EXPECT_EQ(contents(database->snapshot().open<Hash>("h")), (Entries{{"k", "new"}}));
}

TEST_F(SavepointTest, UndoesAsManyTimesAsItIsAsked) {
  Transaction txn = database->begin();
  for (int i = 0; i < 5; ++i) {
    const Savepoint savepoint = txn.savepoint();
    change(txn);
  }
  expect_old(txn);
  Savepoint last = txn.savepoint();
  change(txn);
  last.release();
  txn.commit();
  EXPECT_EQ(database->snapshot().open<Hash>("h").size(), 300u);
  EXPECT_EQ(database->snapshot().open<Blob>("c").size(), 1'000'000u);
}

TEST_F(SavepointTest, NestsAndEachLevelReturnsToItsOwnMoment) {
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  const auto value = [&] { return table.get("k")->str(); };
  Savepoint one = txn.savepoint();
  table.put("k", "1");
  Savepoint two = txn.savepoint();
  table.put("k", "2");
  Savepoint three = txn.savepoint();
  table.put("k", "3");
  three.rollback();
  EXPECT_EQ(value(), "2");
  two.release();
  EXPECT_EQ(value(), "2");
  one.rollback();
  EXPECT_EQ(value(), "old");
}

TEST_F(SavepointTest, TransactionRollsBackWhateverItsSavepointsDid) {
  {
    Transaction txn = database->begin();
    Savepoint released = txn.savepoint();
    change(txn);
    released.release();
    const Savepoint open = txn.savepoint();
    txn.open<Hash>("other").put("a", "b");
    txn.rollback();
  }
  expect_old(database->snapshot());
}

TEST_F(SavepointTest, CommitTakesWhatOpenSavepointsCouldStillUndo) {
  std::optional<Savepoint> outer, inner;
  {
    Transaction txn = database->begin();
    outer = txn.savepoint();
    txn.open<Hash>("h").put("k", "1");
    inner = txn.savepoint();
    txn.open<Blob>("b").resize(1);
    txn.commit();
  }
  EXPECT_THROW(inner->rollback(), ClosedError);
  outer.reset();
  EXPECT_EQ(database->snapshot().open<Hash>("h").get("k")->text(), "1");
  EXPECT_EQ(database->snapshot().open<Blob>("b").size(), 1u);
}

// ---- handles and iterators

TEST_F(SavepointTest, HandlesOfWhatWasMadeInsideFindNothing) {
  Transaction txn = database->begin();
  Savepoint savepoint = txn.savepoint();
  auto made = txn.open<Hash>("new");
  made.put("a", "b");
  savepoint.rollback();
  EXPECT_THROW(made.size(), NotFound);
  EXPECT_THROW(made.put("c", "d"), NotFound);
  EXPECT_FALSE(txn.find<Hash>("new"));
  auto again = txn.open<List>("new");
  EXPECT_EQ(again.size(), 0u);
  EXPECT_THROW(made.size(), NotFound) << "the next collection may have its id, not its handles";
  txn.commit();
}

TEST_F(SavepointTest, HandlesOfWhatWasDroppedInsideAreValidAgain) {
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  Savepoint savepoint = txn.savepoint();
  txn.drop("h");
  auto other = txn.open<Hash>("h");
  other.put("other", "1");
  EXPECT_THROW(table.size(), NotFound);
  savepoint.rollback();
  EXPECT_EQ(table.get("k")->text(), "old");
  EXPECT_THROW(other.size(), NotFound);
  table.put("k", "new");
  EXPECT_EQ(txn.open<Hash>("h").get("k")->text(), "new") << "both handles are of one collection";
}

TEST_F(SavepointTest, HandlesOfWhatWasRenamedInsideHaveTheOldName) {
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  Savepoint savepoint = txn.savepoint();
  txn.rename("h", "g");
  txn.rename("b", "h");
  auto blob = txn.open<Blob>("h");  // opened under the new name
  EXPECT_EQ(table.name(), "g");
  savepoint.rollback();
  EXPECT_EQ(table.name(), "h");
  EXPECT_EQ(blob.name(), "b");
  EXPECT_EQ(blob.size(), 20'000u);
}

TEST_F(SavepointTest, IteratorsOfWhatWasChangedInsideEnd) {
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  auto list = txn.open<List>("l");
  Savepoint savepoint = txn.savepoint();
  table.put("another", "1");
  auto entry = table.begin();
  const auto item = list.begin();
  savepoint.rollback();
  EXPECT_THROW(++entry, InvalidArgument);
  EXPECT_EQ((*item).text(), "old") << "nothing has changed under it";
}

TEST_F(SavepointTest, ValuesReadInsideOutliveTheRollback) {
  Transaction txn = database->begin();
  Savepoint savepoint = txn.savepoint();
  txn.open<Hash>("h").put("k", std::string(900, 'n'));
  const auto value = txn.open<Hash>("h").get("k");
  savepoint.rollback();
  change(txn);
  EXPECT_EQ(value->text(), std::string(900, 'n'));
}

TEST_F(SavepointTest, RollbackInsideAnUpdateEndsTheUpdate) {
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  Savepoint savepoint = txn.savepoint();
  table.put("k", std::string(3000, 'l'));
  EXPECT_THROW(table.update("k", [&](std::span<std::byte>) { savepoint.rollback(); }),
               InvalidArgument);
  EXPECT_EQ(table.get("k")->text(), "old");
}

// ---- their end

TEST_F(SavepointTest, RollbackOfAnOuterOneEndsTheInnerOnes) {
  Transaction txn = database->begin();
  std::optional<Savepoint> outer = txn.savepoint();
  txn.open<Hash>("h").put("k", "1");
  std::optional<Savepoint> inner = txn.savepoint();
  outer->rollback();
  Savepoint later = txn.savepoint();
  txn.open<Hash>("h").put("k", "2");
  EXPECT_THROW(inner->release(), ClosedError);
  EXPECT_THROW(inner->rollback(), ClosedError);
  inner.reset();
  outer.reset();
  EXPECT_EQ(txn.open<Hash>("h").get("k")->text(), "2") << "a later one has not taken its place";
  later.release();
}

TEST_F(SavepointTest, ReleaseOfAnOuterOneReleasesTheInnerOnes) {
  Transaction txn = database->begin();
  Savepoint outermost = txn.savepoint();
  Savepoint outer = txn.savepoint();
  std::optional<Savepoint> inner = txn.savepoint();
  txn.open<Hash>("h").put("k", "1");
  outer.release();
  EXPECT_THROW(inner->rollback(), ClosedError);
  inner.reset();
  EXPECT_EQ(txn.open<Hash>("h").get("k")->text(), "1");
  outermost.rollback();
  expect_old(txn);
}

TEST_F(SavepointTest, EndsOnce) {
  Transaction txn = database->begin();
  Savepoint released = txn.savepoint();
  released.release();
  EXPECT_THROW(released.release(), ClosedError);
  EXPECT_THROW(released.rollback(), ClosedError);
  Savepoint rolled_back = txn.savepoint();
  rolled_back.rollback();
  EXPECT_THROW(rolled_back.rollback(), ClosedError);
  EXPECT_THROW(rolled_back.release(), ClosedError);
}

TEST_F(SavepointTest, EndsWithItsTransactionAndWithTheDatabase) {
  std::optional<Savepoint> savepoint;
  {
    Transaction txn = database->begin();
    savepoint = txn.savepoint();
    change(txn);
  }
  EXPECT_THROW(savepoint->release(), ClosedError);
  Transaction next = database->begin();  // the savepoint does not hold the writer's place
  savepoint = next.savepoint();
  next.rollback();
  EXPECT_THROW(next.savepoint(), ClosedError);
  close();
  EXPECT_THROW(savepoint->rollback(), ClosedError);
  savepoint.reset();
  expect_old(open().snapshot());
}

TEST_F(SavepointTest, MovesTakeItAlong) {
  static_assert(!std::is_copy_constructible_v<Savepoint>);
  Transaction txn = database->begin();
  Savepoint one = txn.savepoint();
  Savepoint moved = std::move(one);
  EXPECT_THROW(one.release(), ClosedError);  // NOLINT: a moved-from object says so
  txn.open<Hash>("h").put("k", "1");
  Savepoint two = txn.savepoint();
  txn.open<Hash>("h").put("k", "2");
  two = std::move(moved);  // rolls back what it held
  EXPECT_EQ(txn.open<Hash>("h").get("k")->text(), "1");
  two.rollback();
  expect_old(txn);
}

// ---- a transaction that was stopped half-way

TEST_F(SavepointTest, HealsATransactionThatAnErrorStoppedHalfWay) {
  close();
  open();
  const auto file = files->open(kPath, OpenMode::read_write);
  flip_pages_of_the_blob(*file);
  Transaction txn = database->begin();
  txn.open<Hash>("h").put("k", "before");
  {
    const Savepoint outer = txn.savepoint();
    Savepoint inner = txn.savepoint();
    EXPECT_THROW(txn.open<Blob>("b").write(100, "x"), CorruptionError);
    EXPECT_THROW(txn.open<Hash>("h").put("k", "after"), InvalidArgument);
    EXPECT_THROW(txn.savepoint(), InvalidArgument) << "nothing sound to return to";
    inner.release();
    EXPECT_THROW(txn.open<Hash>("h").put("k", "after"), InvalidArgument) << "the change is kept";
  }
  txn.open<Hash>("h").put("l", "after");
  txn.commit();
  flip_pages_of_the_blob(*file);
  crash_and_reopen();
  EXPECT_EQ(contents(database->snapshot().open<Hash>("h")),
            (Entries{{"k", "before"}, {"l", "after"}}));
}

}  // namespace
}  // namespace quire::testing
