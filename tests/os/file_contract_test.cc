#include <array>
#include <atomic>
#include <cerrno>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "tests/os/contract.h"

// What include/quire/file_system.h promises of an open File, for every file system.

namespace quire::os {
namespace {

constexpr std::uint64_t kLastOffset = std::numeric_limits<std::int64_t>::max();

class FileContract : public ContractTest {};
INSTANTIATE_TEST_SUITE_P(Os, FileContract, ::testing::ValuesIn(kDiskMakers), disk_name);

TEST_P(FileContract, ReadsBackWhatWasWritten) {
  const auto file = create("f");
  file->write_at(0, "hello");
  file->write_at(3, "LOWER");
  EXPECT_EQ(read_text(*file), "helLOWER");
  EXPECT_EQ(read_text(*file, 3, 3), "LOW");
}

TEST_P(FileContract, ReadsShortOnlyAtTheEnd) {
  const auto file = create("f", "0123456789");
  EXPECT_EQ(read_text(*file, 8, 100), "89");
  EXPECT_EQ(read_text(*file, 10, 100), "");
  EXPECT_EQ(read_text(*file, 1000, 100), "");
  EXPECT_EQ(read_text(*file, 5, 0), "");
}

TEST_P(FileContract, FindsNothingAtOffsetsThatNoFileReaches) {
  const auto file = create("f", "x");
  for (const std::uint64_t offset : {kLastOffset - 10, kLastOffset, kLastOffset + 1, UINT64_MAX}) {
    EXPECT_EQ(read_text(*file, offset, 4096), "") << offset;
  }
}

TEST_P(FileContract, FillsAGapWithZeros) {
  const auto file = create("f", "ab");
  file->write_at(5, "c");
  EXPECT_EQ(read_text(*file), std::string("ab\0\0\0c", 6));
}

TEST_P(FileContract, ForgetsWhatATruncateCutOff) {
  const auto file = create("f", "secret");
  file->truncate(2);
  EXPECT_EQ(file->status().size, 2u);
  file->truncate(6);
  EXPECT_EQ(read_text(*file), std::string("se\0\0\0\0", 6));
}

TEST_P(FileContract, WritesPartsOneAfterAnother) {
  const auto file = create("f", "________");
  const std::array<ByteView, 4> parts = {"ab", "", "cde", ByteView()};
  file->write_at(2, parts);
  EXPECT_EQ(read_text(*file), "__abcde_");
}

TEST_P(FileContract, WritesMorePartsThanOneCallTakes) {
  const auto file = create("f");
  std::vector<std::string> texts;
  std::string expected;
  for (int index = 0; index < 5000; ++index) {
    texts.push_back(
        std::string(static_cast<std::size_t>(index % 7), static_cast<char>('a' + index % 26)));
    expected += texts.back();
  }
  file->write_at(0, std::vector<ByteView>(texts.begin(), texts.end()));
  EXPECT_EQ(read_text(*file), expected);
}

TEST_P(FileContract, ChangesNothingWhenNothingIsWritten) {
  const auto file = create("f", "x");
  file->write_at(100, "");
  file->write_at(100, std::span<const ByteView>());
  file->allocate(100, 0);
  EXPECT_EQ(file->status().size, 1u);
}

TEST_P(FileContract, RefusesToWriteBeyondTheLastOffset) {
  const auto file = create("f", "x");
  for (const std::uint64_t offset : {kLastOffset, kLastOffset + 1, UINT64_MAX}) {
    EXPECT_EQ(errno_of([&] { file->write_at(offset, "yz"); }), EFBIG) << offset;
    EXPECT_EQ(errno_of([&] { file->allocate(offset, 2); }), EFBIG) << offset;
  }
  EXPECT_EQ(errno_of([&] { file->allocate(1, UINT64_MAX); }), EFBIG);
  EXPECT_EQ(errno_of([&] { file->truncate(kLastOffset + 1); }), EFBIG);
  EXPECT_EQ(read_text(*file), "x");
}

TEST_P(FileContract, AllocatesZerosBehindTheEnd) {
  const auto file = create("f", "keep");
  file->allocate(2, 8);
  EXPECT_EQ(read_text(*file), std::string("keep\0\0\0\0\0\0", 10));
  file->allocate(12, 4);
  EXPECT_EQ(file->status().size, 16u);
  EXPECT_EQ(read_text(*file, 10), std::string(6, '\0'));
}

TEST_P(FileContract, AllocatesInsideWithoutChangingAnything) {
  const auto file = create("f", "content");
  file->allocate(0, 4);
  EXPECT_EQ(read_text(*file), "content");
}

TEST_P(FileContract, IsAsLongAsBeforeWhenThereIsNoRoom) {
  const auto file = create("f", "keep");
  const int error_number = errno_of([&] { file->allocate(2, std::uint64_t{1} << 62); });
  EXPECT_TRUE(error_number == ENOSPC || error_number == EFBIG) << error_number;
  EXPECT_EQ(read_text(*file), "keep");
}

TEST_P(FileContract, OpenedForReadingRefusesEveryChange) {
  create("f", "keep");
  const auto file = files().open(path("f"), OpenMode::read_only);
  EXPECT_EQ(errno_of([&] { file->write_at(0, "x"); }), EBADF);
  EXPECT_EQ(errno_of([&] { file->allocate(0, 10); }), EBADF);
  EXPECT_THROW(file->truncate(0), IoError);
  EXPECT_EQ(read_text(*file), "keep");
}

TEST_P(FileContract, SyncsWithoutChangingAnything) {
  const auto file = create("f", "keep");
  file->sync_data();
  file->sync_all();
  EXPECT_EQ(read_text(*file), "keep");
}

TEST_P(FileContract, TellsItsStatus) {
  const auto file = files().open(path("f"), OpenMode::create, 0640);
  file->write_at(0, "12345");
  const FileStatus status = file->status();
  EXPECT_EQ(status.kind, FileKind::regular);
  EXPECT_EQ(status.size, 5u);
  EXPECT_EQ(status.mode, 0640u);
  EXPECT_EQ(status.identity, files().status(path("f"))->identity);
  EXPECT_NE(status.identity, create("g")->status().identity);
}

TEST_P(FileContract, TellsThePathItWasOpenedUnder) {
  create("f");
  const std::string detour = directory() + "/./f";
  EXPECT_EQ(files().open(detour, OpenMode::read_only)->path(), detour);
}

TEST_P(FileContract, NamesPathAndCallWhenItFails) {
  create("f");
  const auto file = files().open(path("f"), OpenMode::read_only);
  try {
    file->write_at(0, "x");
    FAIL() << "wrote to a file opened for reading";
  } catch (const IoError& error) {
    EXPECT_EQ(error.path(), path("f"));
    EXPECT_EQ(error.operation(), "pwritev");
  }
}

TEST_P(FileContract, LocksOutEveryOtherOpen) {
  const auto first = create("f");
  const auto second = files().open(path("f"), OpenMode::read_write);
  EXPECT_TRUE(first->try_lock(LockKind::exclusive));
  EXPECT_FALSE(second->try_lock(LockKind::exclusive));
  EXPECT_FALSE(second->try_lock(LockKind::shared));
  EXPECT_TRUE(first->try_lock(LockKind::exclusive)) << "its own lock is no obstacle";
}

TEST_P(FileContract, SharesALockAmongReaders) {
  const auto first = create("f");
  const auto second = files().open(path("f"), OpenMode::read_only);
  const auto third = files().open(path("f"), OpenMode::read_write);
  EXPECT_TRUE(first->try_lock(LockKind::shared));
  EXPECT_TRUE(second->try_lock(LockKind::shared));
  EXPECT_FALSE(third->try_lock(LockKind::exclusive));
}

TEST_P(FileContract, DropsItsLockWhenClosed) {
  auto first = create("f");
  const auto second = files().open(path("f"), OpenMode::read_write);
  for (const LockKind kind : {LockKind::exclusive, LockKind::shared}) {
    ASSERT_TRUE(first->try_lock(kind));
    EXPECT_FALSE(second->try_lock(LockKind::exclusive));
    first.reset();
    EXPECT_TRUE(second->try_lock(LockKind::exclusive));
    first = files().open(path("f"), OpenMode::read_write);
    ASSERT_TRUE(second->try_lock(LockKind::shared));
  }
}

TEST_P(FileContract, KeepsItsLockWhenAnotherOpenIsClosed) {
  const auto first = create("f");
  ASSERT_TRUE(first->try_lock(LockKind::exclusive));
  files().open(path("f"), OpenMode::read_write).reset();
  EXPECT_FALSE(files().open(path("f"), OpenMode::read_write)->try_lock(LockKind::shared));
}

TEST_P(FileContract, ChangesTheKindOfItsLock) {
  const auto first = create("f");
  const auto second = files().open(path("f"), OpenMode::read_write);
  ASSERT_TRUE(first->try_lock(LockKind::exclusive));
  ASSERT_TRUE(first->try_lock(LockKind::shared));
  EXPECT_TRUE(second->try_lock(LockKind::shared)) << "exclusive became shared";
  EXPECT_FALSE(first->try_lock(LockKind::exclusive));
  EXPECT_FALSE(second->try_lock(LockKind::exclusive)) << "a refusal leaves the first one's lock";
}

TEST_P(FileContract, LocksTheInodeWhateverItsName) {
  const auto first = create("f");
  files().link_without_replace(path("f"), path("g"));
  ASSERT_TRUE(first->try_lock(LockKind::exclusive));
  EXPECT_FALSE(files().open(path("g"), OpenMode::read_write)->try_lock(LockKind::exclusive));
}

TEST_P(FileContract, OpenedForReadingTakesNoExclusiveLock) {
  create("f");
  const auto file = files().open(path("f"), OpenMode::read_only);
  EXPECT_EQ(errno_of([&] { file->try_lock(LockKind::exclusive); }), EBADF);
  EXPECT_TRUE(file->try_lock(LockKind::shared));
}

TEST_P(FileContract, IsReadAndWrittenBySeveralThreads) {
  constexpr std::size_t kBlock = 512;
  constexpr int kRounds = 200;
  const auto file = create("f", std::string(4 * kBlock, 'a'));
  std::atomic<int> mixed{0};
  std::vector<std::thread> threads;
  for (std::size_t place = 0; place < 4; ++place) {
    threads.emplace_back([&, place] {
      for (int round = 0; round < kRounds; ++round) {
        const std::string block(kBlock, static_cast<char>('a' + round % 26));
        file->write_at(place * kBlock, block);
        if (read_text(*file, place * kBlock, kBlock) != block) ++mixed;
        file->write_at((4 + place + 4 * static_cast<std::size_t>(round)) * kBlock, block);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(mixed, 0);
  EXPECT_EQ(file->status().size, (4 + 4 * kRounds) * kBlock);
}

}  // namespace
}  // namespace quire::os
