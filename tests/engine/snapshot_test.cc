#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

using SnapshotTest = DatabaseTest;

TEST_F(SnapshotTest, SeesOneMomentForEver) {
  open().transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "1"); });
  const Snapshot first = database->snapshot();
  database->transact([](Transaction& txn) {
    txn.open<Hash>("h").put("k", "2");
    txn.open<Hash>("h").put("new", "x");
    txn.open<Hash>("other").put("a", "b");
  });
  const Snapshot second = database->snapshot();
  database->transact([](Transaction& txn) { txn.drop("h"); });
  EXPECT_EQ(first.seq(), 1u);
  EXPECT_EQ(contents(first.open<Hash>("h")), (std::map<std::string, std::string>{{"k", "1"}}));
  EXPECT_FALSE(first.find<Hash>("other"));
  EXPECT_EQ(second.open<Hash>("h").get("k")->text(), "2");
  EXPECT_THROW(database->snapshot().open<Hash>("h"), NotFound);
}

TEST_F(SnapshotTest, SurvivesCheckpointsThatOverwriteItsPages) {
  options.cache_size = 64 << 10;  // few frames: what it needs is not in memory by chance
  open();
  std::map<std::string, std::string> model;
  std::vector<std::pair<Snapshot, std::map<std::string, std::string>>> held;
  for (int round = 0; round < 30; ++round) {
    database->transact([&](Transaction& txn) {
      auto table = txn.open<Hash>("h");
      for (int i = 0; i < 10; ++i) {
        const std::string key = std::to_string((round * 7 + i * 13) % 60);
        const std::string value =
            std::to_string(round) + std::string(static_cast<std::size_t>(i) * 200, 'v');
        table.put(key, value);
        model[key] = value;
      }
      if (round % 3 == 0) {
        const std::string key = std::to_string(round % 60);
        if (table.erase(key)) model.erase(key);
      }
    });
    if (round % 4 == 0) held.emplace_back(database->snapshot(), model);
    if (round % 5 == 0) database->checkpoint();
    if (round % 11 == 10) held.erase(held.begin());
    for (const auto& [snapshot, expected] : held) {
      EXPECT_EQ(contents(snapshot.open<Hash>("h")), expected) << "snapshot " << snapshot.seq();
    }
  }
}

TEST_F(SnapshotTest, ReadsPagesThatHaveBeenFreedAndUsedAgain) {
  open().transact([](Transaction& txn) { txn.open<Blob>("b").append(std::string(100'000, 'o')); });
  database->checkpoint();
  database.reset();
  open();  // nothing in memory
  const Snapshot snapshot = database->snapshot();
  for (const char letter : {'1', '2', '3'}) {
    database->transact([&](Transaction& txn) {
      txn.drop("b");
      txn.open<Blob>("b").append(std::string(150'000, letter));
    });
    database->checkpoint();
  }
  EXPECT_EQ(contents(snapshot.open<Blob>("b")), std::string(100'000, 'o'));
}

TEST_F(SnapshotTest, MemoryIsGivenBackWhenItEnds) {
  open().transact([](Transaction& txn) { txn.open<Blob>("b").append(std::string(400'000, 'x')); });
  std::optional<Snapshot> snapshot = database->snapshot();
  const std::uint64_t before = database->stats().frames;
  database->transact(
      [](Transaction& txn) { txn.open<Blob>("b").write(0, std::string(400'000, 'y')); });
  EXPECT_GT(database->stats().frames, before + 90);
  snapshot.reset();
  EXPECT_EQ(database->stats().frames, before);
  EXPECT_EQ(database->stats().snapshots_open, 0u);
}

TEST_F(SnapshotTest, LivesAsLongAsAViewOrAnIterator) {
  open().transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "1"); });
  auto view = database->snapshot().open<Hash>("h");
  auto iterator = database->snapshot().open<Hash>("h").begin();
  EXPECT_EQ(database->stats().snapshots_open, 2u);
  database->transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "2"); });
  EXPECT_EQ(view.get("k")->text(), "1");
  EXPECT_EQ((*iterator).value.text(), "1");
}

TEST_F(SnapshotTest, ValuesOutliveItAndTheDatabase) {
  open().transact([](Transaction& txn) {
    txn.open<Hash>("h").put("k", std::string(900, 'v'));
    txn.open<Blob>("b").append(std::string(4000, 'b'));
  });
  const Value value = *database->snapshot().open<Hash>("h").get("k");
  const Value part = database->snapshot().open<Blob>("b").view(0, 4000);
  close();
  EXPECT_EQ(value.text(), std::string(900, 'v'));
  EXPECT_EQ(part.text(), std::string(4000, 'b'));
}

TEST_F(SnapshotTest, ListsCollectionsWithTheirPages) {
  open().transact([](Transaction& txn) {
    txn.open<Hash>("h").put("k", "v");
    txn.open<Blob>("b").append(std::string(10'000, 'x'));
  });
  auto infos = database->snapshot().collections();
  std::sort(infos.begin(), infos.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  ASSERT_EQ(infos.size(), 2u);
  EXPECT_EQ(infos[0].name, "b");
  EXPECT_EQ(infos[0].kind, "blob");
  EXPECT_EQ(infos[0].pages, 4u);
  EXPECT_EQ(infos[1].kind, "hash");
  EXPECT_EQ(infos[1].pages, 2u);
}

}  // namespace
}  // namespace quire::testing
