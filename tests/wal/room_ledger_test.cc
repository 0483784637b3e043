#include "wal/room_ledger.h"

#include <gtest/gtest.h>

namespace quire::wal {
namespace {

/// The body of a chunk that fills `blocks` blocks.
constexpr std::size_t body_of(std::size_t blocks) { return blocks * kBlockSize - kChunkHeaderSize; }

constexpr std::uint64_t kSegment = 10 * kBlockSize;  // block 0, 7 for chunks and MARKs, the reserve
constexpr LogPosition kBegin{1, kBlockSize};

bool has_room(const RoomLedger& ledger, std::size_t segments, LogPosition end = kBegin) {
  return ledger.has_room(end, std::vector<std::uint64_t>(segments, kSegment));
}

TEST(RoomLedger, NeedsNothingForNothing) { EXPECT_TRUE(has_room(RoomLedger(), 1)); }

TEST(RoomLedger, CountsAMarkBeforeEachChunkAndWholeBlocks) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(6)});
  EXPECT_TRUE(has_room(ledger, 1));
  ledger.promise(1, {body_of(6) + 1});
  EXPECT_FALSE(has_room(ledger, 1));
  EXPECT_TRUE(has_room(ledger, 2));
  ledger.promise(1, {1, 1, 1});
  EXPECT_TRUE(has_room(ledger, 1));
  ledger.promise(1, {1, 1, 1, 1});
  EXPECT_FALSE(has_room(ledger, 1)) << "each chunk may be a group of its own";
}

TEST(RoomLedger, BeginsWhereTheLogEnds) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(2)});
  EXPECT_TRUE(has_room(ledger, 1, {7, 5 * kBlockSize}));
  EXPECT_FALSE(has_room(ledger, 1, {7, 6 * kBlockSize}));
  EXPECT_TRUE(has_room(ledger, 2, {7, 6 * kBlockSize}));
}

TEST(RoomLedger, ReplacesAPromiseAndLaterOnes) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(2)});
  ledger.promise(2, {body_of(2)});
  ledger.promise(3, {body_of(2)});
  EXPECT_FALSE(has_room(ledger, 1));
  ledger.promise(2, {body_of(3)});
  EXPECT_TRUE(has_room(ledger, 1));
  ledger.withdraw(1);
  EXPECT_TRUE(has_room(ledger, 1, {1, 8 * kBlockSize}));
}

TEST(RoomLedger, ForgetsWhatHasItsPlace) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(6)});
  ledger.promise(2, {body_of(6), body_of(3), body_of(2)});
  EXPECT_FALSE(has_room(ledger, 2));
  ledger.placed(1);
  EXPECT_TRUE(has_room(ledger, 2));
  EXPECT_FALSE(has_room(ledger, 1));
  ledger.placed_parts(2, 1);
  EXPECT_TRUE(has_room(ledger, 1));
}

TEST(RoomLedger, PartsOfOneCommitThatHaveTheirPlaceLeaveTheOthersTheirs) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(6)});
  ledger.promise(2, {body_of(6), body_of(6)});
  EXPECT_FALSE(has_room(ledger, 2));
  ledger.placed_parts(2, 1);
  EXPECT_TRUE(has_room(ledger, 2));
  EXPECT_FALSE(has_room(ledger, 1));
  ledger.placed(1);
  EXPECT_TRUE(has_room(ledger, 1));
}

TEST(RoomLedger, ExpectsAChangeAtTheWorstPlace) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(4)});
  ledger.promise(2, {body_of(3)});
  ledger.promise(3, {body_of(5)});
  EXPECT_TRUE(has_room(ledger, 3)) << "4 | 3 | 5";
  EXPECT_FALSE(ledger.has_room_for_change(kBegin, std::vector<std::uint64_t>(3, kSegment)));
  ledger.expect_change();
  EXPECT_FALSE(has_room(ledger, 3)) << "4 | 3 | 5 |";
  EXPECT_TRUE(has_room(ledger, 4));
}

TEST(RoomLedger, ExpectsAChangeBehindACommitIfThatIsTheWorstPlace) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(2)});
  ledger.promise(2, {body_of(4)});
  ledger.promise(3, {body_of(4)});
  ledger.expect_change();
  const LogPosition full{1, 8 * kBlockSize};
  std::vector<std::uint64_t> segments{kSegment, 2 * kSegment, kSegment};
  EXPECT_FALSE(ledger.has_room(full, segments)) << "2 | 4 | 4, though 2 4 4 fit the second";
  segments.push_back(kSegment);
  EXPECT_TRUE(ledger.has_room(full, segments));
}

TEST(RoomLedger, NeedsLessWhenThePlaceOfTheChangeIsKnown) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(2)});
  ledger.promise(2, {body_of(2)});
  ledger.promise(3, {body_of(4)});
  ledger.expect_change();
  EXPECT_FALSE(has_room(ledger, 2));
  ledger.close_generation(2);
  EXPECT_EQ(ledger.closed_at(), 2u);
  EXPECT_TRUE(has_room(ledger, 2)) << "2 2 | 4";
  ledger.promise(3, {body_of(4)});
  ledger.promise(4, {body_of(4)});
  EXPECT_FALSE(has_room(ledger, 2));
  ledger.placed(2);
  EXPECT_FALSE(has_room(ledger, 2)) << "the change is still to come";
  EXPECT_TRUE(has_room(ledger, 3));
  ledger.change_generation();
  EXPECT_EQ(ledger.closed_at(), std::nullopt);
  EXPECT_TRUE(has_room(ledger, 2));
}

TEST(RoomLedger, KeepsASegmentForAChangeBehindEverything) {
  RoomLedger ledger;
  ledger.promise(1, {body_of(2)});
  ledger.expect_change();
  ledger.close_generation(1);
  EXPECT_FALSE(has_room(ledger, 1));
  EXPECT_TRUE(has_room(ledger, 2));
}

TEST(RoomLedger, ExpectsTheNextChangeBehindTheOneThatIsKnown) {
  RoomLedger ledger;
  ledger.expect_change();
  ledger.close_generation(1);
  ledger.expect_change();
  ledger.promise(1, {body_of(2)});
  EXPECT_FALSE(has_room(ledger, 2)) << "2 | |";
  EXPECT_TRUE(has_room(ledger, 3));
}

}  // namespace
}  // namespace quire::wal
