// Ring<T>: the last so many records.

#include <deque>
#include <functional>

#include "tests/facades/record_types.h"
#include "tests/support/moved_from.h"

namespace quire::testing {
namespace {

struct Sample {
  std::uint64_t number = 0;
};

class RingTest : public RecordTest {
 protected:
  RingTest() {
    database->transact([](Transaction& txn) { txn.create<Ring<Sample>>("ring", {.capacity = 5}); });
  }
  static Ring<Sample> ring(Transaction& txn) { return txn.open<Ring<Sample>>("ring"); }
  RingView<Sample> committed() { return database->snapshot().open<Ring<Sample>>("ring"); }

  static std::vector<std::uint64_t> numbers(const RingView<Sample>& ring) {
    std::vector<std::uint64_t> found;
    for (const auto sample : ring) found.push_back(sample->number);
    return found;
  }
  using Numbers = std::vector<std::uint64_t>;
};

TEST_F(RingTest, EveryCallOfWhatWasMovedFromIsRefused) {
  Transaction txn = database->begin();
  auto from = ring(txn);
  from.append({1});
  RingView<Sample> view = from;
  auto items = view.items();
  auto it = items.begin();
  const auto moved = std::move(from);
  const auto moved_view = std::move(view);
  const auto moved_items = std::move(items);
  const auto moved_it = std::move(it);
  const std::function<void()> calls[] = {
      [&] { from.append({2}); },
      [&] { from.prepend({2}); },
      [&] { from.pop_front(); },
      [&] { from.pop_back(); },
      [&] { from.clear(); },
      [&] { from.edit(0); },
      [&] { view.capacity(); },
      [&] { view.tag(); },
      [&] { view.store().layout(); },
      [&] { view.size(); },
      [&] { view.at(0); },
      [&] { view.back(); },
      [&] { view.begin(); },
      [&] { items.size(); },
      [&] { items.at(0); },
      [&] { items.begin(); },
      [&] { items.page_span(0); },
      [&] { *it; },
      [&] { *RingView<Sample>::Iterator(); },
  };
  for (const auto& call : calls) EXPECT_TRUE(was_moved(call)) << &call - calls;
  EXPECT_EQ(from.name(), "");
  EXPECT_EQ(view.name(), "");
  EXPECT_EQ((*moved_it)->number, 1u);
}

static_assert(Collection<Ring<Sample>> && Collection<RingStore>);

TEST_F(RingTest, AppendMovesTheWindowAndTheOldestGoes) {
  Transaction txn = database->begin();
  auto open = ring(txn);
  for (std::uint64_t i = 1; i <= 5; ++i) open.append({i});
  EXPECT_EQ(numbers(open), (Numbers{1, 2, 3, 4, 5}));
  open.append({6});
  open.append({7});
  EXPECT_EQ(numbers(open), (Numbers{3, 4, 5, 6, 7}));
  EXPECT_EQ(open.size(), 5u);
  txn.commit();
  crash_and_reopen();
  EXPECT_EQ(numbers(committed()), (Numbers{3, 4, 5, 6, 7}));
}

TEST_F(RingTest, PrependMovesTheWindowAndTheNewestGoes) {
  database->transact([](Transaction& txn) {
    auto open = ring(txn);
    for (std::uint64_t i = 1; i <= 7; ++i) open.prepend({i});
    EXPECT_EQ(numbers(open), (Numbers{7, 6, 5, 4, 3}));
  });
}

TEST_F(RingTest, PositionsCountFromTheFirstRecordNotFromAPlaceInTheFile) {
  database->transact([](Transaction& txn) {
    auto open = ring(txn);
    for (std::uint64_t i = 1; i <= 8; ++i) open.append({i});
    EXPECT_EQ(open[0]->number, 4u);
    EXPECT_EQ(open.at(4)->number, 8u);
    EXPECT_EQ(open.front()->number, 4u);
    EXPECT_EQ(open.back()->number, 8u);
    open.edit(1)->number = 50;
    EXPECT_EQ(numbers(open), (Numbers{4, 50, 6, 7, 8}));
  });
}

TEST_F(RingTest, PopsTakeFromEitherEnd) {
  database->transact([](Transaction& txn) {
    auto open = ring(txn);
    for (std::uint64_t i = 1; i <= 7; ++i) open.append({i});
    open.pop_front();
    open.pop_back();
    EXPECT_EQ(numbers(open), (Numbers{4, 5, 6}));
    for (int i = 0; i < 3; ++i) open.pop_front();
    EXPECT_TRUE(open.empty());
    EXPECT_THROW(open.pop_front(), std::out_of_range);
    EXPECT_THROW(open.pop_back(), std::out_of_range);
    EXPECT_THROW(open.front(), std::out_of_range);
    EXPECT_THROW(open.back(), std::out_of_range);
    EXPECT_THROW(open.at(0), std::out_of_range);
    EXPECT_THROW(open.edit(0), std::out_of_range);
    for (const auto& call : std::initializer_list<std::function<void()>>{
             [&] { open.back(); }, [&] { open.front(); }, [&] { open.pop_back(); }}) {
      try {
        call();
        ADD_FAILURE() << "nothing was thrown";
      } catch (const std::out_of_range& error) {
        EXPECT_EQ(error.what(), kPath + std::string(": collection 'ring': the ring is empty: ") +
                                    "it has no record");
      }
    }
    open.prepend({9});
    EXPECT_EQ(numbers(open), (Numbers{9}));
  });
}

TEST_F(RingTest, ClearGivesThePagesBack) {
  using Page = Plain<4096>;
  database->transact([](Transaction& txn) { txn.create<Ring<Page>>("pages", {.capacity = 20}); });
  const auto pages = [&] { return database->snapshot().collections(); };
  const auto size_of = [&] {
    std::uint64_t all = 0;
    for (const CollectionInfo& info : pages()) all += info.name == "pages" ? info.pages : 0;
    return all;
  };
  const std::uint64_t empty = size_of();
  database->transact([](Transaction& txn) {
    for (unsigned i = 0; i < 30; ++i) txn.open<Ring<Page>>("pages").append(filled<Page>(i));
  });
  EXPECT_GE(size_of(), empty + 20);
  database->transact([](Transaction& txn) { txn.open<Ring<Page>>("pages").clear(); });
  EXPECT_EQ(size_of(), empty);
  EXPECT_TRUE(database->snapshot().open<Ring<Page>>("pages").empty());
}

TEST_F(RingTest, GoesForwardBackwardAndPageByPageAcrossItsSeam) {
  using Kilobyte = Plain<1000, 8>;  // 4 in a page
  std::deque<Kilobyte> expected;
  database->transact([&](Transaction& txn) {
    auto wide = txn.create<Ring<Kilobyte>>("wide", {.capacity = 10});
    for (unsigned i = 0; i < 17; ++i) {
      wide.append(filled<Kilobyte>(i));
      expected.push_back(filled<Kilobyte>(i));
    }
  });
  expected.erase(expected.begin(), expected.begin() + 7);
  const auto wide = database->snapshot().open<Ring<Kilobyte>>("wide");
  std::vector<Kilobyte> forward, backward, paged;
  for (const auto record : wide) forward.push_back(*record);
  for (auto it = wide.rbegin(); it != wide.rend(); ++it) backward.push_back(**it);
  const auto items = wide.items();
  for (std::uint64_t i = 0; i < items.size();) {
    const auto span = items.page_span(i);
    ASSERT_EQ(span.first_index(), i);
    paged.insert(paged.end(), span.begin(), span.end());
    i += span.size();
  }
  EXPECT_TRUE(std::ranges::equal(forward, expected));
  EXPECT_TRUE(std::equal(backward.begin(), backward.end(), expected.rbegin(), expected.rend()));
  EXPECT_TRUE(std::ranges::equal(paged, expected));
}

TEST_F(RingTest, ARingOfOneHoldsTheLast) {
  database->transact([](Transaction& txn) {
    auto one = txn.create<Ring<Sample>>("one", {.capacity = 1});
    one.append({1});
    one.append({2});
    EXPECT_EQ(numbers(one), (Numbers{2}));
    one.prepend({3});
    EXPECT_EQ(numbers(one), (Numbers{3}));
    one.pop_back();
    EXPECT_TRUE(one.empty());
  });
}

TEST_F(RingTest, ReadRecordsStayWhatTheyWereWhenTheWindowMovesOn) {
  Transaction txn = database->begin();
  auto open = ring(txn);
  for (std::uint64_t i = 1; i <= 5; ++i) open.append({i});
  const auto oldest = open.front();
  open.append({6});
  EXPECT_EQ(oldest->number, 1u);
  txn.commit();
  const auto snapshot_oldest = committed().front();
  database->transact([](Transaction& second) { ring(second).append({7}); });
  EXPECT_EQ(snapshot_oldest->number, 2u);
}

TEST_F(RingTest, CapacityIsFixedWhenItIsMade) {
  Transaction txn = database->begin();
  EXPECT_EQ(ring(txn).capacity(), 5u);
  EXPECT_EQ((txn.open<Ring<Sample>>("ring", {.capacity = 5}).capacity()), 5u);
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {kPath, "'ring'", "capacity is 6", "5 is stored"},
                    [&] { txn.open<Ring<Sample>>("ring", {.capacity = 6}); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'ring'", "tag", "'t'"},
                    [&] { txn.open<Ring<Sample>>("ring", {.capacity = 5, .tag = "t"}); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'none'", "capacity is 0", "at least 1"},
                    [&] { txn.open<Ring<Sample>>("none", {.capacity = 0}); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'large'", "capacity", "246 TiB"},
                    [&] { txn.open<Ring<Sample>>("large", {.capacity = UINT64_MAX}); }));
  EXPECT_FALSE(txn.find<Ring<Sample>>("none"));
}

TEST_F(RingTest, ALargeRingTakesRoomOnlyForWhatItHolds) {
  database->transact([](Transaction& txn) {
    auto large = txn.create<Ring<Sample>>("large", {.capacity = std::uint64_t{1} << 40});
    large.prepend({1});
    large.append({2});
    EXPECT_EQ(numbers(large), (Numbers{1, 2}));
  });
  EXPECT_LT(database->stats().page_count, 100u);
}

TEST_F(RingTest, ARecordOfAnotherSizeIsRefused) {
  Transaction txn = database->begin();
  auto store = txn.open<RingStore>("ring");
  EXPECT_TRUE(
      fails(ErrorCode::invalid_argument, {"'ring'", "8 bytes", "3"}, [&] { store.append("abc"); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"8 bytes"}, [&] { store.prepend(""); }));
  EXPECT_EQ(store.size(), 0u);
}

TEST_F(RingTest, AnotherTypeIsRefused) {
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, {"'ring'", "size", "8"},
                    [&] { database->snapshot().open<Ring<Plain<9>>>("ring"); }));
}

TEST_F(RingTest, ASavepointTakesTheWindowBack) {
  database->transact([](Transaction& txn) {
    auto open = ring(txn);
    for (std::uint64_t i = 1; i <= 5; ++i) open.append({i});
    {
      const Savepoint savepoint = txn.savepoint();
      open.append({6});
      open.pop_front();
      open.edit(0)->number = 9;
    }
    EXPECT_EQ(numbers(open), (Numbers{1, 2, 3, 4, 5}));
  });
}

}  // namespace
}  // namespace quire::testing
