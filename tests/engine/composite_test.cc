// Collection types of a user's own: what the engine does for them, and what it asks.

#include <numeric>

#include "tests/support/bag.h"
#include "tests/support/database_test.h"
#include "tests/support/fails.h"

namespace quire::testing {
namespace {

class CompositeTest : public DatabaseTest {
 protected:
  CompositeTest() {
    open().transact([](Transaction& txn) {
      auto bag = txn.create<Bag>("b", {.limit = 7});
      bag.put("hat", "black");
      bag.put("egg", std::string(2000, 'e'));
    });
  }

  static void expect_content(const BagView& bag) {
    EXPECT_EQ(bag.limit(), 7u);
    EXPECT_EQ(bag.get("hat"), "black");
    EXPECT_EQ(contents(bag.order()), (std::vector<std::string>{"hat", "egg"}));
  }
  std::uint64_t used_pages() const {
    return database->info().page_count - database->info().free_pages;
  }
};

// ---- what can be called

template <class T>
concept CanPut = requires(T& bag) {
  bag.put("name", "thing");
};
template <class T>
concept CanMakeChildren = requires(T& scope) {
  scope.template child<Hash>("name", HashOptions{});
};
template <class T>
concept CanPush = requires(T& list) {
  list.push_back("item");
};
static_assert(Collection<Bag> && Collection<Shelf>);
static_assert(CanPut<Bag> && !CanPut<Bag::View>, "a snapshot's handle cannot change anything");
static_assert(CanPut<Hash> && !CanPut<Hash::View>);
static_assert(CanPush<List> && !CanPush<List::View>);
static_assert(CanMakeChildren<WriteScope> && !CanMakeChildren<ReadScope>);

// ---- the life of a composite

TEST_F(CompositeTest, IsThereAfterACrashAndAfterAClose) {
  expect_content(database->snapshot().open<Bag>("b"));
  crash_and_reopen();
  expect_content(database->snapshot().open<Bag>("b"));
  close();
  open();
  expect_content(database->snapshot().open<Bag>("b"));
  database->transact([](Transaction& txn) {
    auto bag = txn.open<Bag>("b");
    expect_content(bag);
    bag.put("cup", "tin");
  });
  EXPECT_EQ(database->snapshot().open<Bag>("b").size(), 3u);
}

TEST_F(CompositeTest, IsOneCollectionWithThePagesOfItsChildren) {
  database->transact([](Transaction& txn) { txn.open<Hash>("h").put("k", "v"); });
  EXPECT_EQ(database->snapshot().kind_of("b"), "test.bag");
  EXPECT_EQ(database->snapshot().kind_of("h"), "hash");
  EXPECT_EQ(database->snapshot().kind_of("things"), std::nullopt) << "a child has no such name";
  EXPECT_THROW(database->snapshot().kind_of(""), InvalidArgument);
  EXPECT_EQ(database->begin().kind_of("b"), "test.bag");
  const auto collections = database->snapshot().collections();
  ASSERT_EQ(collections.size(), 2u);
  std::uint64_t sum = 0;
  for (const CollectionInfo& info : collections) {
    EXPECT_EQ(info.kind, info.name == "b" ? "test.bag" : "hash");
    sum += info.pages;
  }
  const CheckReport report = database->check();
  EXPECT_EQ(sum, report.hash_pages + report.list_pages);
  EXPECT_EQ(report.collections, 2u);
}

TEST_F(CompositeTest, DropTakesTheChildrenWithIt) {
  const std::uint64_t with_bag = used_pages();
  database->transact([](Transaction& txn) {
    auto bag = txn.open<Bag>("b");
    EXPECT_TRUE(txn.drop("b"));
    EXPECT_THROW(bag.put("more", "things"), NotFound);
    EXPECT_THROW(bag.order().size(), NotFound);
    EXPECT_FALSE(txn.drop("b"));
  });
  EXPECT_TRUE(database->snapshot().collections().empty());
  EXPECT_EQ(used_pages(), 5u) << "as in an empty database";
  EXPECT_GT(with_bag, 5u);
  database->transact([](Transaction& txn) { EXPECT_EQ(txn.open<Bag>("b").size(), 0u); });
}

TEST_F(CompositeTest, RenameTakesTheChildrenAlong) {
  {
    Transaction txn = database->begin();
    auto bag = txn.open<Bag>("b");
    txn.rename("b", "c");
    bag.put("cup", "tin");
    EXPECT_TRUE(fails(ErrorCode::invalid_argument, "'c/things'", [&] {
      auto entry = bag.things().begin();
      bag.put("dog", "brown");
      ++entry;
    }));
    txn.commit();
  }
  crash_and_reopen();
  EXPECT_FALSE(database->snapshot().find<Bag>("b"));
  EXPECT_EQ(database->snapshot().open<Bag>("c").size(), 4u);
}

TEST_F(CompositeTest, RollbackLeavesWhatWasThere) {
  {
    Transaction txn = database->begin();
    txn.open<Bag>("b").put("cup", "tin");
    txn.rename("b", "c");
    txn.create<Bag>("new").put("a", "b");
    txn.drop("c");
  }
  EXPECT_EQ(database->snapshot().collections().size(), 1u);
  expect_content(database->snapshot().open<Bag>("b"));
}

TEST_F(CompositeTest, SavepointRestoresChildrenHandlesAndOptions) {
  Transaction txn = database->begin();
  auto bag = txn.open<Bag>("b");
  auto shelf = txn.create<Shelf>("s");
  {
    const Savepoint savepoint = txn.savepoint();
    auto inside = shelf.bag(1, {.limit = 3});
    inside.put("a", "b");
    txn.drop("b");
    txn.create<Bag>("b", {.limit = 1});
    EXPECT_THROW(bag.size(), NotFound);
  }
  expect_content(bag);
  EXPECT_THROW(shelf.ShelfView::bag(1), NotFound);
  shelf.bag(1, {.limit = 4}).put("c", "d");
  txn.commit();
  crash_and_reopen();
  const auto again = database->snapshot().open<Shelf>("s").bag(1);
  EXPECT_EQ(again.limit(), 4u);
  EXPECT_EQ(again.size(), 1u);
  EXPECT_EQ(again.get("c"), "d");
}

TEST_F(CompositeTest, SnapshotSeesTheChildrenOfItsMoment) {
  database->transact([](Transaction& txn) { txn.create<Shelf>("s").bag(1).put("a", "old"); });
  const Snapshot snapshot = database->snapshot();
  const ShelfView shelf = snapshot.open<Shelf>("s");
  const BagView bag = shelf.bag(1);
  database->transact([](Transaction& txn) {
    auto changed = txn.open<Shelf>("s");
    changed.bag(1).put("a", "new");
    changed.bag(2).put("b", "new");
    txn.drop("b");
  });
  EXPECT_EQ(bag.get("a"), "old");
  EXPECT_THROW(shelf.bag(2), NotFound);
  expect_content(snapshot.open<Bag>("b"));
  EXPECT_EQ(database->snapshot().open<Shelf>("s").bag(2).get("b"), "new");
}

TEST_F(CompositeTest, OfCompositesIsDroppedAndCountedAsAWhole) {
  const std::uint64_t before = used_pages();
  database->transact([](Transaction& txn) {
    auto shelf = txn.create<Shelf>("s");
    for (int number = 0; number < 20; ++number) shelf.bag(number).put("thing", "t");
  });
  crash_and_reopen();
  const auto collections = database->snapshot().collections();
  const std::uint64_t sum = std::accumulate(
      collections.begin(), collections.end(), std::uint64_t{0},
      [](std::uint64_t pages, const CollectionInfo& info) { return pages + info.pages; });
  const CheckReport report = database->check();
  EXPECT_EQ(sum, report.hash_pages + report.list_pages);
  database->transact([](Transaction& txn) { EXPECT_TRUE(txn.drop("s")); });
  EXPECT_LE(used_pages(), before + 2) << "the catalog may have grown";
}

// ---- kinds and options

TEST_F(CompositeTest, RefusesAnotherKind) {
  Transaction txn = database->begin();
  const std::string_view why = "is a test.bag, not a ";
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, why, [&] { txn.open<Hash>("b"); }));
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, why, [&] { txn.open<Shelf>("b"); }));
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, why, [&] { txn.create<Shelf>("b"); }));
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, why, [&] { database->snapshot().find<List>("b"); }));
  EXPECT_EQ(txn.commit(), 1u) << "nothing was changed";
}

TEST_F(CompositeTest, KeepsItsOptionsWhenOpenedWithoutAny) {
  database->transact([](Transaction& txn) {
    expect_content(txn.open<Bag>("b"));
    expect_content(*txn.find<Bag>("b"));
    txn.create<Bag>("c", {.limit = 3});
    EXPECT_EQ(txn.open<Bag>("c").limit(), 3u) << "made by this transaction, not by this call";
  });
  EXPECT_EQ(database->snapshot().open<Bag>("c").limit(), 3u);
}

TEST_F(CompositeTest, RefusesOptionsThatDifferFromTheStoredOnes) {
  Transaction txn = database->begin();
  expect_content(txn.open<Bag>("b", {.limit = 7, .note = "not stored"}));
  EXPECT_TRUE(
      fails(ErrorCode::invalid_argument, "limit is 8", [&] { txn.open<Bag>("b", {.limit = 8}); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "limit is 10", [&] { txn.open<Bag>("b", {}); }));
  EXPECT_TRUE(fails(ErrorCode::key_exists, "'b'", [&] { txn.create<Bag>("b", {.limit = 7}); }));
  auto shelf = txn.open<Shelf>("s");
  shelf.bag(1, {.limit = 5});
  EXPECT_TRUE(
      fails(ErrorCode::invalid_argument, "limit is 6", [&] { shelf.bag(1, {.limit = 6}); }));
  EXPECT_EQ(shelf.bag(1).limit(), 5u);
  txn.commit();
}

TEST_F(CompositeTest, HasNeverBeenIfItsConstructorThrows) {
  Transaction txn = database->begin();
  EXPECT_THROW(txn.create<Bag>("bad", {.limit = 0}), InvalidArgument);
  EXPECT_THROW(txn.open<Bag>("bad", {.limit = 0}), InvalidArgument);
  EXPECT_FALSE(txn.find<Bag>("bad"));
  EXPECT_EQ(txn.collections().size(), 1u);
  auto shelf = txn.create<Shelf>("s");
  EXPECT_THROW(shelf.bag(1, {.limit = 0}), InvalidArgument);
  EXPECT_THROW(shelf.ShelfView::bag(1), NotFound);
  shelf.bag(1).put("a", "b");
  txn.commit();
}

TEST_F(CompositeTest, OpenedWithItsOptionsChangesNothing) {
  Transaction txn = database->begin();
  txn.open<Bag>("b", {.limit = 7});
  EXPECT_EQ(txn.commit(), 1u);
}

// ---- children

/// A type with nothing of its own, to try scopes with.
template <const std::string_view& kName>
class Plain {
 public:
  static constexpr std::string_view kKind = kName;
  struct Options {};
  using View = Plain;
  explicit Plain(const ReadScope& scope) : scope_(scope.state(), WriteScope::Origin::found) {}
  Plain(WriteScope& scope, const Options&) : scope_(scope) {}
  WriteScope& scope() noexcept { return scope_; }

 private:
  WriteScope scope_;
};
constexpr std::string_view kBoxName = "test.box";
constexpr std::string_view kHashName = "hash";
constexpr std::string_view kEmptyName;
constexpr std::string_view kZeroName("a\0b", 3);
constexpr std::string_view kLongName =
    "1234567890123456789012345678901234567890123456789012345678901234";
using Box = Plain<kBoxName>;

TEST_F(CompositeTest, RefusesNamesAndKindsThatNothingCanHave) {
  Transaction txn = database->begin();
  auto box = txn.create<Box>("box");
  for (const std::string& name :
       {std::string(), std::string(256, 'n'), std::string("\xff"), std::string(1, '\0')}) {
    EXPECT_THROW(box.scope().child<Hash>(name), InvalidArgument);
    EXPECT_THROW(box.scope().ReadScope::child<Hash>(name), InvalidArgument);
  }
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "the kind ''",
                    [&] { txn.create<Plain<kEmptyName>>("c"); }));
  EXPECT_TRUE(
      fails(ErrorCode::invalid_argument, "byte 0", [&] { txn.create<Plain<kZeroName>>("c"); }));
  EXPECT_TRUE(
      fails(ErrorCode::invalid_argument, "1 to 63", [&] { txn.create<Plain<kLongName>>("c"); }));
  box.scope().child<Hash>(std::string(255, 'n')).put("k", "v");
  txn.commit();
  crash_and_reopen();
  auto again = database->snapshot().open<Box>("box");
  EXPECT_EQ(again.scope().ReadScope::child<Hash>(std::string(255, 'n')).size(), 1u);
}

TEST_F(CompositeTest, NamesAChildOfAnotherKindByItsPath) {
  Transaction txn = database->begin();
  auto box = txn.create<Box>("box");
  box.scope().child<Box>("in").scope().child<Hash>("h");
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, "collection 'box/in/h': is a hash, not a blob",
                    [&] { box.scope().child<Box>("in").scope().child<Blob>("h"); }));
  EXPECT_TRUE(fails(ErrorCode::not_found, "collection 'box/in': it has no child 'none'",
                    [&] { box.scope().child<Box>("in").scope().ReadScope::child<Hash>("none"); }));
  EXPECT_EQ(box.scope().child<Box>("in").scope().child<Hash>("h").name(), "h");
}

TEST_F(CompositeTest, NamesItselfInErrorsOfItsType) {
  Transaction txn = database->begin();
  Box inner = txn.create<Box>("box").scope().child<Box>("in");
  NotFound error("no job");
  inner.scope().add_context(error);
  EXPECT_EQ(error.file(), kPath);
  EXPECT_EQ(error.collection(), "box/in");
  txn.open<Bag>("b").scope().add_context(error);
  EXPECT_EQ(error.collection(), "box/in") << "what is set already stays";
}

TEST_F(CompositeTest, CountsTheRollbacksToSavepoints) {
  Transaction txn = database->begin();
  const Bag bag = txn.open<Bag>("b");
  EXPECT_EQ(bag.scope().rollbacks(), 0u);
  txn.savepoint().release();
  EXPECT_EQ(bag.scope().rollbacks(), 0u);
  Savepoint outer = txn.savepoint();
  txn.savepoint();  // is destroyed at once
  EXPECT_EQ(bag.scope().rollbacks(), 1u);
  outer.rollback();
  EXPECT_EQ(bag.scope().rollbacks(), 2u) << "whether or not the collection was changed";
  EXPECT_EQ(database->snapshot().open<Bag>("b").scope().rollbacks(), 0u);
  txn.rollback();
  EXPECT_THROW(bag.scope().rollbacks(), ClosedError);
}

TEST_F(CompositeTest, OnlyCompositesHaveChildren) {
  Transaction txn = database->begin();
  auto table = txn.create<Plain<kHashName>>("h");
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "a hash has no children",
                    [&] { table.scope().child<Hash>("child"); }));
  EXPECT_EQ(txn.open<Hash>("h").size(), 0u);
}

TEST_F(CompositeTest, LiesAtMostEightDeep) {
  Transaction txn = database->begin();
  WriteScope scope = txn.create<Box>("box").scope();
  for (int depth = 1; depth <= 7; ++depth) scope = scope.child<Box>("in").scope();
  scope.child<Hash>("in").put("k", "at depth 8");
  scope = scope.child<Box>("box").scope();
  EXPECT_TRUE(
      fails(ErrorCode::invalid_argument, "more than 8", [&] { scope.child<Hash>("too deep"); }));
  EXPECT_EQ(txn.collections().size(), 2u);
  txn.commit();
}

TEST_F(CompositeTest, StoresUpTo1024BytesOfOptions) {
  Transaction txn = database->begin();
  WriteScope scope = txn.create<Box>("box").scope();
  EXPECT_EQ(scope.options().size(), 0u);
  const std::string most(1024, 'o');
  scope.set_options(most);
  EXPECT_THROW(scope.set_options(std::string(1025, 'o')), InvalidArgument);
  EXPECT_EQ(scope.options().text(), most);
  txn.commit();
  EXPECT_THROW(scope.options(), ClosedError);
  EXPECT_THROW(scope.set_options("x"), ClosedError);
  EXPECT_THROW(scope.child<Hash>("h"), ClosedError);
  crash_and_reopen();
  EXPECT_EQ(database->snapshot().open<Box>("box").scope().options().text(), most);
}

TEST_F(CompositeTest, SavepointRestoresOptionsThatWereReplaced) {
  Transaction txn = database->begin();
  WriteScope scope = txn.create<Box>("box").scope();
  scope.set_options("old");
  Savepoint savepoint = txn.savepoint();
  scope.set_options("new");
  savepoint.rollback();
  EXPECT_EQ(scope.options().text(), "old");
  scope.child<Hash>("h");  // stores the options along with the children
  txn.commit();
  EXPECT_EQ(database->snapshot().open<Box>("box").scope().options().text(), "old");
}

// ---- its own check

TEST_F(CompositeTest, CheckRunsTheChecksOfTheKindsThatItIsGiven) {
  database->transact([](Transaction& txn) {
    txn.open<Bag>("b").forget_order();
    auto shelf = txn.create<Shelf>("s");
    shelf.bag(1).put("a", "b");
    shelf.bag(2).put("a", "b");
    shelf.bag(2).forget_order();
  });
  EXPECT_TRUE(database->check().ok()) << "the engine knows no such law";
  const CheckReport report = database->check(CheckOptions().with<Bag>());
  EXPECT_EQ(report.problem_count, 2u);
  std::vector<std::string> at_fault;
  for (const CheckProblem& problem : report.problems) {
    EXPECT_EQ(problem.what, "things without a place");
    at_fault.push_back(problem.collection);
  }
  std::sort(at_fault.begin(), at_fault.end());
  EXPECT_EQ(at_fault, (std::vector<std::string>{"b", "s/2"}));
}

/// Named like a Bag, which it is not.
struct NotABag : Plain<Bag::kKind> {
  using View = Plain<Bag::kKind>;
  static void check(const View& view, CheckSink&) { view_of(view).child<Hash>("other"); }
  static ReadScope view_of(View view) { return view.scope(); }
};
struct Thrower : Plain<Bag::kKind> {
  using View = Plain<Bag::kKind>;
  static void check(const View&, CheckSink&) { throw std::runtime_error("changed my mind"); }
};

TEST_F(CompositeTest, CheckReportsWhatTheCheckOfAKindThrows) {
  const CheckReport report = database->check(CheckOptions().with<NotABag>());
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].what, "it has no child 'other'");
  EXPECT_EQ(report.problems[0].collection, "b");
  EXPECT_THROW(database->check(CheckOptions().with<Thrower>()), std::runtime_error);
}

}  // namespace
}  // namespace quire::testing
