#include "wal/segment_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include <quire/error.h>

#include "tests/wal/test_log.h"

namespace quire::wal {
namespace {

using namespace quire::testing;

TEST(SegmentSet, NamesSegmentsWithSixDigitsOrMore) {
  os::MemoryFileSystem files;
  EXPECT_EQ(SegmentSet(files, "/db/shop", 0600).path(1), "/db/shop-wal.000001");
  EXPECT_EQ(SegmentSet(files, "/db/shop", 0600).path(1234567), "/db/shop-wal.1234567");
  EXPECT_EQ(SegmentSet(files, "/shop", 0600).path(1), "/shop-wal.000001");
  EXPECT_EQ(SegmentSet(files, "shop", 0600).path(1), "./shop-wal.000001");
  EXPECT_THROW(SegmentSet(files, "/db/", 0600), InvalidArgument);
}

TEST(SegmentSet, ListsRegularFilesWithCanonicalNamesOnly) {
  TestLog log;
  for (const char* name :
       {"shop-wal.000010", "shop-wal.000002", "shop-wal.1000000", "shop-wal.000000", "shop-wal.7",
        "shop-wal.0000003", "shop-wal.00000x", "shop-wal.", "shop-wal.99999999999", "shop",
        "other-wal.000001", "shop-wal-new.000001", "shop-wal.000004/file"})
    log.memory.open(std::string("/db/") + name, OpenMode::create);
  EXPECT_EQ(log.segments.numbers(), (std::vector<std::uint32_t>{2, 10, 1000000}));
}

TEST(SegmentSet, WritesZerosSyncsAndNamesInThisOrder) {
  TestLog log;
  const std::string head = "head";
  const auto file = log.segments.publish(log.segments.create_temporary(), 3, head, 3 * kBlockSize);
  EXPECT_EQ(log.files.journal,
            (std::vector<std::string>{"create shop-wal-new.*", "write shop-wal-new.* 0 4",
                                      "write shop-wal-new.* 4 12284", "sync shop-wal-new.*",
                                      "rename shop-wal-new.* shop-wal.000003", "sync directory"}));
  EXPECT_EQ(file->path(), "/db/shop-wal.000003");
  EXPECT_EQ(file->status().mode, 0640u);
  Bytes expected(3 * kBlockSize);
  std::copy(head.begin(), head.end(), reinterpret_cast<char*>(expected.data()));
  EXPECT_EQ(log.content(3), expected);
}

TEST(SegmentSet, NeverReplacesAFile) {
  TestLog log;
  log.set_content(3, Bytes(10, std::byte{7}));
  EXPECT_THROW(log.segments.publish(log.segments.create_temporary(), 3, "new", kBlockSize),
               IoError);
  EXPECT_EQ(log.content(3), Bytes(10, std::byte{7}));
  EXPECT_EQ(log.memory.list("/db").size(), 1u) << "the temporary file is gone";
}

TEST(SegmentSet, LeavesNothingBehindWhenThereIsNoRoom) {
  for (const std::string step : {"create", "write", "sync shop", "rename"}) {
    for (const int error : {ENOSPC, EDQUOT, EFBIG, EMFILE, ENFILE, ENOMEM}) {
      TestLog log;
      log.files.fail = [&](const std::string& line) { return line.starts_with(step) ? error : 0; };
      EXPECT_THROW(log.segments.publish(log.segments.create_temporary(), 1, "head", kBlockSize),
                   OutOfSpace);
      EXPECT_TRUE(log.memory.list("/db").empty()) << step;
    }
  }
}

TEST(SegmentSet, TakesTheNameBackWhereTheDirectoryCannotBeOpened) {
  for (const int error : {EMFILE, ENFILE}) {
    TestLog log;
    log.files.fail = [&](const std::string& line) { return line == "sync directory" ? error : 0; };
    EXPECT_THROW(log.segments.publish(log.segments.create_temporary(), 1, "head", kBlockSize),
                 OutOfSpace);
    EXPECT_TRUE(log.memory.list("/db").empty());
    log.files.fail = [](const std::string&) { return 0; };
    EXPECT_TRUE(log.segments.publish(log.segments.create_temporary(), 1, "head", kBlockSize));
  }
}

TEST(SegmentSet, TellsOtherFailuresAsTheyAre) {
  const std::pair<std::string, int> failures[] = {
      {"create", EACCES}, {"sync", EIO}, {"sync directory", EIO}, {"sync directory", ENOSPC}};
  for (const auto& [step, error] : failures) {
    TestLog log;
    log.files.fail = [&line_start = step, number = error](const std::string& line) {
      return line.starts_with(line_start) ? number : 0;
    };
    EXPECT_THROW(log.segments.publish(log.segments.create_temporary(), 1, "head", kBlockSize),
                 IoError)
        << step << " " << error;
  }
}

TEST(SegmentSet, LeavesASegmentWhereItIsThatCannotBeSetAside) {
  TestLog log;
  log.set_content(5, Bytes(10));
  log.files.fail = [](const std::string& line) { return line.starts_with("link") ? EIO : 0; };
  EXPECT_THROW(log.segments.set_aside(5, Uuid{}), IoError);
  EXPECT_EQ(log.memory.list("/db").size(), 1u);
  EXPECT_EQ(log.content(5), Bytes(10));
}

TEST(SegmentSet, SetsAsideUnderANameThatNobodyHas) {
  TestLog log;
  Uuid id{};
  id[0] = 0xab;
  const std::string base = "/db/shop-wal-aside.ab" + std::string(30, '0') + ".000005";
  for (const std::string suffix : {"", "-2", "-3"}) {
    log.set_content(5, Bytes(suffix.size() + 1));
    EXPECT_EQ(log.segments.set_aside(5, id), base + suffix);
    EXPECT_FALSE(log.segments.open(5, OpenMode::read_only));
  }
  EXPECT_EQ(log.memory.status(base)->size, 1u);
  EXPECT_EQ(log.memory.status(base + "-3")->size, 3u);
}

TEST(SegmentSet, RemovesTemporariesOfItsOwnOnly) {
  TestLog log;
  const std::vector<std::string> others = {"shop", "shop-wal-new.0123456789abcdef0",
                                           "shop-wal-new.db", "shop-wal.000001",
                                           "shop2-wal-new.0123456789abcdef"};
  for (const std::string& name : others) log.memory.open("/db/" + name, OpenMode::create);
  log.memory.open("/db/shop-wal-new.0123456789abcdef", OpenMode::create);
  log.segments.remove_temporaries();
  auto names = log.memory.list("/db");
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, others);
}

}  // namespace
}  // namespace quire::wal
