// What a flat file does with values, locations and segments. The names that speak of conduit state
// what Quire answers where ConduitFlatFileDB surprises.

#include "tests/facades/flat_file_fixture.h"
#include "tests/support/moved_from.h"

#include <unordered_set>

namespace quire::testing {
namespace {

using Strings = std::vector<std::string>;
using Locations = std::vector<DataLocation>;

static_assert(Collection<FlatFile>);
template <class T>
concept CanPut = requires(T& flat) {
  flat.put("value");
};
static_assert(CanPut<FlatFile> && !CanPut<FlatFile::View>, "a snapshot's handle changes nothing");
static_assert(std::ranges::input_range<FlatFileScan>);

/// Small segments and frames, plain and compressed.
class FlatFileBothTest : public FlatFileTest, public ::testing::WithParamInterface<int> {
 protected:
  FlatFileBothTest() {
    make({.segment_size = 10'000, .compression_level = GetParam(), .frame_size = 1024});
  }
};
INSTANTIATE_TEST_SUITE_P(Levels, FlatFileBothTest, ::testing::Values(0, 3),
                         [](const auto& level) { return level.param == 0 ? "Plain" : "Packed"; });

// ---- values

TEST_P(FlatFileBothTest, ReturnsWhatWasPutInThisTransactionAndAfterIt) {
  const Strings all{"one", "", noise(5000), std::string(3000, 'x'), "last"};
  Locations places;
  change([&](FlatFile& flat) {
    for (const std::string& value : all) {
      places.push_back(flat.put(value));
      EXPECT_EQ(flat.get(places.back()), ByteView(value));
    }
  });
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(view().get(places[i]), ByteView(all[i]));
  EXPECT_EQ(values(view()), all);
}

TEST_P(FlatFileBothTest, AnEmptyValueHasAPlaceAndNoBytes) {
  const DataLocation empty = put("");
  EXPECT_EQ(empty, (DataLocation{0, 0, 0}));
  EXPECT_EQ(view().get(empty), ByteView());
  EXPECT_EQ(view().segments().at(0).values, 1u);
}

TEST_P(FlatFileBothTest, SmallCommitsAddUpToWholeFrames) {
  Strings all;
  for (int i = 0; i < 100; ++i) {
    all.push_back("value " + std::to_string(i) + std::string(60, '.'));
    put(all.back());
  }
  EXPECT_EQ(values(view()), all);
  const FlatFileSegment segment = view().segments().at(0);
  EXPECT_EQ(segment.values, 100u);
  EXPECT_EQ(segment.frames, GetParam() == 0 ? 0 : segment.size / 1024);
  if (GetParam() != 0) {
    EXPECT_LT(segment.stored_size, segment.size / 2);
  } else {
    EXPECT_EQ(segment.stored_size, segment.size);
  }
}

TEST_P(FlatFileBothTest, PutManyPutsInOrderAndTakesAnyRange) {
  const Strings all{"a", "bb", noise(2000), ""};
  const auto places = change([&](FlatFile& flat) { return flat.put_many(all); });
  ASSERT_EQ(places.size(), 4u);
  EXPECT_EQ(places[1], (DataLocation{0, 1, 2}));
  EXPECT_EQ(places[3], (DataLocation{0, 2003, 0}));
  const Generated made(3, [](int index) { return std::string(index + 1, 'm'); });
  change([&](FlatFile& flat) {
    flat.put_many(made);
    EXPECT_TRUE(flat.put_many(Strings{}).empty());
  });
  EXPECT_EQ(values(view()), (Strings{"a", "bb", all[2], "", "m", "mm", "mmm"}));
}

TEST_P(FlatFileBothTest, ABatchWhoseRangeThrowsAddsNothing) {
  put("before");
  const Generated throwing(10, [](int index) {
    if (index == 5) throw std::runtime_error("no more");
    return noise(1500);
  });
  change([&](FlatFile& flat) { EXPECT_THROW(flat.put_many(throwing), std::runtime_error); });
  EXPECT_EQ(values(view()), Strings{"before"});
  put("after");
  EXPECT_EQ(values(view()), (Strings{"before", "after"}));
}

TEST_P(FlatFileBothTest, ABatchWhoseRangePutsIntoTheSameFileIsRefused) {
  change([&](FlatFile& flat) {
    const Generated putting(3, [&](int) {
      flat.put("inner");
      return std::string("outer");
    });
    EXPECT_NE(message_of<InvalidArgument>([&] {
                flat.put_many(putting);
              }).find("collection 'f': something else was put before this was complete"),
              std::string::npos);
  });
  EXPECT_EQ(values(view()), (Strings{"inner", "inner", "inner"}));
}

TEST_P(FlatFileBothTest, AValueOfTheSameFileCanBePutAgain) {
  change([&](FlatFile& flat) {
    const auto first = flat.put(noise(5000));
    const auto second = flat.put(flat.get(first));
    EXPECT_EQ(flat.get(second), ByteView(noise(5000)));
  });
}

TEST_P(FlatFileBothTest, TwoHandlesOfOneTransactionAgree) {
  database.transact([](Transaction& txn) {
    auto one = txn.open<FlatFile>("f");
    auto two = txn.open<FlatFile>("f");
    const auto first = one.put(noise(1500));
    const auto second = two.put(noise(1500, 2));
    EXPECT_EQ(second.offset, 1500u);
    EXPECT_EQ(two.get(first), ByteView(noise(1500)));
    EXPECT_EQ(one.get(second), ByteView(noise(1500, 2)));
  });
}

TEST_P(FlatFileBothTest, ValuesOutliveTheirSnapshotAndTheDatabase) {
  const auto place = put(noise(3000));
  const Value value = view().get(place);
  const Value slice = view().get(place, 10, 20);
  change([](FlatFile& flat) {
    flat.seal();
    flat.drop_segment(0);
  });
  EXPECT_EQ(value, ByteView(noise(3000)));
  EXPECT_EQ(slice, ByteView(noise(3000)).sub(10, 10));
}

TEST_P(FlatFileBothTest, AHandleFromBeforeASealPutsIntoTheNewSegmentWhereConduitsGoesOnInTheOld) {
  database.transact([](Transaction& txn) {
    auto early = txn.open<FlatFile>("f");
    early.put("a");
    txn.open<FlatFile>("f").seal();
    EXPECT_EQ(early.put("b"), (DataLocation{1, 0, 1}));
    EXPECT_EQ(early.segments().at(0).size, 1u);
  });
}

// ---- slices and locations

TEST_P(FlatFileBothTest, EachSliceIsThatOfTheValueAndNeverRunsIntoTheNextAsConduitsDoes) {
  put(noise(700, 1));
  const std::string value = noise(3000, 2);
  const auto place = put(value);
  put(noise(5000, 3));
  const auto flat = view();
  for (const std::uint64_t begin : {0, 1, 323, 324, 325, 1347, 1348, 1349, 2999, 3000, 3001}) {
    for (const std::uint64_t end : {0, 1, 323, 324, 325, 1348, 1349, 2372, 2999, 3000, 5000}) {
      if (begin > end) continue;
      EXPECT_EQ(flat.get(place, begin, end), ByteView(value).sub(begin, end - begin)) << begin;
    }
    EXPECT_EQ(flat.get(place, begin), ByteView(value).sub(begin)) << begin;
  }
}

TEST_P(FlatFileBothTest, ASliceThatEndsBeforeItBeginsIsRefused) {
  const auto place = put("value");
  EXPECT_NE(message_of<InvalidArgument>([&] {
              view().get(place, 3, 2);
            }).find("collection 'f': a slice begins at 3, behind its end 2"),
            std::string::npos);
}

TEST_P(FlatFileBothTest, ALocationBeyondItsSegmentIsOutOfRange) {
  put(noise(2000));
  for (const DataLocation bad :
       {DataLocation{0, 0, 2001}, DataLocation{0, 2001, 0}, DataLocation{0, 1999, 2},
        DataLocation{0, UINT64_MAX, 2}, DataLocation{0, 2, UINT64_MAX}}) {
    EXPECT_NE(message_of<std::out_of_range>([&] {
                view().get(bad);
              }).find("collection 'f': segment 0 has 2000 bytes, but not the"),
              std::string::npos);
    EXPECT_THROW(view().get(bad, 0, 0), std::out_of_range);
    EXPECT_THROW(view().reader(bad), std::out_of_range);
  }
  EXPECT_EQ(view().get({0, 2000, 0}), ByteView());
}

TEST_P(FlatFileBothTest, ALocationOfNoSegmentIsNotFound) {
  put("value");
  for (const std::uint64_t none : {std::uint64_t{1}, UINT64_MAX}) {
    EXPECT_NE(message_of<NotFound>([&] {
                view().get({none, 0, 0});
              }).find("collection 'f': there is no segment " + std::to_string(none)),
              std::string::npos);
    EXPECT_THROW(view().scan(none), NotFound);
    EXPECT_THROW(view().frame(none, 0), NotFound);
    EXPECT_THROW(view().reader({none, 0, 0}), NotFound);
  }
}

TEST(DataLocationTest, EncodesToThreeLittleEndianNumbers) {
  const DataLocation place{0x0102, 3, 0x0900000000000000};
  const auto bytes = place.encode();
  EXPECT_EQ(ByteView(bytes).str(), std::string("\x02\x01\0\0\0\0\0\0"
                                               "\x03\0\0\0\0\0\0\0"
                                               "\0\0\0\0\0\0\0\x09",
                                               24));
  EXPECT_EQ(DataLocation::decode(bytes), place);
}

TEST(DataLocationTest, OtherThan24BytesAreNoLocation) {
  EXPECT_NE(message_of<InvalidArgument>([] {
              DataLocation::decode("short");
            }).find("a location has 24 bytes, but these are 5"),
            std::string::npos);
  EXPECT_THROW(DataLocation::decode(std::string(25, '\0')), InvalidArgument);
}

TEST(DataLocationTest, ComparesInOrderAndHashes) {
  const DataLocation a{0, 5, 1};
  const DataLocation b{1, 0, 0};
  EXPECT_LT(a, b);
  EXPECT_LT((DataLocation{0, 4, 9}), a);
  EXPECT_EQ((std::unordered_set<DataLocation>{a, b, a}).size(), 2u);
}

// ---- segments

TEST_P(FlatFileBothTest, AFullSegmentIsSealedBeforeTheNextPutAndMayExceedItsSizeByABatch) {
  change([&](FlatFile& flat) {
    flat.put(std::string(9999, 'a'));
    EXPECT_EQ(flat.segments().size(), 1u) << "not full yet";
    const auto batch = flat.put_many(Strings(3, std::string(6000, 'b')));
    EXPECT_EQ(batch.back().segment, 0u) << "one batch, one segment";
    EXPECT_EQ(flat.put("c").segment, 1u);
  });
  const auto segments = view().segments();
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_TRUE(segments[0].sealed);
  EXPECT_EQ(segments[0].size, 27'999u);
  EXPECT_EQ(segments[0].values, 4u);
  EXPECT_EQ(segments[1].id, 1u);
  EXPECT_FALSE(segments[1].sealed);
}

TEST_P(FlatFileBothTest, SealBeginsASegmentUnlessTheOpenOneIsEmpty) {
  change([](FlatFile& flat) {
    EXPECT_EQ(flat.seal(), 0u);
    flat.put("a");
    EXPECT_EQ(flat.seal(), 1u);
    EXPECT_EQ(flat.seal(), 1u);
    EXPECT_EQ(flat.put("b").segment, 1u);
    flat.put("");
  });
  EXPECT_EQ(values(view()), (Strings{"a", "b", ""}));
}

TEST_P(FlatFileBothTest, ScanListsTheValuesOfOneSegmentAsTheyWereThen) {
  Locations first;
  change([&](FlatFile& flat) {
    for (int i = 0; i < 1500; ++i) first.push_back(flat.put(std::string(i % 7, 'x')));
    flat.seal();
    flat.put("of the next");
    EXPECT_EQ(locations(flat, 0), first);
    const auto scan = flat.scan(1);
    flat.put("later");
    auto at = scan.begin();
    EXPECT_EQ(*at, (DataLocation{1, 0, 11}));
    EXPECT_TRUE(++at == scan.end());
  });
  EXPECT_EQ(locations(view(), 0), first);
  EXPECT_EQ(locations(view(), 1), (Locations{{1, 0, 11}, {1, 11, 5}}));
}

TEST_P(FlatFileBothTest, ADroppedSegmentIsGoneAndItsRoomIsFree) {
  put("warm up");
  change([](FlatFile& flat) { flat.seal(); });
  const std::uint64_t before = used_pages();
  for (unsigned i = 0; i < 20; ++i) {
    change([&](FlatFile& flat) {
      flat.put_many(Strings(100, noise(1000, i)));
      flat.seal();
    });
  }
  const auto kept = view().scan(20).begin();
  for (std::uint64_t id = 1; id < 20; ++id) {
    change([&](FlatFile& flat) { flat.drop_segment(id); });
    EXPECT_THROW(view().get({id, 0, 1}), NotFound);
  }
  EXPECT_EQ(view().get(*kept), ByteView(noise(1000, 19)));
  EXPECT_EQ(view().get({0, 0, 7}), ByteView("warm up"));
  EXPECT_LT(used_pages(), before + 45) << "one segment of 100,000 bytes has been kept";
  const auto segments = view().segments();
  ASSERT_EQ(segments.size(), 3u);
  EXPECT_EQ(segments[1].id, 20u) << "numbers never come back";
}

TEST_P(FlatFileBothTest, AllDroppedLeavesNoContentBehind) {
  change([](FlatFile& flat) { flat.put("a"); });
  const std::uint64_t before = used_pages();
  for (int round = 0; round < 3; ++round) {
    change([](FlatFile& flat) {
      flat.put_many(Strings(50, noise(4000)));
      flat.drop_segment(flat.seal() - 1);
      flat.put("a");
    });
  }
  EXPECT_LE(used_pages(), before + 6);
}

TEST_P(FlatFileBothTest, DroppingTheOpenSegmentIsUnsafeUnderAnySpelling) {
  put("a");
  change([](FlatFile& flat) {
    EXPECT_NE(message_of<UnsafeAccess>([&] {
                flat.drop_segment(0);
              }).find("collection 'f': segment 0 is the open one; seal() it, then drop it"),
              std::string::npos);
  });
  EXPECT_EQ(values(view()), Strings{"a"});
}

TEST_P(FlatFileBothTest, DroppingASegmentTwiceIsNotFoundWhereConduitOnlyLogsIt) {
  put("a");
  change([](FlatFile& flat) {
    flat.seal();
    flat.drop_segment(0);
    EXPECT_THROW(flat.drop_segment(0), NotFound);
    EXPECT_THROW(flat.drop_segment(7), NotFound);
  });
}

TEST_P(FlatFileBothTest, ADroppedFirstSegmentDoesNotComeBackEmptyAsConduitsDoes) {
  put("a");
  change([](FlatFile& flat) {
    flat.seal();
    flat.drop_segment(0);
  });
  change([](FlatFile& flat) { flat.put("b"); });
  ASSERT_EQ(view().segments().size(), 1u);
  EXPECT_EQ(view().segments()[0].id, 1u);
}

TEST_P(FlatFileBothTest, SegmentsAreFoundWhateverWasDroppedBetweenThem) {
  Locations places;
  change([&](FlatFile& flat) {
    for (int i = 0; i < 40; ++i) {
      places.push_back(flat.put("value " + std::to_string(i)));
      flat.seal();
    }
    for (const std::uint64_t id : {0, 1, 5, 9, 10, 11, 20, 39}) flat.drop_segment(id);
  });
  for (const DataLocation& place : places) {
    const std::uint64_t id = place.segment;
    if (id <= 1 || id == 5 || (id >= 9 && id <= 11) || id == 20 || id == 39) {
      EXPECT_THROW(view().get(place), NotFound);
    } else {
      EXPECT_EQ(view().get(place), ByteView("value " + std::to_string(id)));
    }
  }
}

TEST_P(FlatFileBothTest, ASnapshotKeepsWhatIsDroppedLater) {
  const auto place = put(noise(4000));
  const auto before = view();
  change([](FlatFile& flat) {
    flat.seal();
    flat.drop_segment(0);
    flat.put(noise(4000, 2));
  });
  EXPECT_EQ(before.get(place), ByteView(noise(4000)));
  EXPECT_EQ(before.segments().size(), 1u);
}

TEST_P(FlatFileBothTest, AScanEndsWithAnErrorWhenItsSegmentIsDropped) {
  change([](FlatFile& flat) {
    flat.put_many(Strings(2000, "x"));
    flat.seal();
    auto scan = flat.scan(0);
    auto at = scan.begin();
    flat.drop_segment(0);
    EXPECT_THROW(
        {
          while (at != scan.end()) ++at;
        },
        NotFound);
  });
}

// ---- compression

TEST_F(FlatFileTest, FramesAreWholeAndASealedSegmentHasAShortOneAtItsEnd) {
  make({.compression_level = 19, .frame_size = 2048});
  put(noise(5000));
  EXPECT_EQ(view().segments()[0].frames, 2u);
  change([](FlatFile& flat) { flat.seal(); });
  const FlatFileSegment sealed = view().segments()[0];
  EXPECT_EQ(sealed.frames, 3u);
  std::uint64_t stored = 0;
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Value frame = view().frame(0, i);
    EXPECT_EQ(frame.text().substr(0, 4), "\x28\xb5\x2f\xfd");
    stored += frame.size();
  }
  EXPECT_EQ(stored, sealed.stored_size);
  EXPECT_NE(message_of<std::out_of_range>([&] {
              view().frame(0, 3);
            }).find("segment 0 has 3 frames, but not number 3"),
            std::string::npos);
}

TEST_F(FlatFileTest, APlainFileHasNoFrames) {
  put(noise(5000));
  EXPECT_EQ(view().segments()[0].frames, 0u);
  EXPECT_THROW(view().frame(0, 0), std::out_of_range);
}

// ---- transactions

TEST_P(FlatFileBothTest, RollbackAndSavepointLeaveNothing) {
  put("kept");
  {
    Transaction txn = database.begin();
    auto flat = txn.open<FlatFile>("f");
    flat.put(noise(3000));
    {
      const Savepoint savepoint = txn.savepoint();
      flat.put(noise(30'000));
      flat.seal();
      flat.drop_segment(0);
    }
    EXPECT_EQ(values(flat), (Strings{"kept", noise(3000)}));
    EXPECT_EQ(flat.put("more").offset, 3004u);
  }
  EXPECT_EQ(values(view()), Strings{"kept"});
}

TEST_P(FlatFileBothTest, ASavepointThatIsReturnedToEndsAScan) {
  Transaction txn = database.begin();
  auto flat = txn.open<FlatFile>("f");
  Savepoint savepoint = txn.savepoint();
  flat.put_many(Generated(2000, [](int) { return std::string("x"); }));
  const FlatFileScan scan = flat.scan(0);
  auto it = scan.begin();
  savepoint.rollback();
  const auto walk = [&] {
    while (it != scan.end()) ++it;
  };
  EXPECT_NE(message_of<InvalidArgument>(walk).find("while segment 0 was being scanned"),
            std::string::npos);
  txn.commit();
}

TEST_P(FlatFileBothTest, EveryCallOfWhatWasMovedFromIsRefused) {
  const DataLocation place = put("value");
  Transaction txn = database.begin();
  auto flat = txn.open<FlatFile>("f");
  FlatFileView from = flat;
  FlatFileScan scan = flat.scan(0);
  FlatFileScan::Iterator it = scan.begin();
  const FlatFile moved = std::move(flat);
  const FlatFileView moved_view = std::move(from);
  const FlatFileScan moved_scan = std::move(scan);
  const FlatFileScan::Iterator moved_it = std::move(it);
  const std::function<void()> calls[] = {
      [&] { flat.put("x"); },        [&] { flat.put_many(std::vector<std::string>{"x"}); },
      [&] { flat.writer(); },        [&] { flat.seal(); },
      [&] { flat.drop_segment(0); }, [&] { from.options(); },
      [&] { from.get(place); },      [&] { from.get(place, 2, 1); },
      [&] { from.reader(place); },   [&] { from.segments(); },
      [&] { from.scan(0); },         [&] { from.frame(0, 0); },
      [&] { scan.begin(); },
  };
  for (const auto& call : calls) EXPECT_TRUE(was_moved(call)) << &call - calls;
  EXPECT_EQ(flat.name(), "");
  EXPECT_EQ(from.name(), "");
  EXPECT_EQ(moved.get(place).text(), "value");
}

TEST_P(FlatFileBothTest, GoesWithItsNameAndDropsWhole) {
  put(noise(30'000));
  database.transact([](Transaction& txn) {
    txn.rename("f", "g");
    EXPECT_EQ(txn.open<FlatFile>("g").put("x").segment, 1u);
  });
  EXPECT_EQ(values(database.snapshot().open<FlatFile>("g")).size(), 2u);
  database.transact([](Transaction& txn) { EXPECT_TRUE(txn.drop("g")); });
  EXPECT_EQ(used_pages(), 5u) << "as in an empty database";
}

}  // namespace
}  // namespace quire::testing
