// What handles of a collection gather in memory until the engine has it put into the children: when
// that happens, what forgets it, and what becomes of errors.

#include <memory>
#include <thread>

#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

/// Throws from flush() once: what the next one is to fail with.
enum class Failure { none, invalid_argument, other };
Failure next_failure = Failure::none;

/// Items that wait to be appended to a jar.
class WaitingItems : public PendingChanges {
 public:
  std::vector<std::string> items;
  /// Shows when this object goes.
  std::shared_ptr<int> alive = std::make_shared<int>(0);

  void flush(WriteScope& scope) override;
};

struct JarOptions {};

class JarView {
 public:
  explicit JarView(const ReadScope& scope) : scope_(scope), items_(scope.child<List>("items")) {}

  /// All items, those that wait included.
  std::vector<std::string> items() const {
    std::vector<std::string> all = contents(items_);
    if (const WaitingItems* waiting = scope_.find_pending<WaitingItems>()) {
      all.insert(all.end(), waiting->items.begin(), waiting->items.end());
    }
    return all;
  }
  std::uint64_t size() const {
    scope_.flush_pending();
    return items_.size();
  }
  std::size_t stored() const { return items_.size(); }
  [[noreturn]] void fail() const {
    NotFound error("nothing in it");
    scope_.add_context(error);
    throw error;
  }

 private:
  ReadScope scope_;
  ListView items_;
};

/// A list whose items wait in memory. An item "twin" makes a jar inside it, in which another item
/// waits: so a flush makes something else pending. An item "again" waits again for ever.
class Jar : public JarView {
 public:
  static constexpr std::string_view kKind = "test.jar";
  using Options = JarOptions;
  using View = JarView;

  Jar(WriteScope& scope, const JarOptions&) : JarView(prepared(scope)), scope_(scope) {}

  void put(std::string_view item) { scope_.pending<WaitingItems>().items.emplace_back(item); }
  void flush() { scope_.flush_pending(); }
  WriteScope& scope() { return scope_; }

 private:
  static WriteScope& prepared(WriteScope& scope) {
    scope.child<List>("items");
    return scope;
  }
  WriteScope scope_;
};

void WaitingItems::flush(WriteScope& scope) {
  auto list = scope.child<List>("items");
  for (const std::string& item : items) {
    list.push_back(item);
    if (next_failure == Failure::invalid_argument) {
      next_failure = Failure::none;
      throw InvalidArgument("no room in the jar");
    }
    if (next_failure == Failure::other) {
      next_failure = Failure::none;
      throw 7;
    }
    if (item == "twin") scope.child<Jar>("twin").put("other");
    if (item == "again") scope.pending<WaitingItems>().items.push_back("again");
  }
}

using Items = std::vector<std::string>;

class PendingChangesTest : public DatabaseTest {
 protected:
  PendingChangesTest() {
    next_failure = Failure::none;
    open().transact([](Transaction& txn) { txn.open<Jar>("jar"); });
  }
  Items committed() { return database->snapshot().open<Jar>("jar").items(); }
};

// ---- when it is put into the children

TEST_F(PendingChangesTest, WaitUntilCommitAndAreSeenByEveryHandleOfTheTransaction) {
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  jar.put("a");
  auto other = txn.open<Jar>("jar");
  other.put("b");
  EXPECT_EQ(jar.stored(), 0u);
  EXPECT_EQ(jar.items(), (Items{"a", "b"}));
  EXPECT_EQ(committed(), Items{});
  txn.commit();
  EXPECT_EQ(committed(), (Items{"a", "b"}));
  crash_and_reopen();
  EXPECT_EQ(committed(), (Items{"a", "b"}));
}

TEST_F(PendingChangesTest, AreAChangeOfTheirOwn) {
  const std::uint64_t before = database->snapshot().seq();
  Transaction txn = database->begin();
  txn.open<Jar>("jar").put("a");
  EXPECT_EQ(txn.commit(), before + 1) << "a transaction that has changed nothing makes no commit";
}

TEST_F(PendingChangesTest, AreStoredWhenAHandleAsksForItAndOnlyOnce) {
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  jar.put("a");
  jar.flush();
  jar.flush();
  EXPECT_EQ(jar.stored(), 1u);
  jar.put("b");
  EXPECT_EQ(jar.size(), 2u) << "a read may have them stored too";
  EXPECT_EQ(jar.stored(), 2u);
  jar.put("c");
  txn.commit();
  EXPECT_EQ(committed(), (Items{"a", "b", "c"}));
}

TEST_F(PendingChangesTest, ThatAFlushMakesPendingElsewhereAreStoredToo) {
  {
    Transaction txn = database->begin();
    auto jar = txn.open<Jar>("jar");
    jar.put("twin");
    txn.commit();
  }
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  EXPECT_EQ(jar.scope().child<Jar>("twin").items(), Items{"other"});
}

TEST_F(PendingChangesTest, ThatAFlushGathersForEverAreAnErrorThatNamesTheCollection) {
  const auto expect_refusal = [](const auto& call) {
    try {
      call();
      ADD_FAILURE() << "it ended";
    } catch (const InvalidArgument& error) {
      EXPECT_EQ(error.collection(), "jar");
    }
  };
  Transaction first = database->begin();
  first.open<Jar>("jar").put("again");
  expect_refusal([&] { first.commit(); });
  Transaction second = database->begin();
  second.open<Jar>("jar").put("again");
  expect_refusal([&] { second.savepoint(); });
  EXPECT_THROW(second.commit(), InvalidArgument) << "stopped half-way";
  EXPECT_EQ(committed(), Items{});
}

TEST_F(PendingChangesTest, OfManyCollectionsAreAllCommitted) {
  {
    Transaction txn = database->begin();
    std::vector<Jar> jars;
    for (int i = 0; i < 20; ++i) jars.push_back(txn.open<Jar>("jar" + std::to_string(i)));
    for (int i = 20; i-- > 0;) jars[i].put(std::to_string(i));
    txn.open<Hash>("plain").put("k", "v");
    txn.commit();
  }
  const Snapshot snapshot = database->snapshot();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(snapshot.open<Jar>("jar" + std::to_string(i)).items(), Items{std::to_string(i)});
  }
}

// ---- savepoints

TEST_F(PendingChangesTest, BelongToTheSavepointInWhichTheyBegan) {
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  jar.put("before");
  {
    const Savepoint undone = txn.savepoint();
    EXPECT_EQ(jar.stored(), 1u) << "nothing is pending when a savepoint is set";
    jar.put("undone");
    Savepoint released = txn.savepoint();
    jar.put("undone too");
    released.release();
    EXPECT_EQ(jar.items(), (Items{"before", "undone", "undone too"}));
  }
  EXPECT_EQ(jar.items(), Items{"before"});
  Savepoint kept = txn.savepoint();
  jar.put("kept");
  kept.release();
  jar.put("after");
  txn.commit();
  EXPECT_EQ(committed(), (Items{"before", "kept", "after"}));
}

TEST_F(PendingChangesTest, OfACollectionThatIsMadeInsideASavepointGoWithIt) {
  Transaction txn = database->begin();
  std::optional<Jar> made;
  {
    const Savepoint savepoint = txn.savepoint();
    made = txn.open<Jar>("new");
    made->put("a");
  }
  EXPECT_THROW(made->put("b"), NotFound);
  EXPECT_THROW(made->items(), NotFound);
  EXPECT_EQ(txn.open<Jar>("new").items(), Items{});
  txn.commit();
}

// ---- what forgets them

TEST_F(PendingChangesTest, AreForgottenByRollbackAndDestroyed) {
  std::weak_ptr<int> alive;
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  jar.put("a");
  alive = jar.scope().pending<WaitingItems>().alive;
  EXPECT_FALSE(alive.expired());
  txn.rollback();
  EXPECT_TRUE(alive.expired());
  EXPECT_THROW(jar.put("b"), ClosedError);
  EXPECT_THROW(jar.items(), ClosedError);
  EXPECT_THROW(jar.flush(), ClosedError);
  EXPECT_EQ(committed(), Items{});
}

TEST_F(PendingChangesTest, AreDestroyedWithATransactionOfAClosedDatabase) {
  std::weak_ptr<int> alive;
  {
    Transaction txn = database->begin();
    auto jar = txn.open<Jar>("jar");
    jar.put("a");
    alive = jar.scope().pending<WaitingItems>().alive;
    std::thread([&] { database->close(); }).join();
    EXPECT_THROW(jar.put("b"), ClosedError);
    EXPECT_THROW(jar.flush(), ClosedError);
    EXPECT_THROW(txn.commit(), ClosedError);
  }
  EXPECT_TRUE(alive.expired());
  open();
  EXPECT_EQ(committed(), Items{});
}

TEST_F(PendingChangesTest, GoWithTheCollectionThatIsDropped) {
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  jar.put("a");
  txn.drop("jar");
  EXPECT_THROW(jar.put("b"), NotFound);
  auto again = txn.open<Jar>("jar");
  EXPECT_EQ(again.items(), Items{});
  again.put("c");
  txn.commit();
  EXPECT_EQ(committed(), Items{"c"});
}

TEST_F(PendingChangesTest, FollowARename) {
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  jar.put("a");
  txn.rename("jar", "pot");
  jar.put("b");
  EXPECT_EQ(txn.open<Jar>("jar").items(), Items{});
  txn.commit();
  EXPECT_EQ(committed(), Items{});
  EXPECT_EQ(database->snapshot().open<Jar>("pot").items(), (Items{"a", "b"}));
}

// ---- errors

TEST_F(PendingChangesTest, AFailedFlushFailsTheCommitWhichRollsBackAndGivesUpItsPlace) {
  for (const Failure failure : {Failure::invalid_argument, Failure::other}) {
    Transaction txn = database->begin();
    txn.open<Hash>("plain").put("k", "v");
    txn.open<Jar>("jar").put("a");
    next_failure = failure;
    EXPECT_ANY_THROW(txn.commit());
    EXPECT_TRUE(txn.has_ended());
    EXPECT_FALSE(database->snapshot().find<Hash>("plain"));
    EXPECT_EQ(committed(), Items{});
  }
  database->transact([](Transaction& txn) { txn.open<Jar>("jar").put("next"); });
  EXPECT_EQ(committed(), Items{"next"});
}

TEST_F(PendingChangesTest, AFailedFlushDoomsTheTransactionUntilASavepointBeforeIt) {
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  jar.put("before");
  Savepoint outer = txn.savepoint();
  jar.put("a");
  next_failure = Failure::invalid_argument;
  EXPECT_THROW(txn.savepoint(), InvalidArgument);
  EXPECT_THROW(jar.put("b"), InvalidArgument);
  EXPECT_THROW(txn.open<Hash>("plain").put("k", "v"), InvalidArgument);
  outer.rollback();
  jar.put("c");
  txn.commit();
  EXPECT_EQ(committed(), (Items{"before", "c"}));
}

TEST_F(PendingChangesTest, ADoomedTransactionStoresNothingMore) {
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  auto other = txn.open<Jar>("other");
  jar.put("a");
  other.put("b");
  next_failure = Failure::invalid_argument;
  EXPECT_THROW(jar.flush(), InvalidArgument);
  EXPECT_THROW(other.flush(), InvalidArgument);
  EXPECT_EQ(other.stored(), 0u);
  EXPECT_THROW(txn.commit(), InvalidArgument);
  EXPECT_EQ(committed(), Items{});
}

TEST_F(PendingChangesTest, OfAnotherTypeThanAskedForAreRefused) {
  class Others : public PendingChanges {
    void flush(WriteScope&) override {}
  };
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  EXPECT_EQ(jar.scope().find_pending<Others>(), nullptr);
  jar.put("a");
  EXPECT_THROW(jar.scope().find_pending<Others>(), InvalidArgument);
  EXPECT_THROW(jar.scope().pending<Others>(), InvalidArgument);
  txn.commit();
  EXPECT_EQ(committed(), Items{"a"});
}

// ---- snapshots, and errors of a type's own

TEST_F(PendingChangesTest, ThereAreNoneInASnapshot) {
  Transaction txn = database->begin();
  txn.open<Jar>("jar").put("a");
  const JarView jar = database->snapshot().open<Jar>("jar");
  EXPECT_EQ(jar.items(), Items{});
  EXPECT_EQ(jar.size(), 0u);
}

TEST_F(PendingChangesTest, AnErrorOfATypeGetsFileAndCollection) {
  database->transact([](Transaction& txn) { txn.open<Jar>("jar").put("twin"); });
  Transaction txn = database->begin();
  auto jar = txn.open<Jar>("jar");
  try {
    jar.scope().child<Jar>("twin").fail();
    FAIL();
  } catch (const NotFound& error) {
    EXPECT_EQ(error.file(), kPath);
    EXPECT_EQ(error.collection(), "jar/twin");
  }
}

}  // namespace
}  // namespace quire::testing
