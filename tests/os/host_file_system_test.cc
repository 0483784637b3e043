#include "os/host_file_system.h"

#include <array>
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

#include "tests/os/contract.h"

namespace quire::os {
namespace {

class HostFileSystemTest : public ContractTest {};
INSTANTIATE_TEST_SUITE_P(Os, HostFileSystemTest, ::testing::ValuesIn(kDiskMakers), disk_name);

TEST_P(HostFileSystemTest, TellsTheWallClock) {
  const auto before = std::chrono::system_clock::now();
  const auto now = files().now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, std::chrono::system_clock::now());
}

TEST_P(HostFileSystemTest, NeverGoesBackInTime) {
  auto last = files().monotonic_now();
  for (int i = 0; i < 1000; ++i) {
    const auto now = files().monotonic_now();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST_P(HostFileSystemTest, FillsEveryByteAtRandom) {
  std::array<std::byte, 1000> ever_set{};
  for (int round = 0; round < 10; ++round) {
    std::array<std::byte, 1000> random{};
    files().fill_random(random);
    for (std::size_t i = 0; i < random.size(); ++i) ever_set[i] |= random[i];
  }
  for (const std::byte byte : ever_set) EXPECT_NE(byte, std::byte{0});
  files().fill_random({});
}

TEST_P(HostFileSystemTest, NeverGivesTheSameSixteenBytesTwice) {
  std::set<std::array<std::byte, 16>> seen;
  for (int i = 0; i < 1000; ++i) {
    std::array<std::byte, 16> random;
    files().fill_random(random);
    EXPECT_TRUE(seen.insert(random).second);
  }
}

TEST_P(HostFileSystemTest, RunsAThreadAndJoinsItInTheDestructor) {
  std::atomic<bool> may_end{false};
  std::atomic<bool> ended{false};
  std::thread::id other;
  auto thread = files().start_thread([&] {
    other = std::this_thread::get_id();
    while (!may_end) std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ended = true;
  });
  EXPECT_FALSE(ended);
  may_end = true;
  thread.reset();
  EXPECT_TRUE(ended) << "the destructor returned before the thread had ended";
  EXPECT_NE(other, std::this_thread::get_id());
}

}  // namespace
}  // namespace quire::os
