// The second budget of memory, as large as the cache but at least 64 MiB: what a transaction has
// changed and what snapshots keep must fit into it (decision 10).

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "tests/support/database_test.h"
#include "tests/support/sizes.h"

namespace quire::testing {
namespace {

constexpr std::size_t kBudget = 64 * kMiB;
constexpr std::size_t kLarge = kBudget / kMiB + 16;  // MiB

class MemoryBudgetTest : public DatabaseTest {
 protected:
  MemoryBudgetTest() { options.cache_size = kMiB; }

  static std::string block(char fill) { return std::string(kMiB, fill); }

  /// Overwrites a blob that is larger than the budget until that is refused: its pages belong to
  /// commits, so they cannot be early pages. Returns how many MiB went in before.
  static std::size_t fill(Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    for (std::size_t written = 0; written < kLarge; ++written) {
      try {
        blob.write(written * kMiB, block('x'));
      } catch (const OutOfSpace& error) {
        expect_advice(error, "commit in smaller steps");
        return written;
      }
    }
    ADD_FAILURE() << "nothing stops it";
    return 0;
  }
  static void expect_advice(const OutOfSpace& error, const std::string& advice) {
    EXPECT_EQ(error.file(), kPath);
    const std::string what = error.what();
    EXPECT_EQ(what.find(kPath), 0u) << what;
    EXPECT_NE(what.find(advice), std::string::npos) << what;
  }
  void put(const std::string& key, const std::string& value) {
    database->transact([&](Transaction& txn) { txn.open<Hash>("table").put(key, value); });
  }
  std::string get(const std::string& key) {
    return database->snapshot().open<Hash>("table").get(key)->str();
  }
  /// Writes the whole of a blob of so many MiB.
  void overwrite(std::size_t size, char fill) {
    database->transact([&](Transaction& txn) {
      auto blob = txn.open<Blob>("blob");
      for (std::size_t i = 0; i < size; ++i) blob.write(i * kMiB, block(fill));
    });
  }
  /// So that the tail of the file is in use.
  void append_end() {
    database->transact([](Transaction& txn) { txn.open<Blob>("end").append(block('e')); });
  }
};

TEST_F(MemoryBudgetTest, LargerTransactionIsRefusedAndRollsBackAsAWhole) {
  open();
  put("before", "1");
  overwrite(kLarge, 'a');
  {
    Transaction txn = database->begin();
    txn.open<Hash>("table").put("within", "2");
    const std::size_t filled = fill(txn);
    EXPECT_GE(filled, kBudget / kMiB - 1);
    EXPECT_LE(filled, kBudget / kMiB);
    EXPECT_THROW(txn.commit(), InvalidArgument) << "a change was stopped half-way";
    txn.rollback();
  }
  EXPECT_EQ(contents(database->snapshot().open<Hash>("table")),
            (std::map<std::string, std::string>{{"before", "1"}}));
  EXPECT_EQ(contents(database->snapshot().open<Blob>("blob")), std::string(kLarge * kMiB, 'a'));
  put("after", "3");
  EXPECT_EQ(get("after"), "3");
}

TEST_F(MemoryBudgetTest, RollingBackGivesAllOfItBack) {
  open();
  overwrite(kLarge, 'a');
  Transaction first = database->begin();
  const std::size_t filled = fill(first);
  first.rollback();
  Transaction second = database->begin();
  EXPECT_EQ(fill(second), filled);
}

TEST_F(MemoryBudgetTest, PagesThatAreMadeAndFreedAgainDoNotAddUp) {
  open();
  Transaction txn = database->begin();
  auto list = txn.open<List>("list");
  for (std::size_t made = 0; made < 2 * kBudget; made += 100 * 900) {
    for (int item = 0; item < 100; ++item) list.push_back(std::string(900, 'x'));
    list.clear();
  }
  txn.commit();
}

TEST_F(MemoryBudgetTest, SavepointBeforeTheChangeThatIsRefusedSavesTheRest) {
  open();
  overwrite(kLarge, 'a');
  database->transact([&](Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    blob.write(0, std::string(40 * kMiB, 'b'));
    Savepoint savepoint = txn.savepoint();
    EXPECT_THROW(blob.write(40 * kMiB, std::string(40 * kMiB, 'x')), OutOfSpace);
    savepoint.rollback();
    blob.write(40 * kMiB, std::string(8 * kMiB, 'c'));
  });
  EXPECT_EQ(contents(database->snapshot().open<Blob>("blob")),
            std::string(40 * kMiB, 'b') + std::string(8 * kMiB, 'c') +
                std::string((kLarge - 48) * kMiB, 'a'));
}

// Snapshots are never refused, nor are reads: the writer is, until some of them end. What still
// fits goes on being committed.
TEST_F(MemoryBudgetTest, SnapshotsThatFillTheBudgetStopLargeTransactionsUntilTheyEnd) {
  constexpr std::size_t kSize = 16;  // MiB
  open();
  overwrite(kSize, 'a');
  std::vector<Snapshot> held;
  char letter = 'a';
  try {
    for (; letter < 'z'; ++letter) {
      held.push_back(database->snapshot());
      overwrite(kSize, static_cast<char>(letter + 1));
    }
    FAIL() << "nothing stops it";
  } catch (const OutOfSpace& error) {
    expect_advice(error, "end old snapshots");
    expect_advice(error, " MiB of it for snapshots");
  }
  // The file holds one of the old versions until a checkpoint overwrites it.
  EXPECT_GE(held.size() * kSize * kMiB, kBudget);
  EXPECT_LE(held.size() * kSize * kMiB, kBudget + 2 * kSize * kMiB);
  database->checkpoint();
  EXPECT_GE(database->stats().frames_old * 4096, (held.size() - 1) * kSize * kMiB);
  for (std::size_t i = 0; i < held.size(); ++i) {
    std::vector<std::byte> last(1);
    held[i].open<Blob>("blob").read(kSize * kMiB - 1, last);
    EXPECT_EQ(std::to_integer<char>(last[0]), static_cast<char>('a' + i)) << "snapshot " << i;
  }

  held.erase(held.begin(), held.begin() + 2);
  put("small", "fits");
  EXPECT_EQ(get("small"), "fits");
  held.clear();
  EXPECT_EQ(database->stats().frames_old, 0u);
  overwrite(kSize, 'z');
}

// What a snapshot still reads of dropped collections cannot be overwritten before the commit. So a
// large transaction takes other pages, and lets the file grow if there are none.
TEST_F(MemoryBudgetTest, ImportPassesOverWhatASnapshotSeesOfDroppedCollections) {
  options.cache_size = 16 * kMiB;
  for (const bool is_tail_cut : {true, false}) {
    open();
    overwrite(kLarge, 'a');
    if (!is_tail_cut) append_end();
    std::optional<Snapshot> before = database->snapshot();
    database->transact([](Transaction& txn) { txn.drop("blob"); });
    database->checkpoint();
    const Stats dropped = database->stats();
    EXPECT_EQ(dropped.free_pages * kPageSize < kLarge * kMiB, is_tail_cut);
    overwrite(kLarge, 'b');
    EXPECT_GE(database->stats().page_count * kPageSize, (2 * kLarge - kBudget / 4 / kMiB) * kMiB);
    EXPECT_LE(database->stats().page_count * kPageSize, (2 * kLarge + 8) * kMiB);
    for (std::size_t at = 0; at < kLarge * kMiB; at += kMiB + kPageSize) {
      ASSERT_EQ(before->open<Blob>("blob").at(at), std::byte{'a'}) << at;
    }
    EXPECT_EQ(contents(database->snapshot().open<Blob>("blob")), std::string(kLarge * kMiB, 'b'));
    before.reset();
    close();
    files->remove(kPath);
  }
  checks_at_end = false;
}

// Smaller ones do not look: what they publish over the pages is a new version like any other.
TEST_F(MemoryBudgetTest, SixteenMiBInOneTransactionUseThePagesThatASnapshotStillReads) {
  constexpr std::size_t kSize = 15;  // MiB; the tables of the blob take pages too
  options.cache_size = 16 * kMiB;
  open();
  overwrite(kSize, 'a');
  append_end();
  const std::uint64_t pages = database->stats().page_count;
  const Snapshot before = database->snapshot();
  database->transact([](Transaction& txn) { txn.drop("blob"); });
  database->checkpoint();
  overwrite(kSize, 'b');
  EXPECT_LE(database->stats().page_count, pages + 64);
  EXPECT_EQ(contents(before.open<Blob>("blob")), std::string(kSize * kMiB, 'a'));
}

TEST_F(MemoryBudgetTest, ImportsUseThePagesOfDroppedCollectionsThatNobodySees) {
  options.cache_size = 16 * kMiB;
  open();
  overwrite(kLarge, 'a');
  append_end();
  const std::uint64_t pages = database->stats().page_count;
  database->transact([](Transaction& txn) { txn.drop("blob"); });
  database->checkpoint();
  overwrite(kLarge, 'b');
  EXPECT_LE(database->stats().page_count, pages + 64);
}

}  // namespace
}  // namespace quire::testing
