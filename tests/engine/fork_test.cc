#include <functional>
#include <optional>

#include "tests/engine/file_database_test.h"
#include "tests/os/child.h"

// F4: a forked child has copies of its parent's objects. Its calls throw; destroying them releases
// memory and touches neither file nor lock.

namespace quire {
namespace {

class ForkTest : public testing::FileDatabaseTest {
 protected:
  ForkTest() {
    make_clean();
    database.emplace(Database::open(path, options));
  }

  ::testing::AssertionResult belongs_to_parent(const std::function<void()>& call) const {
    return fails(ErrorCode::closed, {"before fork()", "open it anew"}, call);
  }

  std::optional<Database> database;
};

TEST_F(ForkTest, RefusesEveryCallInTheChild) {
  Snapshot snapshot = database->snapshot();
  const HashView table = snapshot.open<Hash>("table");
  HashView::Iterator entry = table.begin();
  Transaction transaction = database->begin();
  Hash changed = transaction.open<Hash>("table");
  changed.put("new", "value");
  const std::function<void()> calls[] = {
      [&] { database->snapshot(); },
      [&] { database->begin(); },
      [&] { database->try_begin(std::chrono::nanoseconds(0)); },
      [&] { database->sync(); },
      [&] { database->checkpoint(); },
      [&] { database->close(); },
      [&] { database->check(); },
      [&] { database->stats(); },
      [&] { database->info(); },
      [&] { snapshot.open<Blob>("bytes"); },
      [&] { snapshot.collections(); },
      [&] { table.get("key 7"); },
      [&] { ++entry; },
      [&] { transaction.open<Blob>("bytes"); },
      [&] { transaction.drop("bytes"); },
      [&] { changed.put("newer", "value"); },
      [&] { transaction.commit(); },
  };
  EXPECT_EQ(os::in_child([&] {
              int number = 0;
              for (const auto& call : calls) {
                ++number;
                if (const auto result = belongs_to_parent(call); !result) {
                  std::fprintf(stderr, "call %d: %s\n", number, result.message());
                  return number;
                }
              }
              return 0;
            }),
            0);
  transaction.commit();
  EXPECT_TRUE(database->snapshot().open<Hash>("table").contains("new"));
}

TEST_F(ForkTest, LeavesFileLogAndLockToTheParentWhenTheChildDestroysItsCopies) {
  store(*database, 3);
  database->checkpoint();  // the keeper need not mark the log while the child is looked at
  auto snapshot = std::make_optional(database->snapshot());
  auto transaction = std::make_optional(database->begin());
  transaction->open<Hash>("table").put("key 7", "changed");
  const Contents before = contents_of(directory);
  EXPECT_EQ(os::in_child([&] {
              transaction->rollback();
              transaction.reset();
              snapshot.reset();
              database.reset();
              return 0;
            }),
            0);
  EXPECT_EQ(contents_of(directory), before);
  EXPECT_TRUE(open_fails(ErrorCode::locked, {}));
  transaction->commit();
  EXPECT_EQ(database->snapshot().open<Hash>("table").get("key 7")->text(), "changed");
  EXPECT_EQ(snapshot->open<Hash>("table").get("key 7")->text(), "value 7003");
  store(*database, 4);
  snapshot.reset();
  transaction.reset();
  database.reset();
  expect_content(4);
}

TEST_F(ForkTest, LetsTheChildOpenTheFileOnceTheParentHasClosed) {
  database->close();
  EXPECT_EQ(os::in_child([&] {
              database.emplace(Database::open(path, options));
              store(*database, 5);
              database.reset();
              return 0;
            }),
            0);
  expect_content(5);
}

TEST_F(ForkTest, TellsAChildThatOpensAnewThatTheParentHasIt) {
  EXPECT_EQ(os::in_child([&] {
              const bool refused = static_cast<bool>(open_fails(ErrorCode::locked, {}));
              database.reset();
              return refused && open_fails(ErrorCode::locked, {}) ? 0 : 1;
            }),
            0);
  expect_content(*database, 1);
}

/// The child has neither of the engine's threads, though its copies seem to.
TEST_F(ForkTest, EndsInTheChildThoughTheParentsThreadsAreAtWork) {
  for (int round = 0; round < 3; ++round) {
    database->transact([](Transaction& transaction) {
      transaction.create<Blob>("large").append(std::string(4'000'000, 'l'));
    });
    database->transact([](Transaction& transaction) { transaction.drop("large"); });
    EXPECT_EQ(os::in_child([&] {
                const bool refused =
                    static_cast<bool>(belongs_to_parent([&] { database->checkpoint(); }));
                database.reset();
                return refused ? 0 : 1;
              }),
              0);
  }
  database->checkpoint();
  expect_content(*database, 1);
  EXPECT_LT(database->info().page_count, 200u) << "the parent has gone on";
  database->close();
  expect_content(1);
}

TEST_F(ForkTest, KeepsValuesReadableInTheChild) {
  const Value shared = *database->snapshot().open<Hash>("table").get("long");
  const std::string expected = shared.str();
  EXPECT_EQ(os::in_child([&] {
              database.reset();
              return shared.str() == expected ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace quire
