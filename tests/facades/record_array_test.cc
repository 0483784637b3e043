// RecordArray<T>: many arrays of structs in one collection, sparse and read page by page.

#include <functional>

#include "tests/facades/record_types.h"
#include "tests/support/moved_from.h"

namespace quire::testing {
namespace {

struct Point {
  std::int64_t x = 0;
  std::int64_t y = 0;
  friend bool operator==(const Point&, const Point&) = default;
};
using Wide = Plain<1000, 8>;  // 4 in a page, and a rest

class RecordArrayTest : public RecordTest {
 protected:
  RecordArray<Point> points(Transaction& txn) { return txn.open<RecordArray<Point>>("points"); }
  RecordArrayView<Point> committed() {
    return database->snapshot().open<RecordArray<Point>>("points");
  }
  std::uint64_t pages() { return database->snapshot().collections().at(0).pages; }
};

static_assert(Collection<RecordArray<Point>> && Collection<RecordArrayStore>);
static_assert(std::random_access_iterator<RecordRange<const Point>::Iterator>);

TEST_F(RecordArrayTest, CreateEditViewAndErase) {
  database->transact([&](Transaction& txn) {
    auto arrays = points(txn);
    arrays.create("a", 1000);
    arrays.create("b", 3);
    arrays.edit("a", 999)->x = 7;
    arrays.edit("b", 0)->x = 8;
  });
  EXPECT_EQ(committed().size(), 2u);
  EXPECT_TRUE(committed().contains("a"));
  std::vector<std::string> keys = committed().keys();
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "b"}));
  crash_and_reopen();
  const RecordRange<const Point> a = committed().view("a");
  EXPECT_EQ(a.size(), 1000u);
  EXPECT_EQ(a[999]->x, 7);
  EXPECT_EQ(a.back()->x, 7);
  EXPECT_EQ(*a.front(), Point());
  EXPECT_EQ(committed().view("b").at(0)->x, 8);
  database->transact([&](Transaction& txn) {
    EXPECT_TRUE(points(txn).erase("a"));
    EXPECT_FALSE(points(txn).erase("a"));
  });
  EXPECT_FALSE(committed().contains("a"));
  EXPECT_EQ(committed().view("b").at(0)->x, 8);
}

TEST_F(RecordArrayTest, UntouchedPagesTakeNoRoomAndReadAsZeros) {
  constexpr std::uint64_t kCount = std::uint64_t{1} << 43;  // 128 TiB
  database->transact([&](Transaction& txn) { points(txn).create("huge", kCount); });
  const std::uint64_t empty = pages();
  database->transact([&](Transaction& txn) {
    points(txn).edit("huge", kCount - 1)->y = 1;
    points(txn).edit("huge", kCount / 2)->y = 2;
  });
  EXPECT_LE(pages(), empty + 10);
  const auto range = committed().view("huge");
  EXPECT_EQ(range[kCount - 1]->y, 1);
  EXPECT_EQ(range[kCount / 2]->y, 2);
  EXPECT_EQ(*range[kCount / 2 + 1], Point());
  EXPECT_EQ(*range[12345], Point());
}

TEST_F(RecordArrayTest, AddressesOfErasedArraysAreUsedAgainAndReadAsZeros) {
  constexpr std::uint64_t kHalf = std::uint64_t{1} << 43;
  database->transact([&](Transaction& txn) {
    auto arrays = points(txn);
    arrays.create("first", kHalf);
    arrays.edit("first", 7)->x = 1;
    arrays.create("second", 1000);
    EXPECT_TRUE(fails(ErrorCode::out_of_space, {"'points'", "pages"},
                      [&] { arrays.create("third", kHalf); }));
    arrays.erase("first");
    arrays.create("third", kHalf);
    arrays.edit("third", kHalf - 1)->x = 3;
    arrays.edit("second", 0)->x = 2;
    EXPECT_EQ(arrays.view("third").back()->x, 3);
    EXPECT_EQ(*arrays.view("third")[7], Point());
    EXPECT_EQ(*arrays.view("second").back(), Point());
  });
}

TEST_F(RecordArrayTest, ErasedContentNeverReappears) {
  database->transact([&](Transaction& txn) {
    auto arrays = points(txn);
    arrays.create("a", 500);
    arrays.create("b", 500);
    for (std::uint64_t i = 0; i < 500; ++i) arrays.edit("b", i)->x = 1;
    arrays.erase("b");
    arrays.create("c", 500);
    for (const auto point : arrays.view("c")) EXPECT_EQ(*point, Point());
    arrays.clear();
    EXPECT_TRUE(arrays.empty());
    arrays.create("a", 1);
  });
  EXPECT_EQ(*committed().view("a")[0], Point());
}

TEST_F(RecordArrayTest, AnArrayMayHaveNoRecords) {
  database->transact([&](Transaction& txn) {
    for (const char* key : {"a", "b", "c"}) points(txn).create(key, key[0] == 'b' ? 5 : 0);
    points(txn).write("a", 0, {});
  });
  const auto range = committed().view("a");
  EXPECT_TRUE(range.empty());
  EXPECT_TRUE(range.begin() == range.end());
  EXPECT_THROW(range.page_span(0), std::out_of_range);
  EXPECT_THROW(range.front(), std::out_of_range);
  EXPECT_THROW(range.back(), std::out_of_range);
}

TEST_F(RecordArrayTest, AnEmptyArrayOutlivesTheOneBeforeIt) {
  database->transact([&](Transaction& txn) {
    points(txn).create("a", 500);
    points(txn).create("empty", 0);
    points(txn).erase("a");
  });
  expect_sound(*database, check_options);
  database->transact([&](Transaction& txn) {
    points(txn).create("b", 500);
    points(txn).edit("b", 0)->x = 1;
    points(txn).erase("empty");
  });
  EXPECT_EQ(committed().view("b").front()->x, 1);
}

TEST_F(RecordArrayTest, IteratorsReachEveryRecordInAnyOrder) {
  database->transact([&](Transaction& txn) {
    auto arrays = points(txn);
    arrays.create("a", 1000);
    std::vector<Point> all(1000);
    for (int i = 0; i < 1000; ++i) all[i].x = i;
    arrays.write("a", 0, all);
  });
  const auto range = committed().view("a");
  std::int64_t next = 0;
  for (const auto point : range) EXPECT_EQ(point->x, next++);
  EXPECT_EQ(next, 1000);
  for (auto it = range.rbegin(); it != range.rend(); ++it) EXPECT_EQ((*it)->x, --next);
  EXPECT_EQ(next, 0);
  auto it = range.begin() + 700;
  EXPECT_EQ(it[-300]->x, 400);
  EXPECT_EQ((*(it - 1))->x, 699);
  EXPECT_EQ(range.end() - it, 300);
  EXPECT_TRUE(it > range.begin());
  EXPECT_THROW(*range.end(), std::out_of_range);
  const auto found = std::ranges::lower_bound(range.begin(), range.end(), 345, {},
                                              [](const auto& point) { return point->x; });
  EXPECT_EQ(found - range.begin(), 345);
}

TEST_F(RecordArrayTest, PageSpanShowsAllNeighboursInThePageAndPinsThem) {
  database->transact([&](Transaction& txn) {
    auto arrays = txn.create<RecordArray<Wide>>("wide");
    arrays.create("before", 1);
    arrays.create("a", 10);
    for (unsigned i = 0; i < 10; ++i) *arrays.edit("a", i) = filled<Wide>(i);
  });
  std::vector<RecordSpan<const Wide>> spans;
  {
    const auto range = database->snapshot().open<RecordArray<Wide>>("wide").view("a");
    for (std::uint64_t i = 0; i < range.size(); i += spans.back().size()) {
      spans.push_back(range.page_span(i));
      EXPECT_EQ(spans.back().first_index(), i);
    }
    EXPECT_EQ(range.page_span(6).first_index(), 4u);
  }
  close();
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[2].size(), 2u) << "the array ends before the page";
  unsigned next = 0;
  for (const auto& span : spans) {
    EXPECT_EQ(span.span().size(), span.size());
    for (const Wide& record : span) EXPECT_EQ(record, filled<Wide>(next++));
  }
  EXPECT_EQ(next, 10u);
}

TEST_F(RecordArrayTest, WriteGoesAcrossPages) {
  std::vector<Wide> expected(30);
  database->transact([&](Transaction& txn) {
    auto arrays = txn.create<RecordArray<Wide>>("wide");
    arrays.create("a", 30);
    for (unsigned i = 3; i < 25; ++i) expected[i] = filled<Wide>(i);
    arrays.write("a", 3, std::span(expected).subspan(3, 22));
  });
  const auto range = database->snapshot().open<RecordArray<Wide>>("wide").view("a");
  for (unsigned i = 0; i < 30; ++i) EXPECT_EQ(*range[i], expected[i]) << i;
}

TEST_F(RecordArrayTest, ResizeKeepsWhatStaysAndMakesZerosOrCopiesOfARecord) {
  std::vector<Wide> expected(30);
  for (unsigned i = 0; i < 30; ++i) expected[i] = filled<Wide>(i);
  const auto require = [&](const RecordArrayView<Wide>& arrays) {
    const auto range = arrays.view("a");
    ASSERT_EQ(range.size(), expected.size());
    for (unsigned i = 0; i < expected.size(); ++i) EXPECT_EQ(*range[i], expected[i]) << i;
  };
  Transaction txn = database->begin();
  auto arrays = txn.create<RecordArray<Wide>>("wide");
  arrays.create("a", 30);
  arrays.write("a", 0, expected);
  for (const bool is_last : {true, false}) {
    for (const std::size_t count : {13u, 14u, 30u, 7u, 8u, 0u, 5u, 50u, 50u}) {
      arrays.resize("a", count);
      expected.resize(count);
      require(arrays);
      arrays.resize("a", count + 2);
      expected.resize(count + 2);
      require(arrays);
      arrays.resize("a", count + 9, filled<Wide>(77));
      expected.resize(count + 9, filled<Wide>(77));
      require(arrays);
    }
    if (is_last) arrays.create("behind", 9);
    *arrays.edit("behind", 8) = filled<Wide>(5);
  }
  EXPECT_EQ(*arrays.view("behind")[8], filled<Wide>(5));
  txn.commit();
  require(database->snapshot().open<RecordArray<Wide>>("wide"));
}

TEST_F(RecordArrayTest, RecordsThatGoFreeTheirPages) {
  const std::vector<Point> full(100'000, Point{1, 1});
  database->transact([&](Transaction& txn) {
    points(txn).create("a", full.size());
    points(txn).create("b", full.size());
  });
  const std::uint64_t empty = pages();
  database->transact([&](Transaction& txn) {
    points(txn).write("a", 0, full);
    points(txn).write("b", 0, full);
  });
  const std::uint64_t both = pages();
  database->transact([&](Transaction& txn) { points(txn).resize("b", 10); });
  EXPECT_LT(pages(), both - 380);
  database->transact([&](Transaction& txn) { points(txn).resize("a", 10); });
  EXPECT_LT(pages(), empty + 10);
  database->transact([&](Transaction& txn) {
    points(txn).resize("a", 1'000'000);
    points(txn).resize("b", 50'000);     // moves behind it
    points(txn).resize("a", 2'000'000);  // moves in its turn; pages of zeros stay holes
    points(txn).resize("a", 2'000'000'000);
  });
  EXPECT_LT(pages(), empty + 20);
  EXPECT_EQ(*committed().view("a")[9], (Point{1, 1}));
  EXPECT_EQ(*committed().view("a").back(), Point());
}

TEST_F(RecordArrayTest, ResizeRefusesWhatIsNotThereAndWhatDoesNotFit) {
  Transaction txn = database->begin();
  auto arrays = points(txn);
  arrays.create("a", 5);
  EXPECT_TRUE(fails(ErrorCode::not_found, {"collection 'points'", "array 'b'", "create()"},
                    [&] { arrays.resize("b", 1); }));
  EXPECT_TRUE(fails(ErrorCode::out_of_space, {"'points'", "pages"},
                    [&] { arrays.resize("a", UINT64_MAX); }));
  auto store = txn.open<RecordArrayStore>("points");
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'points'", "16 bytes, not 3"},
                    [&] { store.resize("a", 9, "abc"); }));
  EXPECT_EQ(arrays.view("a").size(), 5u);
  txn.commit();
}

TEST_F(RecordArrayTest, EveryAlignmentIsMet) {
  using Strict = Plain<64, 64>;
  using Page = Plain<4096, 4096>;
  database->transact([&](Transaction& txn) {
    auto strict = txn.create<RecordArray<Strict>>("strict");
    auto page = txn.create<RecordArray<Page>>("page");
    strict.create("a", 100);
    page.create("a", 3);
    for (unsigned i = 0; i < 100; ++i) *strict.edit("a", i) = filled<Strict>(i);
    *page.edit("a", 2) = filled<Page>(2);
    for (const auto record : strict.view("a")) EXPECT_TRUE(is_aligned(record.get()));
  });
  const Snapshot snapshot = database->snapshot();
  unsigned i = 0;
  for (const auto record : snapshot.open<RecordArray<Strict>>("strict").view("a")) {
    EXPECT_TRUE(is_aligned(record.get()));
    EXPECT_EQ(*record, filled<Strict>(i++));
  }
  const auto page = snapshot.open<RecordArray<Page>>("page").view("a").page_span(2);
  EXPECT_TRUE(is_aligned(page.data()));
  EXPECT_EQ(page[0], filled<Page>(2));
}

TEST_F(RecordArrayTest, ARangeOfASnapshotStaysAsItWas) {
  database->transact([&](Transaction& txn) {
    points(txn).create("a", 500);
    points(txn).edit("a", 499)->x = 1;
  });
  const auto range = committed().view("a");
  database->transact([&](Transaction& txn) {
    points(txn).edit("a", 499)->x = 2;
    points(txn).erase("a");
  });
  EXPECT_EQ(range.back()->x, 1);
}

TEST_F(RecordArrayTest, ASavepointTakesArraysBack) {
  database->transact([&](Transaction& txn) {
    auto arrays = points(txn);
    arrays.create("a", 500);
    {
      const Savepoint savepoint = txn.savepoint();
      arrays.create("b", 500);
      arrays.edit("b", 3)->x = 5;
      arrays.erase("a");
    }
    EXPECT_EQ(arrays.keys(), std::vector<std::string>{"a"});
    arrays.create("c", 500);
    EXPECT_EQ(*arrays.view("c")[3], Point());
  });
}

TEST_F(RecordArrayTest, RefusesWhatIsNotThere) {
  Transaction txn = database->begin();
  auto arrays = points(txn);
  arrays.create("a", 5);
  EXPECT_TRUE(fails(ErrorCode::key_exists, {kPath, "collection 'points'", "array 'a'", "erase"},
                    [&] { arrays.create("a", 9); }));
  const std::vector<std::string_view> missing{"collection 'points'", "array 'b'", "create()"};
  EXPECT_TRUE(fails(ErrorCode::not_found, missing, [&] { arrays.view("b"); }));
  EXPECT_TRUE(fails(ErrorCode::not_found, missing, [&] { arrays.edit("b", 0); }));
  EXPECT_THROW(arrays.edit("a", 5), std::out_of_range);
  EXPECT_THROW(arrays.view("a").at(5), std::out_of_range);
  EXPECT_THROW(arrays.write("a", 4, std::vector<Point>(2)), std::out_of_range);
  EXPECT_THROW(arrays.write("a", 6, {}), std::out_of_range);
  EXPECT_TRUE(fails(ErrorCode::out_of_space, {"'points'", "pages"},
                    [&] { arrays.create("b", UINT64_MAX); }));
  try {
    arrays.view("a").at(5);
  } catch (const std::out_of_range& error) {
    EXPECT_EQ(
        error.what(),
        std::string(kPath) + ": collection 'points': there is no record 5 in array 'a': it has 5");
  }
  txn.commit();
}

TEST_F(RecordArrayTest, RefusesBytesThatAreNoWholeRecordsWhereItsTypeIsNotKnown) {
  Transaction txn = database->begin();
  auto store = txn.create<RecordArrayStore>("r", {.layout = record_layout<Point>()});
  store.create("a", 5);
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'r'", "17", "16"},
                    [&] { store.write("a", 0, std::string(17, 'x')); }));
  txn.commit();
}

TEST_F(RecordArrayTest, AnotherTypeOrTagIsRefused) {
  database->transact([&](Transaction& txn) {
    txn.create<RecordArray<Point>>("points", {.tag = "v1"});
    EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'points'", "tag", "'v1'"},
                      [&] { txn.open<RecordArray<Point>>("points", {.tag = "v2"}); }));
  });
  EXPECT_EQ(committed().tag(), "v1");
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, {"'points'", "size"},
                    [&] { database->snapshot().open<RecordArray<Wide>>("points"); }));
}

TEST_F(RecordArrayTest, EveryCallOfWhatWasMovedFromIsRefused) {
  Transaction txn = database->begin();
  auto from = points(txn);
  from.create("a", 5);
  RecordArrayView<Point> view = from;
  const auto moved = std::move(from);
  const auto moved_view = std::move(view);
  const std::function<void()> calls[] = {
      [&] { from.create("b", 5); },
      [&] { from.edit("a", 0); },
      [&] { from.write("a", 0, std::vector<Point>(1)); },
      [&] { from.resize("a", 1); },
      [&] { from.erase("a"); },
      [&] { from.clear(); },
      [&] { view.tag(); },
      [&] { view.store().layout(); },
      [&] { view.size(); },
      [&] { view.contains("a"); },
      [&] { view.keys(); },
      [&] { view.view("a"); },
  };
  for (const auto& call : calls) EXPECT_TRUE(was_moved(call)) << &call - calls;
  EXPECT_EQ(from.name(), "");
  EXPECT_EQ(view.name(), "");
  EXPECT_EQ(moved_view.view("a").size(), 5u);
}

}  // namespace
}  // namespace quire::testing
