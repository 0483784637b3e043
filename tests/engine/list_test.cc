#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

static_assert(std::random_access_iterator<ListView::Iterator>);
static_assert(std::sized_sentinel_for<ListView::Iterator, ListView::Iterator>);
static_assert(std::ranges::random_access_range<const List>);
static_assert(std::same_as<std::iter_value_t<ListView::Iterator>, Value>);

using ListTest = DatabaseTest;
using Items = std::vector<std::string>;

TEST_F(ListTest, DoesWhatItsInterfaceSays) {
  open();
  Transaction txn = database->begin();
  auto list = txn.open<List>("l");
  EXPECT_TRUE(list.empty());
  list.push_back("b");
  list.push_back("c");
  list.push_front("a");
  list.insert(3, "d");
  list.insert(0, "");
  EXPECT_EQ(contents(list), (Items{"", "a", "b", "c", "d"}));
  EXPECT_EQ(list.front().text(), "");
  EXPECT_EQ(list.back().text(), "d");
  EXPECT_EQ(list.at(2).text(), "b");
  list.set(2, "B");
  list.pop_front();
  list.pop_back();
  EXPECT_EQ(contents(list), (Items{"a", "B", "c"}));
  list.erase(1);
  list.erase(1, 1);
  EXPECT_EQ(contents(list), (Items{"a"}));
  list.clear();
  EXPECT_EQ(list.size(), 0u);
  txn.commit();
}

TEST_F(ListTest, RefusesIndexesOutOfRangeAndStaysUsable) {
  open();
  Transaction txn = database->begin();
  auto list = txn.open<List>("l");
  EXPECT_THROW(list.front(), std::out_of_range);
  EXPECT_THROW(list.back(), std::out_of_range);
  EXPECT_THROW(list.pop_front(), std::out_of_range);
  EXPECT_THROW(list.pop_back(), std::out_of_range);
  EXPECT_THROW(list.insert(1, "x"), std::out_of_range);
  list.push_back("a");
  EXPECT_THROW(list.at(1), std::out_of_range);
  EXPECT_THROW(list.at(UINT64_MAX), std::out_of_range);
  EXPECT_THROW(list.set(1, "x"), std::out_of_range);
  EXPECT_THROW(list.erase(1), std::out_of_range);
  EXPECT_THROW(list.erase(0, 2), std::out_of_range);
  EXPECT_THROW(list.erase(1, UINT64_MAX), std::out_of_range);
  list.push_back("b");
  txn.commit();
  EXPECT_EQ(contents(database->snapshot().open<List>("l")), (Items{"a", "b"}));
}

TEST_F(ListTest, IteratorsGoAnywhere) {
  open().transact([](Transaction& txn) {
    auto list = txn.open<List>("l");
    for (int i = 0; i < 3000; ++i) list.push_back(std::to_string(i));
  });
  const auto list = database->snapshot().open<List>("l");
  auto it = list.begin();
  EXPECT_EQ((*it++).text(), "0");
  EXPECT_EQ((*++it).text(), "2");
  EXPECT_EQ((it += 1000)[5].text(), "1007");
  EXPECT_EQ((*(it - 2)).text(), "1000");
  EXPECT_EQ((*(2 + it--)).text(), "1004");
  EXPECT_EQ((*--it).text(), "1000");
  EXPECT_EQ((it -= 999)[-1].text(), "0");
  EXPECT_EQ(list.end() - list.begin(), 3000);
  EXPECT_LT(it, list.end());
  EXPECT_EQ(list.begin() + 3000, list.end());
  EXPECT_THROW(*list.end(), std::out_of_range);
  EXPECT_THROW(*(list.begin() - 1), std::out_of_range);

  const auto number = [](const Value& item) { return std::stoi(item.str()); };
  EXPECT_EQ(std::ranges::lower_bound(list, 1234, {}, number) - list.begin(), 1234);
  int expected = 0;
  for (const Value item : list) EXPECT_EQ(number(item), expected++);
  EXPECT_EQ(expected, 3000);
}

TEST_F(ListTest, AnIterationEndsWhenTheListChanges) {
  open();
  Transaction txn = database->begin();
  auto list = txn.open<List>("l");
  for (int i = 0; i < 3; ++i) list.push_back(std::to_string(i));
  auto it = list.begin();
  auto same = txn.open<List>("l");
  same.set(1, "changed");
  EXPECT_THROW(*it, InvalidArgument);
  EXPECT_THROW(it[2], InvalidArgument);
  it = list.begin();
  txn.open<List>("other").push_back("x");
  EXPECT_EQ((*++it).text(), "changed");
  txn.commit();
  EXPECT_THROW(*it, ClosedError);
}

TEST_F(ListTest, ArgumentsMayComeFromTheListItself) {
  open();
  Transaction txn = database->begin();
  auto list = txn.open<List>("l");
  for (const std::size_t size : {10u, 300u, 1000u, 5000u, 70'000u}) {
    list.push_back(std::string(size, 'x'));
    for (int i = 0; i < 3; ++i) list.insert(0, list.back());
    list.set(0, list.at(1));
    EXPECT_EQ(list.at(0).text(), std::string(size, 'x'));
  }
  txn.commit();
}

TEST_F(ListTest, SurvivesACrash) {
  Items model;
  open();
  for (const std::size_t size : {0u, 1u, 1000u, 1001u, 4056u, 65'536u, 65'537u, 300'000u}) {
    model.emplace_back(size, 'v');
  }
  for (int i = 0; i < 2000; ++i) model.push_back("item " + std::to_string(i));
  database->transact([&](Transaction& txn) {
    auto list = txn.open<List>("l");
    for (const std::string& item : model) list.push_back(item);
  });
  crash_and_reopen();
  EXPECT_EQ(contents(database->snapshot().open<List>("l")), model);
  database->transact([&](Transaction& txn) {
    auto list = txn.open<List>("l");
    list.erase(5, 1500);
    list.pop_front();
  });
  model.erase(model.begin() + 5, model.begin() + 1505);
  model.erase(model.begin());
  crash_and_reopen();
  EXPECT_EQ(contents(database->snapshot().open<List>("l")), model);
}

TEST_F(ListTest, RollbackLeavesNoTrace) {
  open().transact([](Transaction& txn) { txn.open<List>("l").push_back("kept"); });
  {
    Transaction txn = database->begin();
    auto list = txn.open<List>("l");
    for (int i = 0; i < 1000; ++i) list.push_front(std::string(500, 'x'));
    list.pop_back();
  }
  EXPECT_EQ(contents(database->snapshot().open<List>("l")), (Items{"kept"}));
}

TEST_F(ListTest, SnapshotsSeeOneMoment) {
  options.cache_size = 64 << 10;
  open();
  Items model;
  std::vector<std::pair<Snapshot, Items>> held;
  for (int round = 0; round < 20; ++round) {
    database->transact([&](Transaction& txn) {
      auto list = txn.open<List>("l");
      for (int i = 0; i < 30; ++i) {
        const std::string item(static_cast<std::size_t>(i) * 90, static_cast<char>('a' + round));
        const std::size_t at = static_cast<std::size_t>(i * 7) % (model.size() + 1);
        list.insert(at, item);
        model.insert(model.begin() + static_cast<std::ptrdiff_t>(at), item);
      }
      list.erase(3, 10);
      model.erase(model.begin() + 3, model.begin() + 13);
    });
    if (round % 4 == 0) held.emplace_back(database->snapshot(), model);
    if (round % 5 == 0) database->checkpoint();
    for (const auto& [snapshot, expected] : held) {
      EXPECT_EQ(contents(snapshot.open<List>("l")), expected) << "snapshot " << snapshot.seq();
    }
  }
}

TEST_F(ListTest, GivesItsPagesBackWhenItIsErasedOrDropped) {
  open().transact([](Transaction& txn) { txn.open<List>("l").push_back("x"); });
  const std::uint64_t before = database->info().free_pages;
  const auto fill = [](Transaction& txn) {
    auto list = txn.open<List>("l");
    for (int i = 0; i < 500; ++i) list.push_back(std::string(i % 50 == 0 ? 5000u : 300u, 'x'));
  };
  database->transact(fill);
  database->transact([](Transaction& txn) { txn.open<List>("l").erase(0, 500); });
  EXPECT_EQ(database->snapshot().collections().at(0).pages, 1u);
  database->transact(fill);
  EXPECT_GT(database->snapshot().collections().at(0).pages, 50u);
  EXPECT_EQ(database->snapshot().collections().at(0).kind, "list");
  database->transact([](Transaction& txn) { EXPECT_TRUE(txn.drop("l")); });
  EXPECT_GT(database->info().free_pages, before);
  EXPECT_EQ(database->check().list_pages, 0u);
}

TEST_F(ListTest, IsNoBlobAndNoHash) {
  open().transact([](Transaction& txn) { txn.open<List>("l").push_back("x"); });
  Transaction txn = database->begin();
  EXPECT_THROW(txn.open<Hash>("l"), TypeMismatch);
  EXPECT_THROW(txn.open<Blob>("l"), TypeMismatch);
  txn.open<Hash>("h");
  EXPECT_THROW(txn.open<List>("h"), TypeMismatch);
  EXPECT_THROW(txn.create<List>("l"), KeyExists);
  txn.rename("l", "m");
  EXPECT_EQ(txn.find<List>("m")->size(), 1u);
  EXPECT_FALSE(txn.find<List>("l"));
}

TEST_F(ListTest, CheckCountsItsPages) {
  open().transact([](Transaction& txn) {
    auto list = txn.open<List>("l");
    for (int i = 0; i < 100; ++i) list.push_back(std::string(900, 'x'));
    list.push_back(std::string(5000, 'y'));
  });
  const CheckReport report = database->check();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.list_pages, database->snapshot().collections().at(0).pages);
  EXPECT_EQ(report.list_pages, 1u + 25u + 2u) << "the root, four items to a leaf, a long item";
}

}  // namespace
}  // namespace quire::testing
