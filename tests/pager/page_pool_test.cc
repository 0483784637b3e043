#include "pager/page_pool.h"

#include "tests/pager/pool_test.h"

namespace quire::pager {
namespace {

using testing::corruption_found_by;
using testing::RecordingFile;

class PagePoolTest : public testing::PoolTest {
 protected:
  void publish(Pid pid, Seq seq, char fill) {
    pool.versions().publish(pid, seq, structure_frame(pid, seq, fill), readers);
  }
  void save() {
    pool.save_dirty(readers);
    pool.versions().mark_saved();
  }
  void end_reader(Seq seq) {
    readers.erase(readers.find(seq));
    pool.versions().prune(readers);
  }
  std::string corruption(Pid pid, Seq seq = 9, PageType type = kType, CollectionId owner = kOwner) {
    return corruption_found_by([&] { pool.structure(pid, type, owner, seq); });
  }
  std::string data_corruption(Pid pid, Sum32 sum) {
    return corruption_found_by([&] { pool.data(pid, sum, 9); });
  }
};

// ---- loading

TEST_F(PagePoolTest, LoadsAStructurePageOnceAndKeepsIt) {
  store(5, structure_frame(5, 9, 'a'));
  const FramePtr first = pool.structure(5, kType, kOwner, 9);
  EXPECT_EQ(fill_of(first), 'a');
  EXPECT_EQ(pool.structure(5, kType, kOwner, 9), first);
  EXPECT_EQ(pool.counters().loads, 1u);
  EXPECT_EQ(pool.counters().hits, 1u);
}

TEST_F(PagePoolTest, FindsEveryFlippedByteOfAStructurePage) {
  store(5, structure_frame(5, 9, 'a'));
  for (std::size_t at = 0; at < kPageSize; ++at) {
    base_byte(5, at) ^= std::byte{0x10};
    ASSERT_EQ(corruption(5), "page 5: checksum") << "byte " << at;
    base_byte(5, at) ^= std::byte{0x10};
  }
  EXPECT_EQ(read(5, 9), 'a') << "no damaged page was kept";
}

TEST_F(PagePoolTest, NamesTheFieldOfTheHeaderThatDoesNotFit) {
  store(5, structure_frame(5, 9, 'a'));
  for (const bool is_cached : {false, true}) {
    EXPECT_EQ(corruption(5, 9, PageType::blob_root), "page 5: page type");
    EXPECT_EQ(corruption(5, 9, kType, kOwner + 1), "page 5: owner");
    EXPECT_EQ(corruption(5, 8), "page 5: commit number");
    if (!is_cached) {
      EXPECT_EQ(read(5, 9), 'a');
    }
  }
}

TEST_F(PagePoolTest, NamesAPageTypeThatDoesNotExist) {
  const FramePtr strange = structure_frame(5, 9, 'a');
  strange->header().type = 255;
  store(5, strange);
  EXPECT_EQ(corruption(5), "page 5: page type");
}

TEST_F(PagePoolTest, FindsAPageThatWasWrittenToAnothersPlace) {
  store(5, structure_frame(5, 9, 'a'));
  file.bytes.resize(7 * kPageSize);
  std::copy_n(&base_byte(5, 0), kPageSize, &base_byte(6, 0));
  EXPECT_EQ(corruption(6), "page 6: checksum");
  store(6, structure_frame(5, 9, 'a'));  // its sum made right
  EXPECT_EQ(corruption(6), "page 6: page number");
}

TEST_F(PagePoolTest, FindsAPageOfAnotherFile) {
  PagePool other(file, kUuidHash + 1, kBudget);
  Frame page = *structure_frame(5, 9, 'a');
  other.write_base(5, true, page.bytes);
  EXPECT_EQ(corruption(5), "page 5: checksum");
  const Sum32 sum = other.data_sum(5, page.bytes);
  EXPECT_EQ(data_corruption(5, sum), "page 5: checksum of a data page");
}

TEST_F(PagePoolTest, PageBehindTheEndOfTheFileIsCorrupt) {
  store(5, structure_frame(5, 9, 'a'));
  EXPECT_EQ(corruption(6), "page 6: page");
  EXPECT_EQ(corruption(UINT32_MAX), "page 4294967295: page");
  EXPECT_EQ(data_corruption(6, 0), "page 6: page");
  file.truncate(6 * kPageSize - 1);
  EXPECT_EQ(corruption(5), "page 5: page");
}

TEST_F(PagePoolTest, FindsADataPageWhoseContentHasAnotherSum) {
  const FramePtr stored = data_frame(5, 'd');
  store(5, stored);
  EXPECT_EQ(data_corruption(5, stored->sum + 1), "page 5: checksum of a data page");
  EXPECT_EQ(fill_of(pool.data(5, stored->sum, 9)), 'd');
  EXPECT_EQ(data_corruption(5, stored->sum + 1), "page 5: checksum of a data page")
      << "a page in memory is verified again for another sum";
  EXPECT_EQ(pool.counters().loads, 2u);
}

TEST_F(PagePoolTest, PublishedDataPageIsVerifiedAgainstTheSumOfItsPointer) {
  const FramePtr published = data_frame(5, 'd');
  pool.versions().publish(5, 1, published, readers);
  EXPECT_EQ(pool.data(5, published->sum, 9), published);
  EXPECT_EQ(data_corruption(5, published->sum ^ 1), "page 5: checksum of a data page");
}

TEST_F(PagePoolTest, DataPageUsedAsStructureIsVerifiedAsOneAndStaysAsItWas) {
  const FramePtr stored = data_frame(5, 'd');
  store(5, stored);
  const FramePtr as_data = pool.data(5, stored->sum, 9);
  EXPECT_EQ(corruption(5), "page 5: checksum");
  EXPECT_EQ(pool.data(5, stored->sum, 9), as_data);
}

TEST_F(PagePoolTest, UserContentThatLooksLikeAStructurePageIsBoth) {
  store(5, structure_frame(5, 9, 'a'));
  Frame content;
  std::copy_n(&base_byte(5, 0), kPageSize, content.bytes.begin());
  const Sum32 sum = pool.data_sum(5, content.bytes);
  const FramePtr as_data = pool.data(5, sum, 9);
  EXPECT_EQ(read(5, 9), 'a');
  EXPECT_EQ(corruption(5, 8), "page 5: commit number");
  EXPECT_EQ(as_data->verified, Frame::Verified::data);
  EXPECT_EQ(pool.data(5, sum, 9), as_data);
}

TEST_F(PagePoolTest, StructurePageUsedAsDataNeedsTheRightSum) {
  store(5, structure_frame(5, 9, 'a'));
  const FramePtr as_structure = pool.structure(5, kType, kOwner, 9);
  EXPECT_EQ(data_corruption(5, 1), "page 5: checksum of a data page");
  EXPECT_EQ(pool.data(5, pool.data_sum(5, as_structure->bytes), 9), as_structure);
  EXPECT_EQ(pool.structure(5, kType, kOwner, 9), as_structure);
}

// ---- eviction

TEST_F(PagePoolTest, EvictsCleanPagesBeyondTheBudget) {
  for (Pid pid = 2; pid < 102; ++pid) store(pid, structure_frame(pid, 1, 'a'));
  for (Pid pid = 2; pid < 102; ++pid) {
    read(pid, 1);
    ASSERT_LE(pool.versions().frame_count(), kBudget);
  }
  EXPECT_EQ(pool.counters().evictions, 100 - pool.versions().frame_count());
}

TEST_F(PagePoolTest, KeepsPagesThatAreHeldOrDirtyThoughTheBudgetIsSpent) {
  for (Pid pid = 2; pid < 102; ++pid) store(pid, structure_frame(pid, 1, 'a'));
  const FramePtr held = pool.structure(2, kType, kOwner, 1);
  publish(3, 2, 'b');
  for (Pid pid = 4; pid < 102; ++pid) read(pid, 1);
  const std::uint64_t loads = pool.counters().loads;
  EXPECT_EQ(pool.structure(2, kType, kOwner, 2), held);
  EXPECT_EQ(read(3, 2), 'b');
  EXPECT_EQ(pool.counters().loads, loads);
}

// ---- saving

TEST_F(PagePoolTest, WritesNeighboursInOneSliceAndNothingBetween) {
  for (const Pid pid : {9u, 4u, 6u, 5u}) publish(pid, 1, 'a');
  EXPECT_EQ(pool.save_dirty(readers), 4u);
  EXPECT_EQ(file.writes, (std::vector<RecordingFile::Write>{{4 * kPageSize, 3 * kPageSize},
                                                            {9 * kPageSize, kPageSize}}));
  EXPECT_EQ(pool.counters().saved, 4u);
}

TEST_F(PagePoolTest, WritesLongRunsInSlicesOfOneMebibyte) {
  for (Pid pid = 10; pid < 10 + 600; ++pid) publish(pid, 1, 'a');
  pool.save_dirty(readers);
  EXPECT_EQ(file.writes, (std::vector<RecordingFile::Write>{
                             {10 * kPageSize, 256 * kPageSize},
                             {266 * kPageSize, 256 * kPageSize},
                             {522 * kPageSize, 88 * kPageSize},
                         }));
}

TEST_F(PagePoolTest, SavedPagesHaveTheirSumsInTheFileAndPublishedFramesStay) {
  publish(5, 1, 'a');
  const FramePtr data = data_frame(6, 'd');
  pool.versions().publish(6, 1, data, readers);
  const Frame published = *pool.structure(5, kType, kOwner, 1);
  pool.save_dirty(readers);
  EXPECT_EQ(pool.structure(5, kType, kOwner, 1)->bytes, published.bytes);

  PagePool reopened(file, kUuidHash, kBudget);
  EXPECT_EQ(fill_of(reopened.structure(5, kType, kOwner, 1)), 'a');
  EXPECT_EQ(fill_of(reopened.data(6, data->sum, 1)), 'd');
}

TEST_F(PagePoolTest, SavesThatHaveNothingToWriteWriteNothing) {
  EXPECT_EQ(pool.save_dirty(readers), 0u);
  publish(5, 1, 'a');
  save();
  file.writes.clear();
  EXPECT_EQ(pool.save_dirty(readers), 0u);
  EXPECT_TRUE(file.writes.empty());
}

TEST_F(PagePoolTest, FailedSaveLeavesEveryPageDirtyAndReadable) {
  store(5, structure_frame(5, 1, 'a'));
  store(9, structure_frame(9, 1, 'b'));
  readers = {1};
  publish(5, 2, 'A');
  publish(9, 2, 'B');
  file.fail_write = file.writes.size() + 1;  // the second slice
  EXPECT_THROW(pool.save_dirty(readers), IoError);
  EXPECT_EQ(pool.versions().dirty(), (std::set<Pid>{5, 9}));
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(9, 1), 'b');
  EXPECT_EQ(read(5, 2), 'A');
  EXPECT_EQ(read(9, 2), 'B');
}

// ---- readers of an older commit

TEST_F(PagePoolTest, OldReaderSeesWhatTheBaseHeldBeforeEachSave) {
  store(5, structure_frame(5, 1, 'a'));
  readers = {1};
  publish(5, 2, 'b');
  EXPECT_EQ(read(5, 1), 'a') << "from the base, below the new version";
  save();
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(5, 2), 'b');

  publish(5, 3, 'c');
  save();
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(5, 3), 'c');
  EXPECT_EQ(pool.versions().frame_count(), 2u);
}

TEST_F(PagePoolTest, OldReaderThatHasNotLookedYetSeesTheOldBaseAfterASave) {
  store(5, structure_frame(5, 1, 'a'));
  readers = {1};
  publish(5, 2, 'b');
  save();
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(pool.counters().loads, 1u) << "the checkpoint read it, the reader did not";
}

TEST_F(PagePoolTest, OldReaderSeesItsVersionThoughTheCacheOverflows) {
  store(5, structure_frame(5, 1, 'a'));
  for (Pid pid = 20; pid < 120; ++pid) store(pid, structure_frame(pid, 1, 'x'));
  readers = {1};
  publish(5, 2, 'b');
  save();
  for (Pid pid = 20; pid < 120; ++pid) read(pid, 1);
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(5, 2), 'b');
}

TEST_F(PagePoolTest, EachOfTwoReadersSeesItsCommitUntilItEnds) {
  store(5, structure_frame(5, 1, 'a'));
  readers = {1};
  publish(5, 2, 'b');
  readers.insert(2);
  save();
  publish(5, 3, 'c');
  save();
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(5, 2), 'b');
  end_reader(1);
  EXPECT_EQ(read(5, 2), 'b');
  EXPECT_EQ(read(5, 3), 'c');
  end_reader(2);
  EXPECT_EQ(pool.versions().frame_count(), 1u);
  EXPECT_EQ(pool.versions().evict(0), 1u);
  EXPECT_EQ(read(5, 3), 'c') << "from the base";
}

TEST_F(PagePoolTest, OldDataPageIsVerifiedAgainstItsOldPointer) {
  const FramePtr old = data_frame(5, 'd');
  store(5, old);
  readers = {1};
  const FramePtr published = data_frame(5, 'e');
  pool.versions().publish(5, 2, published, readers);
  save();
  EXPECT_EQ(fill_of(pool.data(5, old->sum, 1)), 'd');
  EXPECT_EQ(fill_of(pool.data(5, published->sum, 2)), 'e');
  EXPECT_EQ(corruption_found_by([&] { pool.data(5, published->sum, 1); }),
            "page 5: checksum of a data page");
}

TEST_F(PagePoolTest, SaveDoesNotReadWhatNobodyNeeds) {
  store(5, structure_frame(5, 1, 'a'));
  readers = {2};
  publish(5, 2, 'b');
  pool.save_dirty(readers);
  EXPECT_EQ(pool.counters().loads, 0u);
}

TEST_F(PagePoolTest, SaveKeepsNothingOfAPageThatIsYoungerThanTheFile) {
  readers = {1};
  publish(5, 2, 'b');
  save();
  EXPECT_EQ(pool.versions().frame_count(), 1u);
  EXPECT_EQ(read(5, 2), 'b');
  EXPECT_EQ(corruption(5, 1), "page 5: commit number")
      << "a pointer of the old reader to it is damage";
}

TEST_F(PagePoolTest, DamageToTheOldBaseMeetsOnlyTheReaderThatUsesIt) {
  store(5, structure_frame(5, 1, 'a'));
  base_byte(5, 2000) ^= std::byte{1};
  readers = {1};
  publish(5, 2, 'b');
  save();
  EXPECT_EQ(read(5, 2), 'b');
  EXPECT_EQ(corruption(5, 1), "page 5: checksum");
  end_reader(1);
  EXPECT_EQ(read(5, 2), 'b');
}

}  // namespace
}  // namespace quire::pager
