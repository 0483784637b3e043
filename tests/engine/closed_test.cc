#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "tests/engine/file_database_test.h"
#include "tests/support/moved_from.h"
#include "tests/support/slow_sync_file_system.h"

// What is used after it has ended: an error that says so, never a crash, and nothing lost.

namespace quire {
namespace {

using testing::was_moved;

class ClosedTest : public testing::FileDatabaseTest {
 protected:
  ClosedTest() {
    make_clean();
    database.emplace(Database::open(path, options));
  }

  ::testing::AssertionResult closed(std::initializer_list<std::string_view> texts,
                                    const std::function<void()>& call) const {
    return fails(ErrorCode::closed, texts, call);
  }

  bool is_closed() const {
    try {
      database->stats();
      return false;
    } catch (const ClosedError&) {
      return true;
    }
  }

  std::optional<Database> database;
};

// ---- after close

TEST_F(ClosedTest, RefusesEveryCallOfAClosedDatabase) {
  database->close();
  const std::function<void()> calls[] = {
      [&] { database->snapshot(); }, [&] { database->begin(); },
      [&] { database->sync(); },     [&] { database->checkpoint(); },
      [&] { database->check(); },    [&] { database->stats(); },
      [&] { database->info(); },     [&] { database->try_begin(std::chrono::nanoseconds(0)); },
      [&] { store(*database, 2); },
  };
  for (const auto& call : calls) EXPECT_TRUE(closed({"the database is closed", "open it"}, call));
  EXPECT_NO_THROW(database->close());
  expect_content(1);
}

TEST_F(ClosedTest, EndsSnapshotsViewsAndIteratorsWithTheDatabase) {
  const Snapshot snapshot = database->snapshot();
  const std::uint64_t seq = snapshot.seq();
  const HashView table = snapshot.open<Hash>("table");
  const BlobView bytes = snapshot.open<Blob>("bytes");
  HashView::Iterator entry = table.begin();
  const std::string key = (*entry).key.str();
  BlobChunks::Iterator chunk = bytes.chunks().begin();
  database->close();

  EXPECT_TRUE(closed({}, [&] { snapshot.open<Hash>("table"); }));
  EXPECT_TRUE(closed({}, [&] { snapshot.find<Hash>("table"); }));
  EXPECT_TRUE(closed({}, [&] { snapshot.collections(); }));
  EXPECT_TRUE(closed({}, [&] { snapshot.kind_of("users"); }));
  EXPECT_TRUE(closed({"'table'"}, [&] { table.get("key 7"); }));
  EXPECT_TRUE(closed({"'table'"}, [&] { table.size(); }));
  EXPECT_TRUE(closed({"'table'"}, [&] { table.begin(); }));
  EXPECT_TRUE(closed({"'table'"}, [&] { ++entry; }));
  EXPECT_TRUE(closed({"'bytes'"}, [&] { bytes.read_all(); }));
  EXPECT_TRUE(closed({"'bytes'"}, [&] { ++chunk; }));
  // What needs no page still answers.
  EXPECT_EQ(snapshot.seq(), seq);
  EXPECT_EQ(table.name(), "table");
  EXPECT_EQ((*entry).key.str(), key);
  database.reset();
  expect_content(1);
}

TEST_F(ClosedTest, KeepsValuesBeyondTheDatabase) {
  std::vector<Value> values;
  std::vector<std::string> expected;
  {
    const Snapshot snapshot = database->snapshot();
    const BlobView bytes = snapshot.open<Blob>("bytes");
    values = {*snapshot.open<Hash>("table").get("long"), *snapshot.open<Hash>("table").get("key 7"),
              bytes.view(0, 4096), bytes.view(4096, 100), bytes.view(4000, 10'000)};
    for (const Value& value : values) expected.push_back(value.str());
  }
  for (const int generation : {2, 3, 4}) store(*database, generation);
  database->close();
  const std::vector<Value> copies = values;
  database.reset();
  for (std::size_t index = 0; index < values.size(); ++index) {
    EXPECT_EQ(values[index].str(), expected[index]) << index;
    EXPECT_EQ(copies[index], values[index]) << index;
  }
  expect_content(4);
}

TEST_F(ClosedTest, RefusesToCloseUnderTheCallersOwnTransaction) {
  Transaction transaction = database->begin();
  transaction.open<Hash>("table").put("key 7", "changed");
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"transaction open", "before close()"},
                    [&] { database->close(); }));
  transaction.commit();
  EXPECT_EQ(database->snapshot().open<Hash>("table").get("key 7")->text(), "changed");
  store(*database, 2);
  database->close();
  expect_content(2);
}

/// A thread that has a transaction open, and ends it when it is told to.
class OpenTransaction {
 public:
  using Work = std::function<void(Transaction&, Hash&)>;

  OpenTransaction(
      Database& database, Work at_end, Work at_begin = [](Transaction&, Hash&) {})
      : thread_([this, &database, at_end = std::move(at_end), at_begin = std::move(at_begin)] {
          Transaction transaction = database.begin();
          Hash table = transaction.open<Hash>("table");
          table.put("key 7", "changed");
          transaction.open<Hash>("never there");
          at_begin(transaction, table);
          step();
          wait_for(2);
          at_end(transaction, table);
        }) {
    wait_for(1);
  }
  ~OpenTransaction() {
    step();
    thread_.join();
  }
  OpenTransaction(const OpenTransaction&) = delete;
  OpenTransaction& operator=(const OpenTransaction&) = delete;

 private:
  void step() {
    const std::lock_guard lock(mutex_);
    ++steps_;
    changed_.notify_all();
  }
  void wait_for(int steps) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return steps_ >= steps; });
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int steps_ = 0;
  std::thread thread_;
};

TEST_F(ClosedTest, RollsBackTheTransactionOfAnotherThread) {
  {
    const OpenTransaction other(*database, [&](Transaction& transaction, Hash& table) {
      EXPECT_TRUE(closed({"'table'"}, [&] { table.put("key 8", "changed"); }));
      EXPECT_TRUE(closed({"'table'"}, [&] { table.get("key 8"); }));
      EXPECT_TRUE(closed({}, [&] { transaction.open<Blob>("bytes"); }));
      EXPECT_TRUE(closed({}, [&] { transaction.commit(); }));
      transaction.rollback();
    });
    database->close();
  }
  expect_content(1);
}

TEST_F(ClosedTest, EndsSavepointsStreamsAndEditsOfTheTransactionOfAnotherThread) {
  std::optional<Savepoint> savepoint;
  std::optional<MutableBytes> edited;
  {
    const OpenTransaction other(
        *database,
        [&](Transaction&, Hash&) {
          EXPECT_TRUE(closed({}, [&] { savepoint->rollback(); }));
          EXPECT_NO_THROW(savepoint.reset());
          edited->bytes()[0] = std::byte{'?'};  // memory for as long as the object lives
          EXPECT_NO_THROW(edited.reset());
        },
        [&](Transaction& transaction, Hash&) {
          savepoint.emplace(transaction.savepoint());
          edited.emplace(transaction.open<Blob>("bytes").edit(100, 50));
        });
    database->close();
  }
  expect_content(1);
}

TEST_F(ClosedTest, EndsListsAndTheirIterators) {
  database->transact([](Transaction& transaction) {
    auto list = transaction.open<List>("list");
    for (int i = 0; i < 100; ++i) list.push_back(std::string(500, 'i'));
  });
  const ListView list = database->snapshot().open<List>("list");
  const ListView::Iterator item = list.begin();
  const Value first = *item;
  database->close();
  EXPECT_TRUE(closed({"'list'"}, [&] { list.size(); }));
  EXPECT_TRUE(closed({"'list'"}, [&] { list.at(7); }));
  EXPECT_TRUE(closed({"'list'"}, [&] { static_cast<void>(*item); }));
  EXPECT_EQ(first, std::string(500, 'i'));
}

TEST_F(ClosedTest, GoesOnReapingForASnapshotThatOutlivesTheDatabase) {
  const std::string content(6'000'000, 'l');
  database->transact(
      [&](Transaction& transaction) { transaction.create<Blob>("large").append(content); });
  auto old = std::make_optional(database->snapshot());
  database->transact([](Transaction& transaction) { transaction.drop("large"); });
  database.reset();
  EXPECT_TRUE(testing::contents(old->open<Blob>("large")) == content);
  old.reset();
  Database again = Database::open(path, options);
  again.checkpoint();
  EXPECT_LT(again.info().page_count, 200u);
  testing::expect_sound(again);
  again.close();
  expect_content(1);
}

TEST_F(ClosedTest, WakesAThreadThatWaitsToBegin) {
  {
    const OpenTransaction holder(*database, [](Transaction&, Hash&) {});
    std::thread waiter([&] { EXPECT_TRUE(closed({}, [&] { database->begin(); })); });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // most often it waits by then
    database->close();
    waiter.join();
  }
  expect_content(1);
}

TEST_F(ClosedTest, SecondCloseReturnsWhenTheFileIsFree) {
  for (int round = 0; round < 20; ++round) {
    store(*database, 2);  // so that there is something to close
    const auto close_and_open = [&] {
      database->close();
      try {
        Database::open(path, read_only());  // another one may look at the same time
      } catch (const Error& error) {
        ADD_FAILURE() << error.what();
      }
    };
    std::thread other(close_and_open);
    close_and_open();
    other.join();
    database.emplace(Database::open(path, options));
  }
  expect_content(*database, 2);
}

// Such a thread may get the std::thread::id that the keeper's had.
TEST_F(ClosedTest, SecondCloseWaitsAlsoOnAThreadThatStartsWhenTheKeepersHasEnded) {
  os::MemoryFileSystem files;
  testing::SlowSyncFileSystem slow(files, std::chrono::milliseconds(5));
  Options how;
  how.file_system = &slow;
  Database closing = Database::open("/db", how);
  closing.transact([](Transaction& txn) { txn.open<Blob>("blob").append(std::string(9000, 'x')); });
  std::atomic<bool> is_done{false};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    closing.close();
    is_done = true;
  });
  how.read_only = true;
  while (!is_done) {
    threads.emplace_back([&] {
      closing.close();
      EXPECT_NO_THROW(Database::open("/db", how));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ClosedTest, CloseOnTheEnginesThreadDoesNotWaitForTheOneThatWaitsForThatThread) {
  database->close();
  std::atomic<bool> is_told_here{true};
  std::atomic<bool> is_told_there{false};
  options.cache_size = std::size_t{128} << 10;  // the engine's thread saves every commit
  options.on_event = [&, user = std::this_thread::get_id()](const Event&) {
    if (std::this_thread::get_id() == user) {
      is_told_here = true;
    } else if (!is_told_there.exchange(true)) {
      while (!is_closed()) std::this_thread::yield();
      EXPECT_NO_THROW(database->close());
    }
  };
  database.emplace(Database::open(path, options));
  while (!is_told_there) {
    if (is_told_here.exchange(false)) store(*database, 2);  // until that thread tells of one
    std::this_thread::yield();
  }
  database->close();
  options.on_event = {};
  expect_content(2);
}

TEST_F(ClosedTest, ClosesWithTheLastOfWhatIsLeftWhenTheDatabaseGoesFirst) {
  auto transaction = std::make_optional(database->begin());
  auto view = std::make_optional(database->snapshot().open<Hash>("table"));
  database.reset();
  transaction->open<Hash>("table").put("key 7", "changed");
  transaction->commit();
  transaction.reset();
  EXPECT_TRUE(open_fails(ErrorCode::locked, {}));
  EXPECT_EQ(view->get("key 7")->text(), "value 7001");
  view.reset();
  EXPECT_EQ(contents_of(directory).size(), 1u) << "the log is gone: it was closed cleanly";
  const Database again = Database::open(path, options);
  EXPECT_EQ(again.snapshot().open<Hash>("table").get("key 7")->text(), "changed");
  testing::expect_sound(again);
}

// ---- after the end of a transaction

TEST_F(ClosedTest, RefusesEveryCallOfAnEndedTransaction) {
  for (const bool commits : {true, false}) {
    Transaction transaction = database->begin();
    Hash table = transaction.open<Hash>("table");
    Blob bytes = transaction.open<Blob>("bytes");
    table.put("key 7", "value 7001");
    HashView::Iterator entry = table.begin();
    commits ? static_cast<void>(transaction.commit()) : transaction.rollback();

    EXPECT_TRUE(transaction.has_ended());
    const std::string_view why = "transaction has ended";
    EXPECT_TRUE(closed({why}, [&] { transaction.open<Hash>("table"); }));
    EXPECT_TRUE(closed({why}, [&] { transaction.find<Hash>("table"); }));
    EXPECT_TRUE(closed({why}, [&] { transaction.create<Hash>("new"); }));
    EXPECT_TRUE(closed({why}, [&] { transaction.drop("table"); }));
    EXPECT_TRUE(closed({why}, [&] { transaction.rename("table", "new"); }));
    EXPECT_TRUE(closed({why}, [&] { transaction.collections(); }));
    EXPECT_TRUE(closed({why}, [&] { transaction.kind_of("users"); }));
    EXPECT_TRUE(closed({why}, [&] { transaction.commit(); }));
    EXPECT_TRUE(closed({why, "'table'"}, [&] { table.put("key 7", "changed"); }));
    EXPECT_TRUE(closed({why, "'table'"}, [&] { table.get("key 7"); }));
    EXPECT_TRUE(closed({why, "'table'"}, [&] { ++entry; }));
    EXPECT_TRUE(closed({why, "'bytes'"}, [&] { bytes.append("more"); }));
    EXPECT_TRUE(closed({why, "'bytes'"}, [&] { bytes.resize(0); }));
    EXPECT_NO_THROW(transaction.rollback());
  }
  expect_content(*database, 1);
}

TEST_F(ClosedTest, RefusesHandlesOfADroppedCollectionUntilItIsOpenedAnew) {
  {
    Transaction transaction = database->begin();
    Hash table = transaction.open<Hash>("table");
    EXPECT_TRUE(transaction.drop("table"));
    const auto gone = [&](const std::function<void()>& call) {
      return fails(ErrorCode::not_found, {"'table'", "dropped"}, call);
    };
    EXPECT_TRUE(gone([&] { table.get("key 7"); }));
    EXPECT_TRUE(gone([&] { table.put("key 7", "changed"); }));
    EXPECT_FALSE(transaction.drop("table"));
    Hash fresh = transaction.open<Hash>("table");
    EXPECT_TRUE(fresh.empty());
    EXPECT_TRUE(gone([&] { table.size(); }));
  }
  expect_content(*database, 1);
}

// ---- after a move

TEST_F(ClosedTest, RefusesEveryCallOfAMovedFromDatabase) {
  Database moved = std::move(*database);
  EXPECT_TRUE(was_moved([&] { database->snapshot(); }));
  EXPECT_TRUE(was_moved([&] { database->begin(); }));
  EXPECT_TRUE(was_moved([&] { database->try_begin(std::chrono::nanoseconds(0)); }));
  EXPECT_TRUE(was_moved([&] { store(*database, 2); }));
  EXPECT_TRUE(was_moved([&] { database->sync(); }));
  EXPECT_TRUE(was_moved([&] { database->checkpoint(); }));
  EXPECT_TRUE(was_moved([&] { database->check(); }));
  EXPECT_TRUE(was_moved([&] { database->stats(); }));
  EXPECT_TRUE(was_moved([&] { database->info(); }));
  EXPECT_NO_THROW(database->close());
  expect_content(moved, 1);
  *database = std::move(moved);
  expect_content(*database, 1);
}

TEST_F(ClosedTest, RefusesEveryCallOfAMovedFromSnapshot) {
  Snapshot snapshot = database->snapshot();
  const HashView table = snapshot.open<Hash>("table");
  const Snapshot moved = std::move(snapshot);
  EXPECT_TRUE(was_moved([&] { snapshot.open<Hash>("table"); }));
  EXPECT_TRUE(was_moved([&] { snapshot.find<Hash>("table"); }));
  EXPECT_TRUE(was_moved([&] { snapshot.collections(); }));
  EXPECT_EQ(table.get("key 7")->text(), "value 7001");
  EXPECT_TRUE(moved.find<Hash>("table"));
  expect_content(*database, 1);
}

TEST_F(ClosedTest, RefusesEveryCallOfAMovedFromTransaction) {
  Transaction transaction = database->begin();
  Hash table = transaction.open<Hash>("table");
  Transaction moved = std::move(transaction);
  EXPECT_TRUE(transaction.has_ended());
  EXPECT_TRUE(was_moved([&] { transaction.open<Hash>("table"); }));
  EXPECT_TRUE(was_moved([&] { transaction.drop("table"); }));
  EXPECT_TRUE(was_moved([&] { transaction.collections(); }));
  EXPECT_TRUE(was_moved([&] { transaction.commit(); }));
  EXPECT_NO_THROW(transaction.rollback());
  table.put("key 7", "changed");
  moved.commit();
  EXPECT_EQ(database->snapshot().open<Hash>("table").get("key 7")->text(), "changed");
  store(*database, 2);
  expect_content(*database, 2);
}

TEST_F(ClosedTest, RefusesEveryCallOfMovedFromViewsAndIterators) {
  const Snapshot snapshot = database->snapshot();
  HashView table = snapshot.open<Hash>("table");
  BlobView bytes = snapshot.open<Blob>("bytes");
  HashView::Iterator entry = table.begin();
  BlobChunks chunks = bytes.chunks();
  BlobChunks::Iterator chunk = chunks.begin();
  const HashView::Iterator moved_entry = std::move(entry);
  const BlobChunks::Iterator moved_chunk = std::move(chunk);
  const BlobChunks moved_chunks = std::move(chunks);
  const HashView moved_table = std::move(table);
  const BlobView moved_bytes = std::move(bytes);

  EXPECT_TRUE(was_moved([&] { table.get("key 7"); }));
  EXPECT_TRUE(was_moved([&] { table.size(); }));
  EXPECT_TRUE(was_moved([&] { table.begin(); }));
  EXPECT_TRUE(was_moved([&] { bytes.read_all(); }));
  EXPECT_TRUE(was_moved([&] { bytes.view(0, 10); }));
  EXPECT_TRUE(was_moved([&] { bytes.chunks(); }));
  EXPECT_TRUE(was_moved([&] { ++entry; }));
  EXPECT_TRUE(was_moved([&] { ++chunk; }));
  EXPECT_TRUE(was_moved([&] { chunks.begin(); }));
  EXPECT_TRUE(was_moved([&] { static_cast<void>(*ListView::Iterator()); }));
  EXPECT_EQ(table.name(), "");
  EXPECT_EQ(BlobReader(bytes).get(), std::char_traits<char>::eof());
  EXPECT_EQ(moved_table.get("key 7")->text(), "value 7001");
}

TEST_F(ClosedTest, RefusesEveryCallOfMovedFromHandlesAndScopes) {
  Transaction transaction = database->begin();
  Hash table = transaction.open<Hash>("table");
  List list = transaction.open<List>("list");
  Blob bytes = transaction.open<Blob>("bytes");
  Savepoint savepoint = transaction.savepoint();
  Hash moved_table = std::move(table);
  const List moved_list = std::move(list);
  const Blob moved_bytes = std::move(bytes);
  const Savepoint moved_savepoint = std::move(savepoint);

  EXPECT_TRUE(was_moved([&] { table.put("key 7", "changed"); }));
  EXPECT_TRUE(was_moved([&] { table.update("key 7", [](std::span<std::byte>) {}); }));
  EXPECT_TRUE(was_moved([&] { table.clear(); }));
  EXPECT_TRUE(was_moved([&] { list.push_back("item"); }));
  EXPECT_TRUE(was_moved([&] { list.begin(); }));
  EXPECT_TRUE(was_moved([&] { list.size(); }));
  EXPECT_TRUE(was_moved([&] { bytes.append("more"); }));
  EXPECT_TRUE(was_moved([&] { bytes.edit(0, 10); }));
  EXPECT_TRUE(was_moved([&] { savepoint.release(); }));
  EXPECT_TRUE(was_moved([&] { savepoint.rollback(); }));
  moved_table.put("key 7", "changed");
  transaction.commit();
  EXPECT_EQ(database->snapshot().open<Hash>("table").get("key 7")->text(), "changed");
}

/// A collection of a user's own kind that is nothing but its scope.
class OnlyAScopeView {
 public:
  explicit OnlyAScopeView(const ReadScope&) {}
};
class OnlyAScope : public OnlyAScopeView {
 public:
  static constexpr std::string_view kKind = "test.scope";
  struct Options {};
  using View = OnlyAScopeView;

  OnlyAScope(WriteScope& scope, const Options&) : OnlyAScopeView(scope), scope_(scope) {}
  const WriteScope& scope() const { return scope_; }

 private:
  WriteScope scope_;
};

TEST_F(ClosedTest, RefusesEveryCallOfAMovedFromScope) {
  Transaction transaction = database->begin();
  WriteScope scope = transaction.open<OnlyAScope>("name").scope();
  const WriteScope moved = std::move(scope);
  EXPECT_EQ(scope.name(), "");
  EXPECT_EQ(scope.seq(), 0u);
  EXPECT_TRUE(was_moved([&] { scope.options(); }));
  EXPECT_TRUE(was_moved([&] { scope.set_options("options"); }));
  EXPECT_TRUE(was_moved([&] { scope.child<Hash>("child"); }));
  EXPECT_EQ(moved.name(), "name");
}

TEST_F(ClosedTest, RollsBackTheTransactionThatAnAssignmentReplaces) {
  Transaction transaction = database->begin();
  transaction.open<Hash>("table").put("key 7", "changed");
  Database other = Database::create_in_memory();
  transaction = other.begin();
  expect_content(*database, 1);
  store(*database, 2);  // the place is free
  expect_content(*database, 2);
}

}  // namespace
}  // namespace quire
