#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "tests/testing/simulated_fixture.h"

namespace quire {
namespace {

constexpr std::uint64_t kBlock = 4096;

TEST(SimulatedCapacityTest, CountsWholeBlocksOfEachFileOnce) {
  SimulatedFileSystem files;
  EXPECT_EQ(files.used_bytes(), 0u);
  create(files, "/one")->write_at(0, "x");
  create(files, "/two")->allocate(0, kBlock + 1);
  create(files, "/none");
  files.link_without_replace("/one", "/another name");
  EXPECT_EQ(files.used_bytes(), 3 * kBlock);
}

TEST(SimulatedCapacityTest, WriteDoesWhatFitsAndFails) {
  SimulatedFileSystem files;
  files.set_capacity(2 * kBlock + 100);  // a part of a block is none
  const auto file = create(files, "/f");
  EXPECT_EQ(error_of([&] { file->write_at(kBlock, std::string(2 * kBlock, 'x')); }), ENOSPC);
  EXPECT_EQ(content(files, "/f"), std::string(kBlock, '\0') + std::string(kBlock, 'x'));
  EXPECT_EQ(error_of([&] { file->write_at(2 * kBlock, "y"); }), ENOSPC);
  EXPECT_EQ(error_of([&] { file->write_at(10, "over"); }), 0) << "takes no room";
}

TEST(SimulatedCapacityTest, FileThatMayNotGrowIsAsLongAsBefore) {
  SimulatedFileSystem files;
  files.set_capacity(kBlock);
  const auto file = create(files, "/f");
  EXPECT_EQ(error_of([&] { file->allocate(0, kBlock + 1); }), ENOSPC);
  EXPECT_EQ(error_of([&] { file->truncate(kBlock + 1); }), ENOSPC);
  EXPECT_EQ(file->status().size, 0u);
  EXPECT_EQ(error_of([&] { file->allocate(0, kBlock); }), 0);
}

TEST(SimulatedCapacityTest, RoomComesBackWithTheLastUseOfAFile) {
  SimulatedFileSystem files;
  files.set_capacity(kBlock);
  auto file = create(files, "/f");
  file->write_at(0, "x");
  const auto other = create(files, "/g");
  const auto fills = [&] { return error_of([&] { other->write_at(0, "y"); }); };
  EXPECT_EQ(fills(), ENOSPC);
  files.remove("/f");
  EXPECT_EQ(fills(), ENOSPC) << "it is still open";
  file.reset();
  EXPECT_EQ(fills(), 0);
  files.set_capacity(SimulatedFileSystem::kUnlimited);
  EXPECT_EQ(error_of([&] { other->allocate(0, 100 * kBlock); }), 0);
}

}  // namespace
}  // namespace quire
