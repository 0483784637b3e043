// Early pages: written to their place before the commit, read back, and never where anybody else may
// look.

#include <cstring>
#include <optional>

#include "pager/private_pages.h"
#include "tests/pager/pool_test.h"

namespace quire::pager {
namespace {

using testing::corruption_found_by;
using testing::RecordingFile;

/// A file of 14 pages; what the transaction allocates lies behind them. It reads commit 1, the cache of
/// 16 frames is full, and so the transaction keeps 16 more.
class EarlyPagesTest : public testing::PoolTest {
 protected:
  static constexpr Pid kPages = 14;
  static constexpr Seq kCommit = 2;

  EarlyPagesTest() {
    for (Pid pid = 4; pid < kPages; ++pid) store(pid, structure_frame(pid, 1, 'a'));
    const FramePtr map = structure_frame(kFirstMapPage, 1, '\0');
    map->header().owner = kEngineOwner;
    map->header().type = static_cast<std::uint8_t>(PageType::map);
    store(kFirstMapPage, map);
    for (Pid pid = 1000; pid < 1000 + kBudget; ++pid) {
      pool.versions().publish(pid, 1, structure_frame(pid, 1, 'c'), true);
    }
    pages.allow_early_pages(
        [this](Pid page_count, const auto& write) {
          ++permits;
          EXPECT_EQ(page_count, space.page_count());
          write(registry.raise_horizon(1));
        },
        [this] { return registry.raise_horizon(1); });
  }

  /// A structure page of the transaction's own, in a piece of work of its own.
  Pid make(char fill, CollectionId owner = kOwner) {
    const PrivatePages::Work work(pages);
    const Pid pid = pages.allocate(1, PageState::structure);
    fill_with(pages.renew(pid, kType, owner), fill);
    return pid;
  }
  std::vector<Pid> make_many(std::size_t count, char fill) {
    std::vector<Pid> pids;
    for (std::size_t i = 0; i < count; ++i) pids.push_back(make(fill));
    return pids;
  }
  /// A data page whose sum lies in the first bytes of `parent`, if the transaction commits.
  Pid make_data(Pid parent, char fill) {
    const PrivatePages::Work work(pages);
    pages.modify(parent, kType, kOwner);
    const Pid pid = pages.allocate(1, PageState::data);
    const MutablePageBytes bytes = pages.renew_data(pid, {parent, 100}, kOwner);
    std::fill(bytes.begin(), bytes.end(), static_cast<std::byte>(fill));
    return pid;
  }
  static void fill_with(MutablePageBytes bytes, char fill) {
    std::fill(bytes.begin() + kPageHeaderSize, bytes.end(), static_cast<std::byte>(fill));
  }
  void set(Pid pid, char fill) {
    const PrivatePages::Work work(pages);
    fill_with(pages.modify(pid, kType, kOwner), fill);
  }
  char read_own(Pid pid) {
    return std::to_integer<char>(pages.read(pid, kType, kOwner).bytes().back());
  }
  Sum32 sum_in(Pid parent) {
    const PageRef page = pages.read(parent, kType, kOwner);
    Le32 sum;
    std::memcpy(&sum, page.bytes().data() + 100, sizeof sum);
    return sum;
  }
  bool is_early(Pid pid) const { return pages.early().contains(pid); }
  /// Of those that were asked for.
  std::size_t early(const std::vector<Pid>& pids) const {
    return static_cast<std::size_t>(
        std::count_if(pids.begin(), pids.end(), [&](Pid pid) { return is_early(pid); }));
  }
  std::vector<Pid> sealed_pids() const {
    std::vector<Pid> pids;
    for (const auto& page : pages.sealed()) pids.push_back(page.pid);
    return pids;
  }

  SpaceMap space{kPages};
  PrivatePages pages{pool, space, 1};
  int permits = 0;
};

TEST_F(EarlyPagesTest, NothingIsWrittenWhileThereAreFewFrames) {
  make_many(16, 'b');
  EXPECT_EQ(permits, 0);
  EXPECT_TRUE(pages.early().empty());
  EXPECT_EQ(pool.counters().written_early, 0u);
}

TEST_F(EarlyPagesTest, HalfOfTheFramesGoThoseUsedLongestAgoFirstInOneWrite) {
  const std::vector<Pid> pids = make_many(16, 'b');
  read_own(pids[0]);  // by nobody at work
  set(pids[1], 'c');
  file.writes.clear();
  make('d');
  EXPECT_EQ(permits, 1);
  EXPECT_EQ(pages.early().size(), 8u);
  EXPECT_FALSE(is_early(pids[1]));
  EXPECT_EQ(file.writes, (std::vector<RecordingFile::Write>{{pids[2] * kPageSize, 8 * kPageSize}}));
  EXPECT_EQ(pages.size(), 9u);
  for (const Pid pid : pids) EXPECT_EQ(read_own(pid), pid == pids[1] ? 'c' : 'b');
}

TEST_F(EarlyPagesTest, WithoutPermissionThereAreNone) {
  PrivatePages others(pool, space, 1);
  const PrivatePages::Work work(others);
  for (int i = 0; i < 100; ++i) others.renew(others.allocate(1, PageState::structure), kType, 7);
  EXPECT_TRUE(others.early().empty());
}

TEST_F(EarlyPagesTest, LieInTheFileAsTheirCommitWillHaveThem) {
  const Pid pid = make('b');
  make_many(20, 'x');
  ASSERT_TRUE(is_early(pid));
  PagePool reopened(file, kUuidHash, kBudget);
  EXPECT_EQ(fill_of(reopened.structure(pid, kType, kOwner, kCommit)), 'b');
  PagePool of_before(file, kUuidHash, kBudget);
  EXPECT_EQ(corruption_found_by([&] { of_before.structure(pid, kType, kOwner, 1); }),
            "page " + std::to_string(pid) + ": commit number");
}

TEST_F(EarlyPagesTest, AreReadBackAsWhatTheyAreAndVerified) {
  const Pid pid = make('b');
  make_many(20, 'x');
  const std::string page = "page " + std::to_string(pid) + ": ";
  EXPECT_EQ(corruption_found_by([&] { pages.read(pid, PageType::blob_root, kOwner); }),
            page + "page type");
  EXPECT_EQ(corruption_found_by([&] { pages.read(pid, kType, kOwner + 1); }), page + "owner");
  base_byte(pid, 99) ^= std::byte{1};
  EXPECT_EQ(corruption_found_by([&] { read_own(pid); }), page + "checksum");
  file.bytes.resize(pid * kPageSize);
  EXPECT_EQ(corruption_found_by([&] { read_own(pid); }), page + "page");
}

TEST_F(EarlyPagesTest, ThatAreChangedAreWrittenAgain) {
  const Pid pid = make('b');
  make_many(20, 'x');
  ASSERT_TRUE(is_early(pid));
  set(pid, 'c');
  EXPECT_FALSE(is_early(pid));
  make_many(40, 'y');
  ASSERT_TRUE(is_early(pid));
  EXPECT_EQ(read_own(pid), 'c');
}

TEST_F(EarlyPagesTest, ReadsOfManyKeepFewFrames) {
  const std::vector<Pid> pids = make_many(200, 'b');
  for (const bool is_at_work : {false, true}) {
    std::optional<PrivatePages::Work> work;
    if (is_at_work) work.emplace(pages);
    for (const Pid pid : pids) {
      EXPECT_EQ(read_own(pid), 'b');
      EXPECT_LE(pages.size(), 26u);
    }
  }
}

TEST_F(EarlyPagesTest, PagesOfCommitsAreNeverWritten) {
  {
    const PrivatePages::Work work(pages);
    for (Pid pid = 4; pid < kPages; ++pid) pages.modify(pid, kType, kOwner);
  }
  const std::vector<Pid> pids = make_many(30, 'b');
  for (Pid pid = 4; pid < kPages; ++pid) EXPECT_FALSE(is_early(pid));
  EXPECT_GT(early(pids), 20u);
}

TEST_F(EarlyPagesTest, OnlyCommittedPagesAskForNoPermission) {
  PagePool small(file, kUuidHash, 4);
  PrivatePages others(small, space, 1);
  others.allow_early_pages([](Pid, const auto&) { FAIL() << "nothing can be written"; },
                           [] { return Readers{}; });
  for (Pid pid = 4; pid < kPages; ++pid) {
    const PrivatePages::Work work(others);
    others.modify(pid, kType, kOwner);
  }
}

TEST_F(EarlyPagesTest, WhatIsAtWorkKeepsTheStructurePagesThatItUses) {
  const PrivatePages::Work work(pages);
  std::vector<MutablePageBytes> spans;
  for (int i = 0; i < 40; ++i) {
    spans.push_back(pages.renew(pages.allocate(1, PageState::structure), kType, kOwner));
  }
  for (const MutablePageBytes& span : spans) fill_with(span, 'b');
  EXPECT_TRUE(pages.early().empty());
  for (Pid pid = kPages; pid < kPages + 40; ++pid) EXPECT_EQ(read_own(pid), 'b');
}

TEST_F(EarlyPagesTest, PageThatSomebodyShowsStays) {
  const Pid pid = make('b');
  const PageRef shown = pages.read(pid, kType, kOwner);
  make_many(40, 'x');
  EXPECT_FALSE(is_early(pid));
}

// ---- data pages

TEST_F(EarlyPagesTest, DataPagesOfOnePieceOfWorkGoAndTheirParentTakesTheSums) {
  const Pid parent = make('p');
  const PrivatePages::Work work(pages);
  pages.modify(parent, kType, kOwner);
  const Pid first = pages.allocate(100, PageState::data);
  for (Pid pid = first; pid < first + 100; ++pid) {
    const auto offset = static_cast<std::uint16_t>(100 + 4 * (pid - first));
    const MutablePageBytes bytes = pages.renew_data(pid, {parent, offset}, kOwner);
    std::fill(bytes.begin(), bytes.end(), static_cast<std::byte>(pid));
    EXPECT_LE(pages.size(), 18u);
  }
  EXPECT_GT(pages.early().size(), 80u);
  EXPECT_FALSE(is_early(parent));
  const PageRef table = pages.read(parent, kType, kOwner);
  for (Pid pid = first; pid < first + 100; ++pid) {
    Le32 sum;
    std::memcpy(&sum, table.bytes().data() + 100 + 4 * (pid - first), sizeof sum);
    EXPECT_EQ(pages.read_data(pid, sum).bytes().front(), static_cast<std::byte>(pid));
  }
}

TEST_F(EarlyPagesTest, DataPageGoesBeforeItsParent) {
  const Pid parent = make('p');
  const Pid data = make_data(parent, 'd');
  make_many(60, 'x');
  ASSERT_TRUE(is_early(data));
  ASSERT_TRUE(is_early(parent));
  EXPECT_EQ(std::to_integer<char>(pages.read_data(data, sum_in(parent)).bytes().back()), 'd');
  EXPECT_EQ(corruption_found_by([&] { pages.read_data(data, sum_in(parent) + 1); }),
            "page " + std::to_string(data) + ": checksum of a data page");
}

TEST_F(EarlyPagesTest, ParentOfADataPageThatStaysStaysToo) {
  const Pid parent = make('p');
  const Pid data = make_data(parent, 'd');
  const PageRef shown = pages.read_data(data, 0);
  make_many(60, 'x');
  EXPECT_FALSE(is_early(data));
  EXPECT_FALSE(is_early(parent));
  pages.seal(kCommit);
}

TEST_F(EarlyPagesTest, DataPageThatIsChangedTakesItsContentAlong) {
  const Pid parent = make('p');
  const Pid data = make_data(parent, 'd');
  make_many(60, 'x');
  {
    const PrivatePages::Work work(pages);
    const Sum32 sum = sum_in(parent);
    pages.modify(parent, kType, kOwner);
    EXPECT_EQ(corruption_found_by([&] {
                pages.modify_data(data, sum + 1, {parent, 100}, kOwner);
              }),
              "page " + std::to_string(data) + ": checksum of a data page");
    pages.modify_data(data, sum, {parent, 100}, kOwner).front() = std::byte{'e'};
  }
  make_many(60, 'y');
  ASSERT_TRUE(is_early(data));
  const PageRef page = pages.read_data(data, sum_in(parent));
  EXPECT_EQ(page.bytes().front(), std::byte{'e'});
  EXPECT_EQ(page.bytes().back(), std::byte{'d'});
}

// ---- who else may look

TEST_F(EarlyPagesTest, PageWhoseFormerLifeASnapshotReadsIsNotWritten) {
  const Pid pid = make('b');
  pool.versions().publish_free(pid, 1);  // by the commit that the transaction builds on
  auto& snapshot = registry.add(Seq{0});
  const std::vector<Pid> others = make_many(60, 'x');
  EXPECT_FALSE(is_early(pid));
  EXPECT_GT(early(others), 40u);
  registry.remove(snapshot);
  make_many(20, 'y');
  EXPECT_TRUE(is_early(pid));
}

TEST_F(EarlyPagesTest, LoadsThatBeganBeforeAreVoid) {
  const Pid pid = make('b');
  const VersionMap::Found found = pool.versions().find(pid, 1);
  make_many(60, 'x');
  ASSERT_TRUE(is_early(pid));
  EXPECT_FALSE(pool.versions().install(pid, found.note, structure_frame(pid, 1, 'z')));
}

// ---- the ends of a transaction

TEST_F(EarlyPagesTest, SealLeavesThemWhereTheyAreAndWritesTheOthersToo) {
  const std::vector<Pid> pids = make_many(60, 'b');
  read_own(pids[0]);  // in a frame and in the base
  set(5, 'c');
  const PageRef shown = pages.read(pids.back(), kType, kOwner);
  const std::size_t loads = pool.counters().loads;
  pages.seal(kCommit);
  EXPECT_EQ(pool.counters().loads, loads + 1) << "the map page";
  EXPECT_EQ(early(pids), pids.size() - 1);
  EXPECT_EQ(sealed_pids(), (std::vector<Pid>{kFirstMapPage, 5, pids.back()}));
}

TEST_F(EarlyPagesTest, SealWritesNoneIfThereWereNone) {
  make_many(10, 'b');
  pages.seal(kCommit);
  EXPECT_TRUE(pages.early().empty());
  EXPECT_EQ(permits, 0);
}

TEST_F(EarlyPagesTest, TransactionHasWhatTheCacheDoesNotUseToo) {
  pool.save(pool.versions().unsaved_pages(1), 1, registry.raise_horizon(1), saved);
  pool.mark_saved(saved);
  pool.versions().evict(0);
  make_many(32, 'b');
  EXPECT_EQ(permits, 0);
  make('b');
  EXPECT_EQ(pages.early().size(), 16u);
}

TEST_F(EarlyPagesTest, FreedOnesAreForgotten) {
  const std::vector<Pid> pids = make_many(60, 'b');
  ASSERT_TRUE(is_early(pids[0]));
  pages.free(pids[0], 1);
  EXPECT_FALSE(is_early(pids[0]));
  pages.forget();
  EXPECT_TRUE(pages.early().empty());
}

TEST_F(EarlyPagesTest, FailedWriteLeavesThePagesInTheirFrames) {
  const std::vector<Pid> pids = make_many(16, 'b');
  file.fail_write = file.writes.size();
  EXPECT_THROW(make('c'), IoError);
  EXPECT_TRUE(pages.early().empty());
  for (const Pid pid : pids) EXPECT_EQ(read_own(pid), 'b');
}

// ---- savepoints

TEST_F(EarlyPagesTest, SavepointFindsThemAgain) {
  const std::vector<Pid> pids = make_many(60, 'b');
  ASSERT_TRUE(is_early(pids[0]) && is_early(pids[1]) && is_early(pids[2]));
  pages.set_savepoint();
  set(pids[0], 'c');
  pages.free(pids[1], 1);
  {
    const PrivatePages::Work work(pages);
    fill_with(pages.renew(pids[2], kType, kOwner), 'c');
  }
  EXPECT_EQ(make('d'), pids[1]) << "its place is used again";
  const std::vector<Pid> since = make_many(60, 'x');
  for (const Pid pid : {pids[0], pids[1], pids[2]}) EXPECT_FALSE(is_early(pid));
  EXPECT_GT(early(since), 40u);
  pages.roll_back_to(0);
  for (const Pid pid : pids) EXPECT_EQ(read_own(pid), 'b');
  EXPECT_EQ(early(since), 0u);
  make_many(60, 'x');
  set(pids[0], 'e');
  make_many(60, 'x');
  EXPECT_TRUE(is_early(pids[0])) << "nobody returns to the content before";
}

TEST_F(EarlyPagesTest, WrittenSinceASavepointTheyAreWhatItReturnsTo) {
  const std::vector<Pid> pids = make_many(10, 'b');
  pages.set_savepoint();
  make_many(60, 'x');
  ASSERT_TRUE(is_early(pids[0]));
  pages.set_savepoint();
  set(pids[0], 'c');
  pages.roll_back_to(1);
  EXPECT_EQ(read_own(pids[0]), 'b');
  pages.roll_back_to(0);
  for (const Pid pid : pids) EXPECT_EQ(read_own(pid), 'b');
}

TEST_F(EarlyPagesTest, ReleasedSavepointGuardsThemForTheOneAround) {
  const std::vector<Pid> pids = make_many(60, 'b');
  pages.set_savepoint();
  pages.set_savepoint();
  set(pids[0], 'c');
  pages.release(1);
  make_many(60, 'x');
  EXPECT_FALSE(is_early(pids[0]));
  pages.roll_back_to(0);
  EXPECT_EQ(read_own(pids[0]), 'b');
}

TEST_F(EarlyPagesTest, ManySmallSavepointsLookThroughTheFramesNowAndThen) {
  registry.add(Seq{0});  // sees the former life of all, so that none of them can be written
  std::vector<Pid> pids;
  for (int i = 0; i < 80; ++i) {
    pids.push_back(make('a'));
    pool.versions().publish_free(pids.back(), 1);
  }
  const int before = permits;
  for (const bool rolls_back : {false, true}) {
    for (const Pid pid : pids) {
      pages.set_savepoint();
      {
        const PrivatePages::Work work(pages);
        pages.modify(pid, kType, kOwner);
      }
      rolls_back ? pages.roll_back_to(0) : pages.release(0);
    }
  }
  EXPECT_LE(permits - before, 2 * 80 / (80 / 4));
  EXPECT_GT(permits, before) << "what savepoints let go of is looked at some time";
}

TEST_F(EarlyPagesTest, ParentThatASavepointReturnsToHasTheSumsOfItsDataPages) {
  const Pid parent = make('p');
  const Pid data = make_data(parent, 'd');
  pages.set_savepoint();
  set(parent, 'q');
  make_many(60, 'x');
  EXPECT_FALSE(is_early(data)) << "the frame that is kept of its parent would lack the sum";
  pages.roll_back_to(0);
  make_many(60, 'x');
  ASSERT_TRUE(is_early(data));
  EXPECT_EQ(std::to_integer<char>(pages.read_data(data, sum_in(parent)).bytes().back()), 'd');
}

}  // namespace
}  // namespace quire::pager
