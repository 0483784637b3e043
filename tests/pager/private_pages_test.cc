#include "pager/private_pages.h"

#include <cstring>

#include "tests/pager/pool_test.h"

namespace quire::pager {
namespace {

using testing::corruption_found_by;

constexpr const char* kPageInOtherUse = "page 5: page type and owner";

/// Pages 4..11 of a file of 12 pages are structure pages filled with 'a', page 12 holds data; 13 is
/// free. The transaction reads commit 1.
class PrivatePagesTest : public testing::PoolTest {
 protected:
  static constexpr Pid kPages = 14;
  static constexpr Pid kDataPage = 12;
  static constexpr Pid kFreePage = 13;
  static constexpr Seq kCommit = 2;

  PrivatePagesTest() {
    const FramePtr frame = structure_frame(kFirstMapPage, 1, '\0');
    auto& map = *reinterpret_cast<MapPage*>(frame->bytes.data());
    map.header.owner = kEngineOwner;
    map.header.type = static_cast<std::uint8_t>(PageType::map);
    for (Pid pid = 0; pid < kFreePage; ++pid) set_state(map, pid, PageState::structure);
    for (const Pid pid : {0u, 1u}) set_state(map, pid, PageState::owned);
    set_state(map, kDataPage, PageState::data);
    SpaceMap::count_free(map, kFirstMapPage, kPages);
    store(kFirstMapPage, frame);
    space.load(kFirstMapPage, map);

    for (Pid pid = 4; pid < kDataPage; ++pid) store(pid, structure_frame(pid, 1, 'a'));
    const FramePtr data = data_frame(kDataPage, 'd');
    data_sum = data->sum;
    store(kDataPage, data);
  }

  MutablePageBytes modify(Pid pid) { return pages.modify(pid, kType, kOwner); }
  MutablePageBytes renew(Pid pid) { return pages.renew(pid, kType, kOwner); }
  char read_own(Pid pid) {
    return std::to_integer<char>(pages.read(pid, kType, kOwner).bytes().back());
  }
  char read_own_data(Pid pid) {
    return std::to_integer<char>(pages.read_data(pid, data_sum).bytes().back());
  }
  const Frame& sealed(Pid pid) const {
    for (const auto& page : pages.sealed()) {
      if (page.pid == pid) return *page.frame;
    }
    throw std::logic_error("page not sealed: " + std::to_string(pid));
  }
  std::vector<Pid> sealed_pids() const {
    std::vector<Pid> pids;
    for (const auto& page : pages.sealed()) pids.push_back(page.pid);
    return pids;
  }
  static Sum32 sum_at(const Frame& frame, std::size_t offset) {
    Le32 sum;
    std::memcpy(&sum, frame.bytes.data() + offset, sizeof sum);
    return sum;
  }

  SpaceMap space{kPages};
  PrivatePages pages{pool, space, 1};
  Sum32 data_sum = 0;
};

// ---- reading

TEST_F(PrivatePagesTest, ReadsPublishedPagesAsTheyWereAtItsCommit) {
  pool.versions().publish(5, 2, structure_frame(5, 2, 'z'), false);
  EXPECT_EQ(read_own(5), 'a');
  EXPECT_FALSE(pages.read(5, kType, kOwner).is_private());
  EXPECT_EQ(read_own_data(kDataPage), 'd');
  EXPECT_TRUE(pages.empty());
}

TEST_F(PrivatePagesTest, RefusesPointersOutsideTheFile) {
  for (const Pid pid : {Pid{0}, Pid{1}, kPages, Pid{UINT32_MAX}}) {
    const std::string expected = "page " + std::to_string(pid) + ": pointer to a page";
    EXPECT_EQ(corruption_found_by([&] { read_own(pid); }), expected);
    EXPECT_EQ(corruption_found_by([&] { pages.read_data(pid, 0); }), expected);
    EXPECT_EQ(corruption_found_by([&] { modify(pid); }), expected);
    EXPECT_EQ(corruption_found_by([&] { pages.modify_data(pid, 0, {}, kOwner); }), expected);
    EXPECT_EQ(corruption_found_by([&] { renew(pid); }), expected);
    EXPECT_EQ(corruption_found_by([&] { pages.renew_data(pid, {}, kOwner); }), expected);
  }
  EXPECT_TRUE(pages.empty());
}

TEST_F(PrivatePagesTest, NoUseOfAMapPageAsSomethingElse) {
  const std::string expected = "page 2: pointer to a page";
  Frame map;
  std::copy_n(&base_byte(kFirstMapPage, 0), kPageSize, map.bytes.begin());
  const Sum32 sum = pool.data_sum(kFirstMapPage, map.bytes);
  EXPECT_EQ(corruption_found_by([&] { renew(kFirstMapPage); }), expected);
  EXPECT_EQ(corruption_found_by([&] { pages.renew_data(kFirstMapPage, {}, kOwner); }), expected);
  EXPECT_EQ(corruption_found_by([&] { pages.modify_data(kFirstMapPage, sum, {}, kOwner); }),
            expected);
  EXPECT_TRUE(pages.empty());
}

TEST_F(PrivatePagesTest, ReadsPagesThatItHasAllocatedBeyondTheEnd) {
  const Pid first = pages.allocate(2, PageState::structure);
  ASSERT_EQ(first, kPages);
  EXPECT_EQ(pages.page_count(), kPages + 2);
  renew(first + 1);
  EXPECT_EQ(read_own(first + 1), '\0');
}

TEST_F(PrivatePagesTest, ReadsItsOwnPagesOnlyAsWhatTheyAre) {
  modify(5);
  EXPECT_EQ(corruption_found_by([&] { pages.read(5, PageType::blob_root, kOwner); }),
            kPageInOtherUse);
  EXPECT_EQ(corruption_found_by([&] { pages.read(5, kType, kOwner + 1); }), kPageInOtherUse);
  EXPECT_EQ(corruption_found_by([&] { pages.modify(5, kType, kOwner + 1); }), kPageInOtherUse);
  EXPECT_EQ(corruption_found_by([&] { pages.read_data(5, 0); }), "page 5: page type");
  EXPECT_EQ(corruption_found_by([&] { pages.modify_data(5, 0, {}, kOwner); }), "page 5: page type");
  pages.renew_data(5, {6, 100}, kOwner);
  EXPECT_EQ(corruption_found_by([&] { read_own(5); }), kPageInOtherUse);
}

TEST_F(PrivatePagesTest, FailedModifyLeavesNothingBehind) {
  EXPECT_EQ(corruption_found_by([&] { pages.modify(5, PageType::blob_root, kOwner); }),
            "page 5: page type");
  EXPECT_EQ(corruption_found_by([&] { pages.modify_data(kDataPage, data_sum + 1, {}, kOwner); }),
            "page 12: checksum of a data page");
  EXPECT_TRUE(pages.empty());
  EXPECT_EQ(read_own(5), 'a');
}

// ---- changing

TEST_F(PrivatePagesTest, ModifyCopiesAtTheFirstCallAndLeavesThePublishedFrame) {
  const FramePtr published = pool.structure(5, kType, kOwner, 1);
  const auto before = published->bytes;
  const MutablePageBytes bytes = modify(5);
  bytes.back() = std::byte{'b'};
  EXPECT_EQ(modify(5).data(), bytes.data());
  EXPECT_EQ(read_own(5), 'b');
  EXPECT_TRUE(pages.read(5, kType, kOwner).is_private());
  EXPECT_EQ(published->bytes, before);
  EXPECT_FALSE(pages.empty());
}

TEST_F(PrivatePagesTest, ModifyDataCopiesAtTheFirstCallAndLeavesThePublishedFrame) {
  const FramePtr published = pool.data(kDataPage, data_sum, 1);
  const MutablePageBytes bytes = pages.modify_data(kDataPage, data_sum, {5, 100}, kOwner);
  bytes.back() = std::byte{'e'};
  EXPECT_EQ(pages.modify_data(kDataPage, data_sum, {5, 100}, kOwner).data(), bytes.data());
  EXPECT_EQ(read_own_data(kDataPage), 'e') << "its sum is not known before the commit";
  EXPECT_EQ(fill_of(published), 'd');
}

TEST_F(PrivatePagesTest, RenewMakesZerosWithoutReading) {
  base_byte(5, 77) ^= std::byte{1};  // damaged: reading it would throw
  const MutablePageBytes bytes = renew(5);
  EXPECT_EQ(pool.counters().loads, 0u);
  const auto& header = *reinterpret_cast<const StructurePageHeader*>(bytes.data());
  EXPECT_EQ(header.pid, 5u);
  EXPECT_EQ(header.owner, kOwner);
  EXPECT_EQ(header.type, static_cast<std::uint8_t>(kType));
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  EXPECT_TRUE(std::all_of(bytes.begin() + kPageHeaderSize, bytes.end(), is_zero));
  const MutablePageBytes data = pages.renew_data(6, {5, 100}, kOwner);
  EXPECT_TRUE(std::all_of(data.begin(), data.end(), is_zero));
}

TEST_F(PrivatePagesTest, RenewKeepsTheFormerContentForWhoeverStillShowsIt) {
  modify(5).back() = std::byte{'b'};
  const PageRef former = pages.read(5, kType, kOwner);
  renew(5);
  EXPECT_EQ(std::to_integer<char>(former.bytes().back()), 'b');
  EXPECT_EQ(read_own(5), '\0');
}

TEST_F(PrivatePagesTest, RenewTurnsAnOwnDataPageIntoAStructurePage) {
  pages.modify_data(kDataPage, data_sum, {5, 100}, kOwner);
  renew(kDataPage);
  pages.seal(kCommit);  // without page 5 being the transaction's own: there is no sum to store
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{kDataPage}));
  EXPECT_EQ(sealed(kDataPage).verified, Frame::Verified::structure);
}

TEST_F(PrivatePagesTest, FreeForgetsWhatWasWritten) {
  const Pid own = pages.allocate(1, PageState::structure);
  ASSERT_EQ(own, kFreePage);
  renew(own);
  EXPECT_FALSE(pages.empty());
  pages.free(own, 1);
  EXPECT_TRUE(pages.empty());
  for (const Pid pid : {5u, 6u, 7u}) modify(pid);
  pages.free(5, 2);
  pages.seal(kCommit);
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{kFirstMapPage, 7}));
}

TEST_F(PrivatePagesTest, NoUseOfAPageThatItHasFreedUntilARollbackGivesItBack) {
  pages.set_savepoint();
  modify(5);
  for (const Pid pid : {Pid{5}, kDataPage}) {
    const std::string expected = "page " + std::to_string(pid) + ": pointer to a page";
    pages.free(pid, 1);
    EXPECT_EQ(corruption_found_by([&] { read_own(pid); }), expected);
    EXPECT_EQ(corruption_found_by([&] { read_own_data(pid); }), expected);
    EXPECT_EQ(corruption_found_by([&] { modify(pid); }), expected);
    EXPECT_EQ(corruption_found_by([&] { pages.modify_data(pid, data_sum, {}, kOwner); }), expected);
    EXPECT_EQ(corruption_found_by([&] { renew(pid); }), expected);
    EXPECT_EQ(corruption_found_by([&] { pages.renew_data(pid, {}, kOwner); }), expected);
  }
  EXPECT_EQ(pages.size(), 0u);
  pages.roll_back_to(0);
  EXPECT_EQ(read_own(5), 'a');
  EXPECT_EQ(read_own_data(kDataPage), 'd');
}

TEST_F(PrivatePagesTest, FreeThatIsRefusedForgetsNothing) {
  modify(kDataPage - 1).back() = std::byte{'b'};
  EXPECT_EQ(corruption_found_by([&] { pages.free(kDataPage - 1, 3); }), "page 13: owner");
  EXPECT_EQ(read_own(kDataPage - 1), 'b');
  EXPECT_FALSE(space.changed());
}

TEST_F(PrivatePagesTest, ForgetLetsGoOfEverything) {
  modify(5).back() = std::byte{'b'};
  pages.seal(kCommit);
  pages.forget();
  EXPECT_TRUE(pages.empty());
  EXPECT_TRUE(pages.sealed().empty());
  EXPECT_EQ(read_own(5), 'a');
}

// ---- sealing

TEST_F(PrivatePagesTest, SealPutsTheCommitIntoEveryHeaderInAscendingOrder) {
  for (const Pid pid : {9u, 4u, 7u}) modify(pid);
  pages.seal(kCommit);
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{4, 7, 9}));
  for (const auto& [pid, owner, frame] : pages.sealed()) {
    EXPECT_EQ(frame->header().seq, kCommit);
    EXPECT_EQ(frame->header().pid, pid);
    EXPECT_EQ(owner, kOwner);
    EXPECT_EQ(frame->verified, Frame::Verified::structure);
  }
}

TEST_F(PrivatePagesTest, SealTakesACopyOfAPageThatSomebodyStillShows) {
  const MutablePageBytes shown = modify(5);
  const PageRef held = pages.read(5, kType, kOwner);
  shown.back() = std::byte{'b'};
  pages.seal(kCommit);
  shown.back() = std::byte{'c'};
  EXPECT_EQ(sealed(5).bytes.back(), std::byte{'b'});
  EXPECT_EQ(sealed(5).verified, Frame::Verified::structure) << "it needs a sum when it is saved";
}

TEST_F(PrivatePagesTest, SealStoresSumsOfDataPagesInTheirParents) {
  const Pid fresh = pages.allocate(1, PageState::data);
  pages.renew_data(fresh, {5, 4092}, kOwner).front() = std::byte{'n'};
  pages.modify_data(kDataPage, data_sum, {6, 32}, kOwner).front() = std::byte{'m'};
  modify(5);
  modify(6);
  pages.seal(kCommit);
  EXPECT_EQ(sum_at(sealed(5), 4092), pool.data_sum(fresh, sealed(fresh).bytes));
  EXPECT_EQ(sum_at(sealed(6), 32), pool.data_sum(kDataPage, sealed(kDataPage).bytes));
  EXPECT_EQ(sealed(fresh).sum, sum_at(sealed(5), 4092)) << "the pool need not compute it again";
  EXPECT_EQ(sealed(fresh).bytes.front(), std::byte{'n'}) << "a data page has no header";
  EXPECT_EQ(sealed(fresh).verified, Frame::Verified::data);
}

TEST_F(PrivatePagesTest, MoveSumChangesTheParent) {
  pages.modify_data(kDataPage, data_sum, {5, 100}, kOwner).front() = std::byte{'m'};
  modify(6);
  pages.move_sum(kDataPage, {6, 200});
  pages.move_sum(11, {6, 300});  // not the transaction's own: no effect
  pages.seal(kCommit);
  EXPECT_EQ(sum_at(sealed(6), 200), sealed(kDataPage).sum);
  EXPECT_EQ(sum_at(sealed(6), 300), 0x61616161u);
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{6, kDataPage}));
}

TEST_F(PrivatePagesTest, LastPlaceGivenForASumCounts) {
  pages.modify_data(kDataPage, data_sum, {5, 100}, kOwner);
  pages.modify_data(kDataPage, data_sum, {6, 200}, kOwner).front() = std::byte{'m'};
  modify(6);
  pages.seal(kCommit);
  EXPECT_EQ(sum_at(sealed(6), 200), sealed(kDataPage).sum);
}

TEST_F(PrivatePagesTest, ParentThatADamagedPointerTookAwayIsCorruption) {
  const auto expect_corruption = [&](const auto& take_away) {
    modify(5);
    pages.modify_data(kDataPage, data_sum, {5, 100}, kOwner);
    take_away();
    EXPECT_EQ(corruption_found_by([&] { pages.seal(kCommit); }), "page 12: parent of a data page");
    pages.forget();
    space.rollback();
  };
  expect_corruption([&] { pages.free(5, 1); });
  expect_corruption([&] { pages.renew(5, kType, kOwner + 1); });
  expect_corruption([&] { pages.renew_data(5, {5, 100}, kOwner); });
}

TEST_F(PrivatePagesTest, SealPutsAllocationsIntoTheMapPage) {
  pages.free(8, 2);
  const Pid own = pages.allocate(1, PageState::data);
  pages.seal(kCommit);
  const auto& map = *reinterpret_cast<const MapPage*>(sealed(kFirstMapPage).bytes.data());
  EXPECT_EQ(get_state(map, 8), PageState::free);
  EXPECT_EQ(get_state(map, 9), PageState::free);
  EXPECT_EQ(get_state(map, 10), PageState::structure);
  EXPECT_EQ(get_state(map, own), PageState::data);
  EXPECT_EQ(map.free_count, 2u);
  EXPECT_EQ(map.longest_free_run, 2u);
  EXPECT_EQ(map.header.seq, kCommit);
  EXPECT_EQ(pages.sealed().front().owner, kEngineOwner);
}

TEST_F(PrivatePagesTest, SealMakesAMapPageForAGroupThatTheFileGrewInto) {
  const Pid first = pages.allocate(kGroupSize - 1, PageState::owned);
  ASSERT_EQ(first, kGroupSize + 1);
  pages.seal(kCommit);
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{kFirstMapPage, kGroupSize}));
  const auto& map = *reinterpret_cast<const MapPage*>(sealed(kGroupSize).bytes.data());
  EXPECT_EQ(map.header.type, static_cast<std::uint8_t>(PageType::map));
  EXPECT_EQ(map.header.pid, kGroupSize);
  EXPECT_EQ(get_state(map, kGroupSize), PageState::structure);
  EXPECT_EQ(get_state(map, first), PageState::owned);
  EXPECT_EQ(map.free_count, 0u);
}

TEST_F(PrivatePagesTest, PublishedAndSavedPagesAreReadBackByTheNextTransaction) {
  pages.modify_data(kDataPage, data_sum, {5, 100}, kOwner).back() = std::byte{'m'};
  modify(5);
  modify(9).back() = std::byte{'b'};
  pages.seal(kCommit);
  for (const auto& [pid, owner, frame] : pages.sealed()) {
    pool.versions().publish(pid, kCommit, frame, space.is_fresh(pid));
  }
  space.apply();
  pages.forget();
  checkpoint(kCommit);

  PagePool reopened(file, kUuidHash, kBudget);
  PrivatePages next(reopened, space, kCommit);
  const PageRef parent = next.read(5, kType, kOwner);
  Le32 sum;
  std::memcpy(&sum, parent.bytes().data() + 100, sizeof sum);
  EXPECT_EQ(std::to_integer<char>(next.read_data(kDataPage, sum).bytes().back()), 'm');
  EXPECT_EQ(std::to_integer<char>(next.read(9, kType, kOwner).bytes().back()), 'b');
}

// ---- savepoints

TEST_F(PrivatePagesTest, SavepointRestoresWhatWasChangedSince) {
  modify(5).back() = std::byte{'b'};
  pages.set_savepoint();
  modify(5).back() = std::byte{'c'};
  modify(6).back() = std::byte{'c'};
  renew(pages.allocate(1, PageState::structure));
  pages.roll_back_to(0);
  EXPECT_EQ(read_own(5), 'b');
  EXPECT_EQ(read_own(6), 'a');
  EXPECT_FALSE(space.changed());
  pages.seal(kCommit);
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{5}));
}

TEST_F(PrivatePagesTest, SavepointIsEmptyAgainIfTheTransactionWas) {
  pages.set_savepoint();
  modify(5);
  pages.free(6, 1);
  EXPECT_FALSE(pages.empty());
  pages.roll_back_to(0);
  EXPECT_TRUE(pages.empty());
}

TEST_F(PrivatePagesTest, FrameOfAnOuterSavepointIsCopiedOnceAndNeverWritten) {
  const std::byte* outermost = modify(5).data();
  pages.set_savepoint();
  const std::byte* outer = modify(5).data();
  EXPECT_NE(outer, outermost);
  EXPECT_EQ(modify(5).data(), outer) << "once for each savepoint";
  pages.set_savepoint();
  MutablePageBytes inner = modify(5);
  inner.back() = std::byte{'c'};
  EXPECT_EQ(outer[kPageSize - 1], std::byte{'a'});
  pages.roll_back_to(1);
  EXPECT_EQ(pages.read(5, kType, kOwner).bytes().data(), outer);
  EXPECT_EQ(modify(5).data(), outer) << "the outer savepoint owns it again";
  pages.roll_back_to(0);
  EXPECT_EQ(modify(5).data(), outermost);
}

TEST_F(PrivatePagesTest, ReleasedSavepointIsUndoneByTheOneAroundIt) {
  modify(5).back() = std::byte{'b'};
  pages.set_savepoint();
  modify(6).back() = std::byte{'c'};
  pages.set_savepoint();
  modify(5).back() = std::byte{'d'};
  modify(6).back() = std::byte{'d'};
  pages.release(1);
  EXPECT_EQ(read_own(5), 'd');
  EXPECT_EQ(modify(6).back(), std::byte{'d'});
  pages.roll_back_to(0);
  EXPECT_EQ(read_own(5), 'b');
  EXPECT_EQ(read_own(6), 'a');
}

TEST_F(PrivatePagesTest, ReleaseOfTheOutermostSavepointEndsCopying) {
  modify(5);
  pages.set_savepoint();
  const std::byte* copy = modify(5).data();
  const std::byte* untouched = modify(6).data();
  pages.release(0);
  EXPECT_EQ(modify(5).data(), copy);
  EXPECT_EQ(modify(6).data(), untouched);
}

TEST_F(PrivatePagesTest, SavepointRestoresFreedAndRenewedPages) {
  modify(5).back() = std::byte{'b'};
  modify(6).back() = std::byte{'b'};
  pages.set_savepoint();
  pages.free(5, 1);
  renew(6);
  renew(7);
  pages.roll_back_to(0);
  EXPECT_EQ(read_own(5), 'b');
  EXPECT_EQ(read_own(6), 'b');
  EXPECT_EQ(read_own(7), 'a');
}

TEST_F(PrivatePagesTest, SavepointRestoresDataPagesAndThePlacesOfTheirSums) {
  pages.modify_data(kDataPage, data_sum, {5, 100}, kOwner).back() = std::byte{'m'};
  modify(5);
  pages.set_savepoint();
  pages.move_sum(kDataPage, {6, 200});
  const MutablePageBytes moved = pages.modify_data(kDataPage, data_sum, {6, 200}, kOwner);
  EXPECT_EQ(moved.back(), std::byte{'m'});
  moved.back() = std::byte{'n'};
  modify(6);
  pages.roll_back_to(0);
  EXPECT_EQ(read_own_data(kDataPage), 'm');
  pages.seal(kCommit);
  EXPECT_EQ(sum_at(sealed(5), 100), sealed(kDataPage).sum);
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{5, kDataPage}));
}

TEST_F(PrivatePagesTest, SealTakesTheFinalStateWithSavepointsStillOpen) {
  modify(5).back() = std::byte{'b'};
  pages.set_savepoint();
  modify(5).back() = std::byte{'c'};
  pages.set_savepoint();
  modify(6).back() = std::byte{'d'};
  pages.seal(kCommit);
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{5, 6}));
  EXPECT_EQ(sealed(5).bytes.back(), std::byte{'c'});
  EXPECT_EQ(sealed(6).bytes.back(), std::byte{'d'});
}

TEST_F(PrivatePagesTest, ValueReadAtASavepointDoesNotChangeWithThePage) {
  modify(5);
  pages.set_savepoint();
  const Value value = pages.read(5, kType, kOwner).value(1000, 1000);
  pages.release(0);
  modify(5)[1000] = std::byte{'z'};
  EXPECT_EQ(value.text(), std::string(1000, 'a'));
}

}  // namespace
}  // namespace quire::pager
