#include "engine/file_room.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <cerrno>
#include <new>

#include "os/memory_file_system.h"
#include "tests/support/faulty_file_system.h"

// How long the database file is: ahead of what commits need, and never shorter.

namespace quire::engine {
namespace {

class FileRoomTest : public ::testing::Test {
 protected:
  std::uint64_t pages() { return file->status().size / kPageSize; }

  os::MemoryFileSystem memory;
  testing::FaultyFileSystem disk{memory};
  std::unique_ptr<File> file = disk.open("/file", OpenMode::create, 0600);
  FileRoom room{*file};
};

TEST_F(FileRoomTest, GrowsAheadSoThatTheNextReservationsCostNothing) {
  room.reserve(10);
  EXPECT_GE(pages(), 10u + 64u);
  EXPECT_EQ(room.bytes(), pages() * kPageSize);
  const std::size_t calls = disk.journal.size();
  room.reserve(70);
  EXPECT_EQ(disk.journal.size(), calls);
  room.reserve(2000);
  EXPECT_GE(pages(), 2000u);
}

TEST_F(FileRoomTest, TakesJustWhatIsNeededIfThereIsNoMore) {
  disk.fail = [](const std::string& line) { return line == "allocate file 0 40960" ? 0 : ENOSPC; };
  room.reserve(10);
  EXPECT_EQ(pages(), 10u);
}

TEST_F(FileRoomTest, ChangesNothingWithoutRoom) {
  room.reserve(10);
  const std::uint64_t before = pages();
  for (const int full : {ENOSPC, EDQUOT, EFBIG}) {
    disk.fail = [full](const std::string&) { return full; };
    EXPECT_THROW(room.reserve(1000), OutOfSpace);
    EXPECT_EQ(pages(), before);
  }
  EXPECT_EQ(room.bytes(), before * kPageSize);
  disk.fail = [](const std::string&) { return EIO; };
  EXPECT_THROW(room.reserve(1000), IoError);
}

TEST_F(FileRoomTest, IsNotCutBelowWhatIsReserved) {
  room.reserve(100);
  const std::uint64_t before = pages();
  EXPECT_FALSE(room.cut(50));
  EXPECT_EQ(pages(), before);
  room.reserve(50);
  EXPECT_TRUE(room.cut(50));
  EXPECT_EQ(pages(), 50u);
  room.reserve(51);
  EXPECT_GE(pages(), 51u);
}

TEST_F(FileRoomTest, HoldsRoomWithoutGrowing) {
  room.reserve(100);
  const std::uint64_t before = pages();
  room.hold(2000);
  EXPECT_EQ(pages(), before);
  EXPECT_FALSE(room.cut(1999));
  room.hold(50);
  EXPECT_TRUE(room.cut(50));
}

TEST_F(FileRoomTest, GivesBackWhatATransactionHasMadeItLongerUnlessThatIsKept) {
  room.reserve(100);
  room.keep();
  const std::uint64_t before = pages();
  room.reserve(before + 1);
  room.reserve(before + 5000);
  room.give_back(50);
  EXPECT_EQ(pages(), before);
  EXPECT_EQ(room.bytes(), before * kPageSize);
  EXPECT_TRUE(room.cut(50)) << "no more is held";
  room.reserve(2000);
  room.give_back(1000);
  EXPECT_EQ(pages(), 1000u) << "what is committed stays";
  room.reserve(2000);
  room.keep();
  const std::uint64_t kept = pages();
  room.give_back(50);
  EXPECT_EQ(pages(), kept);
}

TEST_F(FileRoomTest, GivesNothingBackThatIsCommitted) {
  room.reserve(100);
  const std::uint64_t before = pages();
  room.give_back(static_cast<Pid>(before));
  EXPECT_EQ(pages(), before);
  EXPECT_EQ(room.bytes(), before * kPageSize);
}

TEST_F(FileRoomTest, StaysAsLongAsItIsIfItCannotBeCut) {
  room.reserve(100);
  const std::uint64_t before = pages();
  disk.fail = [](const std::string&) { return EIO; };
  room.give_back(50);
  EXPECT_EQ(pages(), before);
  EXPECT_EQ(room.bytes(), before * kPageSize);
}

TEST_F(FileRoomTest, NoSyncBehindOneThatFailedIsBelieved) {
  room.sync();
  int failures = 1;
  disk.fail = [&](const std::string& line) {
    return line == "sync file" && failures-- > 0 ? EIO : 0;
  };
  EXPECT_THROW(room.sync_data(), IoError);
  const std::size_t calls = disk.journal.size();
  EXPECT_THROW(room.sync_data(), IoError);
  EXPECT_THROW(room.sync(), IoError);
  EXPECT_EQ(disk.journal.size(), calls);
}

TEST_F(FileRoomTest, NoSyncBehindOneThatFailedWithoutMemoryToSaySoIsBelieved) {
  disk.fail = [](const std::string& line) -> int {
    if (line == "sync file") throw std::bad_alloc();
    return 0;
  };
  EXPECT_THROW(room.sync_data(), std::bad_alloc);
  const std::size_t calls = disk.journal.size();
  EXPECT_THROW(room.sync_data(), IoError);
  EXPECT_EQ(disk.journal.size(), calls);
}

TEST_F(FileRoomTest, CutsWhatOthersHaveMadeLonger) {
  file->write_at(99 * kPageSize, std::string(kPageSize, 'x'));
  EXPECT_TRUE(room.cut(7));
  EXPECT_EQ(pages(), 7u);
  EXPECT_TRUE(room.cut(8));
  EXPECT_EQ(pages(), 7u) << "a cut never makes it longer";
}

}  // namespace
}  // namespace quire::engine
