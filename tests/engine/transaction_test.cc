#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

using TransactionTest = DatabaseTest;

TEST_F(TransactionTest, ReadsItsOwnChangesAndNobodyElseDoes) {
  open();
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  table.put("k", "v");
  EXPECT_EQ(table.get("k")->text(), "v");
  EXPECT_EQ(txn.open<Hash>("h").get("k")->text(), "v");
  EXPECT_FALSE(database->snapshot().find<Hash>("h"));
  txn.commit();
  EXPECT_EQ(database->snapshot().open<Hash>("h").get("k")->text(), "v");
}

TEST_F(TransactionTest, LeavesNoTraceWhenRolledBack) {
  open().transact([](Transaction& txn) {
    txn.open<Hash>("h").put("k", "old");
    txn.open<Blob>("b").append("old");
  });
  const DatabaseInfo before = database->info();
  {
    Transaction txn = database->begin();
    for (int i = 0; i < 500; ++i) txn.open<Hash>("h").put(std::to_string(i), std::string(300, 'x'));
    txn.open<Hash>("h").erase("k");
    txn.open<Blob>("b").resize(1'000'000);
    txn.open<Blob>("b").write(500'000, std::string(200'000, 'y'));
    txn.open<Hash>("new").put("a", "b");
    txn.drop("b");
  }
  const DatabaseInfo after = database->info();
  EXPECT_EQ(after.page_count, before.page_count);
  EXPECT_EQ(after.free_pages, before.free_pages);
  EXPECT_EQ(contents(database->snapshot().open<Hash>("h")),
            (std::map<std::string, std::string>{{"k", "old"}}));
  EXPECT_EQ(contents(database->snapshot().open<Blob>("b")), "old");
  EXPECT_FALSE(database->snapshot().find<Hash>("new"));
  EXPECT_EQ(database->stats().rollbacks, 1u);
}

TEST_F(TransactionTest, SpansCollectionsOfAllKinds) {
  open().transact([](Transaction& txn) {
    for (int i = 0; i < 20; ++i) {
      txn.open<Hash>("hash" + std::to_string(i)).put("n", std::to_string(i));
      txn.open<Blob>("blob" + std::to_string(i))
          .append(std::string(static_cast<std::size_t>(i) * 1000, 'x'));
    }
  });
  EXPECT_EQ(database->info().seq, 1u);
  crash_and_reopen();
  EXPECT_EQ(database->snapshot().collections().size(), 40u);
  EXPECT_EQ(database->snapshot().open<Blob>("blob19").size(), 19'000u);
}

TEST_F(TransactionTest, ThatChangedNothingIsNoCommit) {
  open().transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "v"); });
  Transaction txn = database->begin();
  EXPECT_EQ(txn.open<Hash>("h").get("k")->text(), "v");
  EXPECT_EQ(txn.commit(), 1u);
  EXPECT_EQ(database->info().seq, 1u);
}

TEST_F(TransactionTest, NumbersItsCommits) {
  open();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    Transaction txn = database->begin();
    txn.open<Hash>("h").put(std::to_string(i), "v");
    EXPECT_EQ(txn.commit(), i);
  }
  crash_and_reopen();
  Transaction txn = database->begin();
  txn.open<Hash>("h").put("4", "v");
  EXPECT_EQ(txn.commit(), 4u);
}

TEST_F(TransactionTest, HandlesOfOneCollectionAgree) {
  open();
  Transaction txn = database->begin();
  auto one = txn.open<Hash>("h");
  auto two = txn.open<Hash>("h");
  one.put("a", "1");
  two.put("b", "2");
  EXPECT_EQ(one.size(), 2u);
  EXPECT_EQ(two.size(), 2u);
  txn.rename("h", "g");
  EXPECT_EQ(one.name(), "g");
  EXPECT_TRUE(txn.drop("g"));
  EXPECT_THROW(one.size(), NotFound);
  EXPECT_THROW(two.put("c", "3"), NotFound);
  auto again = txn.open<Hash>("g");
  EXPECT_EQ(again.size(), 0u);
  EXPECT_THROW(one.size(), NotFound)
      << "a handle of the dropped one does not become one of the new one";
}

TEST_F(TransactionTest, CreateRefusesAnExistingNameAndFindMakesNothing) {
  open();
  Transaction txn = database->begin();
  EXPECT_FALSE(txn.find<Hash>("h"));
  txn.create<Hash>("h").put("k", "v");
  EXPECT_THROW(txn.create<Hash>("h"), KeyExists);
  EXPECT_THROW(txn.create<Blob>("h"), TypeMismatch);
  EXPECT_TRUE(txn.find<Hash>("h"));
  txn.commit();
  EXPECT_EQ(database->snapshot().open<Hash>("h").size(), 1u)
      << "a refused call leaves the transaction usable";
}

TEST_F(TransactionTest, DropGivesEveryPageBack) {
  open().transact([](Transaction& txn) { txn.open<Hash>("other").put("k", "v"); });
  database->transact([](Transaction& txn) {
    for (int i = 0; i < 300; ++i)
      txn.open<Hash>("h").put(std::to_string(i),
                              std::string(static_cast<std::size_t>(i) * 50, 'v'));
    txn.open<Blob>("b").append(std::string(3'000'000, 'x'));
  });
  const std::uint64_t used = database->info().page_count - database->info().free_pages;
  EXPECT_GT(used, 700u);
  EXPECT_TRUE(database->transact([](Transaction& txn) { return txn.drop("h") && txn.drop("b"); }));
  EXPECT_FALSE(database->transact([](Transaction& txn) { return txn.drop("h"); }));
  database->checkpoint();  // frees what the drops have left for later
  EXPECT_EQ(database->info().page_count - database->info().free_pages, 7u)
      << "5 and the table 'other'";
}

TEST_F(TransactionTest, RenameKeepsContentAndRefusesATakenName) {
  open().transact([](Transaction& txn) {
    txn.open<Hash>("a").put("k", "a");
    txn.open<Hash>("b").put("k", "b");
  });
  Transaction txn = database->begin();
  EXPECT_THROW(txn.rename("a", "b"), KeyExists);
  EXPECT_THROW(txn.rename("none", "c"), NotFound);
  EXPECT_THROW(txn.rename("a", ""), InvalidArgument);
  txn.rename("a", "c");
  txn.rename("b", "b");
  txn.commit();
  EXPECT_FALSE(database->snapshot().find<Hash>("a"));
  EXPECT_EQ(database->snapshot().open<Hash>("c").get("k")->text(), "a");
}

TEST_F(TransactionTest, EndsItsHandles) {
  open();
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  txn.commit();
  EXPECT_TRUE(txn.has_ended());
  EXPECT_THROW(table.put("k", "v"), ClosedError);
  EXPECT_THROW(table.size(), ClosedError);
  EXPECT_THROW(txn.open<Hash>("h"), ClosedError);
  EXPECT_THROW(txn.commit(), ClosedError);
  txn.rollback();
}

TEST_F(TransactionTest, MovesTakeTheTransactionAlong) {
  open();
  Transaction txn = database->begin();
  txn.open<Hash>("h").put("k", "v");
  Transaction moved = std::move(txn);
  EXPECT_THROW(txn.commit(), ClosedError);  // NOLINT: a moved-from object says so
  moved.commit();
  Transaction next = database->begin();
  next.open<Hash>("h").put("l", "v");
  next = std::move(moved);  // rolls back what it held
  EXPECT_EQ(database->begin().open<Hash>("h").size(), 1u);
}

TEST_F(TransactionTest, ValuesOutliveIt) {
  open();
  std::optional<Value> short_value, long_value, blob_part;
  {
    Transaction txn = database->begin();
    auto table = txn.open<Hash>("h");
    table.put("s", "short");
    table.put("l", std::string(900, 'l'));
    auto blob = txn.open<Blob>("b");
    blob.append(std::string(10'000, 'b'));
    short_value = table.get("s");
    long_value = table.get("l");
    blob_part = blob.view(100, 2000);
    table.put("l", std::string(900, 'L'));
    blob.write(0, std::string(10'000, 'B'));
  }
  EXPECT_EQ(short_value->text(), "short");
  EXPECT_EQ(long_value->text(), std::string(900, 'l')) << "later changes do not show";
  EXPECT_EQ(blob_part->text(), std::string(2000, 'b'));
}

TEST_F(TransactionTest, ReusesFreedPagesOfEarlierCommits) {
  open();
  for (int round = 0; round < 20; ++round) {
    database->transact([&](Transaction& txn) {
      txn.drop("b");
      txn.open<Blob>("b").append(std::string(400'000, static_cast<char>('a' + round)));
    });
  }
  EXPECT_LT(database->info().page_count, 5u + 3 * 100u);
}

TEST_F(TransactionTest, GrowsOverAGroupOfTheSpaceMap) {
  open().transact([](Transaction& txn) {
    auto blob = txn.open<Blob>("b");
    const std::string part(1 << 20, 'x');
    for (int i = 0; i < 70; ++i) blob.append(part);  // 17,920 pages; a group has 16,128
  });
  EXPECT_GT(database->info().page_count, 17'920u);
  crash_and_reopen();
  EXPECT_EQ(database->snapshot().open<Blob>("b").size(), std::uint64_t{70} << 20);
  database->transact([](Transaction& txn) { txn.drop("b"); });
  database->checkpoint();  // frees what the drop has left for later, and cuts it off
  EXPECT_EQ(database->info().page_count, 5u) << "the second map page too";
  EXPECT_EQ(database->info().file_bytes, 5u * 4096u);
}

}  // namespace
}  // namespace quire::testing
