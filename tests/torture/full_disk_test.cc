// The disk has only so much room: from what the starting state takes, by 4 KiB, to what the program
// needs. Where there is too little, an operation throws OutOfSpace, and nothing else: it leaves no trace,
// reading goes on, the death of the process or a power cut loses nothing, and when there is room
// the same operation succeeds.

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <iostream>
#include <memory>
#include <string>

#include <quire/error.h>

#include "tests/support/tried.h"
#include "tests/torture/canonical_programs.h"
#include "torture/program.h"

namespace quire::torture {
namespace {

const std::string kPath = "/full.quire";
constexpr std::uint64_t kBlock = 4096;

using Promises = CrashRun::Promises;

/// One program on one disk, which its starting state fills: the file is as long as its pages, and
/// there is no log.
class FullDiskTrial {
 public:
  explicit FullDiskTrial(const Sequence& sequence)
      : sequence_(sequence), database_(sequence.start(run_)) {
    database_.close();
    used_at_start_ = files_.used_bytes();
    database_ = run_.open();
  }

  /// Bytes that the program takes besides, where they are to be had: each operation, and two
  /// segments of the log for a while.
  std::uint64_t measure() {
    std::uint64_t most = used_at_start_;
    for (std::size_t index = 0; index < sequence_.size(); ++index) {
      sequence_.run_one(run_, database_, index);
      most = std::max(most, files_.used_bytes());
    }
    return most - used_at_start_ + 2 * sequence_.options().wal_segment_size;
  }

  /// The whole program. An operation without room gets as much as it wants; how many there were.
  std::size_t run_with_room_for(std::uint64_t bytes) {
    std::size_t refused = 0;
    for (std::size_t index = 0; index < sequence_.size(); ++index) {
      files_.set_capacity(used_at_start_ + bytes);
      if (try_one(index)) continue;
      ++refused;
      files_.set_capacity(SimulatedFileSystem::kUnlimited);
      sequence_.run_one(run_, database_, index);
    }
    end();
    return refused;
  }

  /// The whole program. An operation without room gets a block more, again and again; how many times
  /// there was none.
  std::size_t run_with_a_block_at_a_time() {
    std::size_t refused = 0;
    std::uint64_t capacity = used_at_start_;
    files_.set_capacity(capacity);
    for (std::size_t index = 0; index < sequence_.size(); ++index) {
      while (!try_one(index)) {
        ++refused;
        files_.set_capacity(capacity += kBlock);
      }
    }
    end();
    return refused;
  }

 private:
  /// False if there was no room; then it has left no trace.
  bool try_one(std::size_t index) {
    try {
      sequence_.run_one(run_, database_, index);
      return true;
    } catch (const OutOfSpace&) {
      require_no_trace(index);
      return false;
    }
  }

  /// What the first `operations` have left, and nothing else.
  static Promises exactly(std::size_t operations) {
    return {{{std::to_string(operations), true}}, 0};
  }

  /// No operation from `index` on is there: in this process, or after it.
  void require_no_trace(std::size_t index) const {
    inspect(program_, database_, exactly(index));
    reopen(program_, *files_.crash(CrashPolicy::process_death()), exactly(index));
    Promises left = run_.promises()->after_power_cut();
    std::erase_if(left.history, [](const CrashCommit& commit) { return !commit.acknowledged; });
    left.history.push_back({std::to_string(index)});
    reopen(program_, *files_.crash(CrashPolicy::lose_all()), left);
  }

  void end() {
    database_.close();
    reopen(program_, files_, exactly(sequence_.size()));
  }

  const Sequence& sequence_;
  const Program program_ = program_of(sequence_, kPath);
  SimulatedFileSystem files_;
  CrashRun run_{files_, kPath, sequence_.options(), std::make_shared<const Promises>()};
  Database database_;
  std::uint64_t used_at_start_ = 0;
};

class FullDiskTest : public ::testing::TestWithParam<CanonicalProgram> {
 protected:
  static void tell(std::uint64_t levels, std::uint64_t refused) {
    EXPECT_GT(refused, 0u);
    std::cout << levels << " levels, " << refused << " operations without room\n";
    testing::tried("levels of a full disk", levels);
    testing::tried("operations without room on the disk", refused);
  }

  const Sequence sequence_ = make_sequence(GetParam());
};

TEST_P(FullDiskTest, IsOutOfSpaceAndHarmsNothingWhateverTheRoom) {
  const std::uint64_t most = FullDiskTrial(sequence_).measure();
  std::uint64_t levels = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t room = 0; room <= most; room += kBlock, ++levels) {
    std::size_t count = 0;
    ASSERT_NO_THROW(count = FullDiskTrial(sequence_).run_with_room_for(room))
        << sequence_.name() << ", with room for " << room << " bytes";
    refused += count;
  }
  EXPECT_EQ(FullDiskTrial(sequence_).run_with_room_for(most), 0u);
  tell(levels, refused);
}

TEST_P(FullDiskTest, GoesOnWithEachBlockThatItGets) {
  std::size_t refused = 0;
  ASSERT_NO_THROW(refused = FullDiskTrial(sequence_).run_with_a_block_at_a_time())
      << sequence_.name();
  tell(refused, refused);
}

/// False if there was no room.
bool try_to_make(SimulatedFileSystem& files) {
  Options options = small_options();
  options.file_system = &files;
  try {
    Database::open(kPath, options).close();
    return true;
  } catch (const OutOfSpace&) {
  } catch (const IoError& error) {
    EXPECT_EQ(error.error_number(), ENOSPC) << error.what();
  }
  return false;
}

TEST(FullDiskCreationTest, LeavesNothingInTheWayOfADatabaseThatFoundNoRoom) {
  std::uint64_t levels = 0;
  for (bool is_made = false; !is_made; ++levels) {
    SimulatedFileSystem files;
    files.set_capacity(levels * kBlock);
    is_made = try_to_make(files);
    files.set_capacity(SimulatedFileSystem::kUnlimited);
    EXPECT_TRUE(try_to_make(files)) << levels << " blocks";
    EXPECT_EQ(files.list("/").size(), 1u);
  }
  EXPECT_GT(levels, 1u);
  testing::tried("levels of a full disk", levels);
}

INSTANTIATE_TEST_SUITE_P(Programs, FullDiskTest, ::testing::ValuesIn(canonical_programs()),
                         [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace quire::torture
