#include "pager/page_pool.h"

#include "tests/pager/pool_test.h"

namespace quire::pager {
namespace {

using testing::corruption_found_by;
using testing::RecordingFile;

class PagePoolTest : public testing::PoolTest {
 protected:
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
    EXPECT_EQ(corruption(5, 8), is_cached ? "page 5: pointer to a page" : "page 5: commit number");
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

TEST_F(PagePoolTest, NamesATypeThatNobodyKnows) {
  const FramePtr frame = structure_frame(5, 9, 'a');
  frame->header().type = 200;
  store(5, frame);
  try {
    read(5, 9);
    FAIL() << "there is no such type";
  } catch (const CorruptionError& error) {
    EXPECT_NE(std::string_view(error.what()).find("type 200"), std::string_view::npos);
  }
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
  auto bytes = structure_frame(5, 9, 'a')->bytes;
  other.write_base(5, true, bytes);
  EXPECT_EQ(corruption(5), "page 5: checksum");
  const Sum32 sum = other.data_sum(5, bytes);
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

TEST_F(PagePoolTest, LoadedPageRemembersWhatItWasVerifiedAs) {
  store(5, structure_frame(5, 9, 'a'));
  const FramePtr data = data_frame(6, 'd');
  store(6, data);
  EXPECT_EQ(pool.structure(5, kType, kOwner, 9)->verified, Frame::Verified::structure);
  EXPECT_EQ(pool.data(6, data->sum, 9)->verified, Frame::Verified::data);
  EXPECT_EQ(pool.data(6, data->sum, 9)->sum, data->sum);
}

TEST_F(PagePoolTest, CopyIsVerifiedAsWhatTheOriginalIs) {
  for (const FramePtr& original : {structure_frame(5, 9, 'a'), data_frame(5, 'd')}) {
    const FramePtr copy = pool.copy_of(*original);
    EXPECT_EQ(copy->bytes, original->bytes);
    EXPECT_EQ(copy->verified, original->verified);
    if (original->verified == Frame::Verified::data) {
      EXPECT_EQ(copy->sum, original->sum);
    }
  }
}

TEST_F(PagePoolTest, PublishedDataPageIsVerifiedAgainstTheSumOfItsPointer) {
  const FramePtr published = data_frame(5, 'd');
  pool.versions().publish(5, 1, published, false);
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
  EXPECT_EQ(as_structure->verified, Frame::Verified::structure) << "others may be reading it";
  EXPECT_EQ(pool.structure(5, kType, kOwner, 9), as_structure);
}

TEST_F(PagePoolTest, PageThatIsFreeAtTheReadersCommitIsNoPageToPointAt) {
  store(5, structure_frame(5, 1, 'a'));
  pool.versions().publish_free(5, 2);
  EXPECT_EQ(corruption(5, 2), "page 5: pointer to a page");
  EXPECT_EQ(data_corruption(5, 0), "page 5: pointer to a page");
  EXPECT_EQ(read(5, 1), 'a');
}

// ---- reads that meet a change

TEST_F(PagePoolTest, ReadThatACheckpointOverwritesBeginsAnew) {
  for (const Caching caching : {Caching::yes, Caching::no}) {
    const Pid pid = caching == Caching::yes ? 5 : 6;
    store(pid, structure_frame(pid, 1, 'a'));
    registry.add(1);
    publish(pid, 2, 'b');
    file.before_read = [&] {
      checkpoint(2);
      base_byte(pid, 100) ^= std::byte{1};  // as if the write were still under way
    };
    EXPECT_EQ(fill_of(pool.structure(pid, kType, kOwner, 1, caching)), 'a');
    EXPECT_EQ(read(pid, 2), 'b');
  }
}

TEST_F(PagePoolTest, ReadOfAPageThatIsEvictedAndOverwrittenMeanwhileBeginsAnew) {
  for (const Caching caching : {Caching::yes, Caching::no}) {
    const Pid pid = caching == Caching::yes ? 5 : 6;
    store(pid, structure_frame(pid, 1, 'a'));
    file.before_read = [&] {
      pool.versions().publish(pid, 2, structure_frame(pid, 2, 'b'), true);
      checkpoint(2);
      pool.versions().evict(0);
      base_byte(pid, 100) ^= std::byte{1};
      file.before_read = [&] { base_byte(pid, 100) ^= std::byte{1}; };
    };
    EXPECT_EQ(fill_of(pool.structure(pid, kType, kOwner, 2, caching)), 'b');
  }
}

TEST_F(PagePoolTest, ReadOfABaseThatIsNoLongerTheNewestBeginsAnew) {
  for (const Caching caching : {Caching::yes, Caching::no}) {
    const Pid pid = caching == Caching::yes ? 5 : 6;
    store(pid, structure_frame(pid, 1, 'a'));
    file.before_read = [&] { publish(pid, 2, 'b'); };
    EXPECT_EQ(fill_of(pool.structure(pid, kType, kOwner, 2, caching)), 'b');
  }
}

TEST_F(PagePoolTest, ErrorOfAReadIsTheReadersAndLeavesNothingBehind) {
  store(5, structure_frame(5, 1, 'a'));
  file.before_read = [] { throw IoError("pread", "recorded", EIO); };
  EXPECT_THROW(read(5, 1), IoError);
  EXPECT_EQ(pool.versions().frames(), 0u);
  EXPECT_EQ(read(5, 1), 'a');
}

TEST_F(PagePoolTest, ReadPastTheCacheLeavesNothingBehindAndSeesWhatIsInMemory) {
  store(5, structure_frame(5, 1, 'a'));
  const FramePtr passed = pool.structure(5, kType, kOwner, 1, Caching::no);
  EXPECT_EQ(fill_of(passed), 'a');
  EXPECT_EQ(pool.versions().frames(), 0u);
  const FramePtr cached = pool.structure(5, kType, kOwner, 1);
  EXPECT_EQ(pool.structure(5, kType, kOwner, 1, Caching::no), cached);
  EXPECT_EQ(pool.counters().loads, 2u);
}

// ---- eviction

TEST_F(PagePoolTest, EvictsCleanPagesBeyondTheBudget) {
  for (Pid pid = 2; pid < 102; ++pid) store(pid, structure_frame(pid, 1, 'a'));
  for (Pid pid = 2; pid < 102; ++pid) {
    read(pid, 1);
    ASSERT_LE(pool.versions().frames(), kBudget + 1) << "with the one that was just read";
  }
  EXPECT_EQ(pool.counters().evictions, 100 - pool.versions().frames());
}

TEST_F(PagePoolTest, ReadPastTheCacheEvictsNothing) {
  for (Pid pid = 2; pid < 102; ++pid) publish(pid, 1, 'a');
  checkpoint(1);
  store(102, structure_frame(102, 1, 'a'));
  pool.structure(102, kType, kOwner, 1, Caching::no);
  EXPECT_EQ(pool.counters().evictions, 0u);
  pool.structure(102, kType, kOwner, 1, Caching::yes);
  EXPECT_GT(pool.counters().evictions, 0u);
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

TEST_F(PagePoolTest, LoadsAPageOnceThoughOthersMustGoForIt) {
  constexpr Pid kPages = 4 * kBudget;
  for (Pid pid = 1; pid <= kPages; ++pid) store(pid, structure_frame(pid, 1, 'a'));
  for (Pid pid = 1; pid <= kPages; ++pid) read(pid, 1);
  EXPECT_EQ(pool.counters().loads, kPages);
  EXPECT_EQ(pool.versions().frames(), kBudget);
}

// ---- saving

TEST_F(PagePoolTest, WritesNeighboursInOneSliceAndNothingBetween) {
  for (const Pid pid : {9u, 4u, 6u, 5u}) publish(pid, 1, 'a');
  EXPECT_EQ(save(1), 4u);
  EXPECT_EQ(file.writes, (std::vector<RecordingFile::Write>{{4 * kPageSize, 3 * kPageSize},
                                                            {9 * kPageSize, kPageSize}}));
  std::vector<Pid> pids;
  for (const auto& [pid, seq] : saved) pids.push_back(pid);
  EXPECT_EQ(pids, (std::vector<Pid>{4, 5, 6, 9}));
}

TEST_F(PagePoolTest, WritesLongRunsInSlicesOfOneMebibyte) {
  for (Pid pid = 10; pid < 10 + 600; ++pid) publish(pid, 1, 'a');
  save(1);
  EXPECT_EQ(file.writes, (std::vector<RecordingFile::Write>{
                             {10 * kPageSize, 256 * kPageSize},
                             {266 * kPageSize, 256 * kPageSize},
                             {522 * kPageSize, 88 * kPageSize},
                         }));
}

TEST_F(PagePoolTest, SavedPagesHaveTheirSumsInTheFileAndPublishedFramesStay) {
  publish(5, 1, 'a');
  const FramePtr data = data_frame(6, 'd');
  pool.versions().publish(6, 1, data, false);
  const auto published = pool.structure(5, kType, kOwner, 1)->bytes;
  save(1);
  EXPECT_EQ(pool.structure(5, kType, kOwner, 1)->bytes, published);

  PagePool reopened(file, kUuidHash, kBudget);
  EXPECT_EQ(fill_of(reopened.structure(5, kType, kOwner, 1)), 'a');
  EXPECT_EQ(fill_of(reopened.data(6, data->sum, 1)), 'd');
}

TEST_F(PagePoolTest, SavesThatHaveNothingToWriteWriteNothing) {
  EXPECT_EQ(save(1), 0u);
  publish(5, 1, 'a');
  checkpoint(1);
  file.writes.clear();
  EXPECT_EQ(save(1), 0u);
  EXPECT_TRUE(file.writes.empty());
}

TEST_F(PagePoolTest, SaveWritesTheVersionOfItsCommitThoughANewerOneIsThere) {
  publish(5, 1, 'a');
  publish(5, 2, 'b');
  checkpoint(1);
  PagePool reopened(file, kUuidHash, kBudget);
  EXPECT_EQ(fill_of(reopened.structure(5, kType, kOwner, 1)), 'a');
  EXPECT_EQ(pool.versions().unsaved_pages(2), (std::vector<Pid>{5}));
}

TEST_F(PagePoolTest, FailedSaveLeavesEveryPageDirtyAndReadable) {
  store(5, structure_frame(5, 1, 'a'));
  store(9, structure_frame(9, 1, 'b'));
  registry.add(1);
  publish(5, 2, 'A');
  publish(9, 2, 'B');
  file.fail_write = file.writes.size() + 1;  // the second slice
  EXPECT_THROW(save(2), IoError);
  EXPECT_EQ(pool.versions().unsaved_pages(2), (std::vector<Pid>{5, 9}));
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(9, 1), 'b');
  EXPECT_EQ(read(5, 2), 'A');
  EXPECT_EQ(read(9, 2), 'B');
}

// ---- readers of an older commit

TEST_F(PagePoolTest, OldReaderSeesWhatTheBaseHeldBeforeEachSave) {
  store(5, structure_frame(5, 1, 'a'));
  registry.add(1);
  publish(5, 2, 'b');
  EXPECT_EQ(read(5, 1), 'a') << "from the base, below the new version";
  checkpoint(2);
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(5, 2), 'b');

  publish(5, 3, 'c');
  checkpoint(3);
  pool.versions().prune(registry.raise_horizon(3));
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(5, 3), 'c');
  EXPECT_EQ(pool.versions().frames(), 2u);
}

TEST_F(PagePoolTest, OldReaderThatHasNotLookedYetSeesTheOldBaseAfterASave) {
  store(5, structure_frame(5, 1, 'a'));
  registry.add(1);
  publish(5, 2, 'b');
  checkpoint(2);
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(pool.counters().loads, 1u) << "the checkpoint read it, the reader did not";
}

TEST_F(PagePoolTest, OldReaderSeesItsVersionThoughTheCacheOverflows) {
  store(5, structure_frame(5, 1, 'a'));
  for (Pid pid = 20; pid < 120; ++pid) store(pid, structure_frame(pid, 1, 'x'));
  registry.add(1);
  publish(5, 2, 'b');
  checkpoint(2);
  for (Pid pid = 20; pid < 120; ++pid) read(pid, 1);
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(5, 2), 'b');
}

TEST_F(PagePoolTest, EachOfTwoReadersSeesItsCommitUntilItEnds) {
  store(5, structure_frame(5, 1, 'a'));
  SnapshotRegistry::Entry& one = registry.add(1);
  publish(5, 2, 'b');
  SnapshotRegistry::Entry& two = registry.add(2);
  checkpoint(2);
  publish(5, 3, 'c');
  checkpoint(3);
  EXPECT_EQ(read(5, 1), 'a');
  EXPECT_EQ(read(5, 2), 'b');
  end(one);
  EXPECT_EQ(pool.versions().frames(), 2u);
  EXPECT_EQ(read(5, 2), 'b');
  EXPECT_EQ(read(5, 3), 'c');
  end(two);
  EXPECT_EQ(pool.versions().frames(), 1u);
  EXPECT_EQ(pool.versions().evict(0), 1u);
  EXPECT_EQ(read(5, 3), 'c') << "from the base";
}

TEST_F(PagePoolTest, OldDataPageIsVerifiedAgainstItsOldPointer) {
  const FramePtr old = data_frame(5, 'd');
  store(5, old);
  registry.add(1);
  const FramePtr published = data_frame(5, 'e');
  pool.versions().publish(5, 2, published, false);
  checkpoint(2);
  EXPECT_EQ(fill_of(pool.data(5, old->sum, 1)), 'd');
  EXPECT_EQ(fill_of(pool.data(5, published->sum, 2)), 'e');
  EXPECT_EQ(corruption_found_by([&] { pool.data(5, published->sum, 1); }),
            "page 5: checksum of a data page");
}

TEST_F(PagePoolTest, SaveDoesNotReadWhatNobodyNeeds) {
  store(5, structure_frame(5, 1, 'a'));
  registry.add(2);
  publish(5, 2, 'b');
  save(2);
  EXPECT_EQ(pool.counters().loads, 0u);
}

TEST_F(PagePoolTest, SaveReadsNothingForAPageThatWasFreeBefore) {
  registry.add(1);
  pool.versions().publish(5, 2, structure_frame(5, 2, 'b'), true);
  checkpoint(2);
  EXPECT_EQ(pool.counters().loads, 0u);
  EXPECT_EQ(pool.versions().frames(), 1u);
  EXPECT_EQ(read(5, 2), 'b');
  EXPECT_EQ(corruption(5, 1), "page 5: pointer to a page")
      << "a pointer of the old reader to it is damage";
}

TEST_F(PagePoolTest, SavesOnlyWhatIsUnsavedAtItsCommit) {
  store(5, structure_frame(5, 1, 'a'));
  read(5, 1);  // clean
  publish(6, 2, 'b');
  pool.versions().publish_free(7, 2);
  publish(8, 3, 'c');  // younger
  file.writes.clear();
  const Readers readers = registry.raise_horizon(2);
  pool.save(std::vector<Pid>{4, 5, 6, 7, 8}, 2, readers, saved);
  ASSERT_EQ(saved.size(), 1u);
  EXPECT_EQ(saved[0].pid, 6u);
  EXPECT_EQ(saved[0].seq, 2u);
  EXPECT_EQ(file.writes.size(), 1u);
}

TEST_F(PagePoolTest, DamageToTheOldBaseMeetsOnlyTheReaderThatUsesIt) {
  store(5, structure_frame(5, 1, 'a'));
  base_byte(5, 2000) ^= std::byte{1};
  SnapshotRegistry::Entry& one = registry.add(1);
  publish(5, 2, 'b');
  checkpoint(2);
  EXPECT_EQ(read(5, 2), 'b');
  EXPECT_EQ(corruption(5, 1), "page 5: old version");
  EXPECT_EQ(pool.versions().superseded(), 0u) << "what is no page takes no memory";
  end(one);
  EXPECT_EQ(read(5, 2), 'b');
}

TEST_F(PagePoolTest, OldBaseThatIsYoungerThanTheSnapshotDoesNotStayForIt) {
  store(5, structure_frame(5, 4, 'a'));
  registry.add(3);
  SnapshotRegistry::Entry& four = registry.add(4);
  publish(5, 7, 'b');
  checkpoint(7);
  EXPECT_EQ(read(5, 4), 'a');
  end(four);
  pool.versions().prune(registry.raise_horizon(7));
  EXPECT_EQ(pool.versions().superseded(), 0u);
  EXPECT_EQ(read(5, 7), 'b');
}

// A page that was freed and used again says nothing of what it was before, also when it was allocated
// some commits before it was written, and when the versions in between have gone.
TEST_F(PagePoolTest, OldBaseOfAnotherTypeIsReadByTheSnapshotThatKnewIt) {
  for (const bool is_written_at_once : {true, false}) {
    const Pid pid = is_written_at_once ? 5 : 6;
    const FramePtr before = data_frame(pid, 'a');
    store(pid, before);
    registry.add(1);
    pool.versions().publish_free(pid, 2);
    pool.versions().publish(pid, 3, structure_frame(pid, 3, 'b'), is_written_at_once);
    pool.versions().prune_page(pid, registry.raise_horizon(3));
    pool.versions().publish(pid, 4, structure_frame(pid, 4, 'c'), false);
    pool.versions().prune_page(pid, registry.raise_horizon(4));
    ASSERT_EQ(pool.versions().versions_of(pid).size(), 2u);
    checkpoint(4);
    EXPECT_EQ(fill_of(pool.data(pid, before->sum, 1)), 'a');
    EXPECT_EQ(read(pid, 4), 'c');
  }
}

TEST_F(PagePoolTest, OldBaseThatCannotBeReadMeetsOnlyTheReaderThatUsesIt) {
  registry.add(1);
  for (const Pid pid : {5u, 6u}) publish(pid, 2, 'b');
  store(6, structure_frame(6, 1, 'a'));
  file.bytes.resize(6 * kPageSize - 1);  // page 5 is cut short, page 6 is missing
  checkpoint(2);
  for (const Pid pid : {5u, 6u}) {
    EXPECT_EQ(read(pid, 2), 'b');
    EXPECT_EQ(corruption(pid, 1), "page " + std::to_string(pid) + ": old version");
  }
  store(7, structure_frame(7, 1, 'a'));
  publish(7, 3, 'c');
  file.before_read = [] { throw IoError("pread", "recorded", EIO); };
  EXPECT_NO_THROW(checkpoint(3));
  EXPECT_EQ(corruption(7, 1), "page 7: old version");
  EXPECT_EQ(read(7, 3), 'c');
}

}  // namespace
}  // namespace quire::pager
