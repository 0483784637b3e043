#include "pager/header_slots.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <cstring>
#include <functional>
#include <iterator>

#include "base/checksum.h"
#include "pager/header_format.h"
#include "tests/pager/recording_file.h"

namespace quire::pager {
namespace {

using testing::corruption_found_by;

constexpr const char* kBothDamaged = "page 0: header slots";

class HeaderSlotsTest : public ::testing::Test {
 protected:
  /// Slot 0 holds generation 7 at commit 70, slot 1 generation 8 at commit 80.
  HeaderSlotsTest() {
    slots.write(0, header(7));
    slots.write(1, header(8));
  }

  static Header header(std::uint64_t generation) {
    Header header;
    header.uuid.fill(0x5a);
    header.generation = generation;
    header.checkpoint_seq = 10 * generation;
    header.page_count = 100;
    return header;
  }

  HeaderSlot& slot(int number) {
    return *reinterpret_cast<HeaderSlot*>(file.bytes.data() + number * std::ptrdiff_t{4096});
  }
  /// Makes the sum of a changed slot right, as an attacker would.
  void reseal(int number) {
    std::uint64_t seed = 0;
    std::memcpy(&seed, kHeaderMagic.data(), sizeof seed);
    const ByteView bytes = ByteView(file.bytes).sub(static_cast<std::size_t>(number) * 4096, 4096);
    slot(number).sum = checksum64(bytes.sub(16), seed);
  }
  /// The reason of the FormatError that read() must throw.
  FormatError::Reason refusal(bool for_writing = false) {
    try {
      slots.read(for_writing);
    } catch (const FormatError& error) {
      return error.reason();
    }
    throw std::logic_error("no FormatError");
  }
  std::string corruption() {
    return corruption_found_by([&] { slots.read(false); });
  }

  testing::RecordingFile file;
  HeaderSlots slots{file};
};

TEST_F(HeaderSlotsTest, ReadsBackEveryFieldOfTheGreaterGeneration) {
  Header written = header(9);
  written.clean = false;
  written.log_id.fill(0x77);
  written.first_generation = 3;
  written.first_segment = 4;
  written.compat = 5;
  slots.write(0, written);
  slots.read(true);
  EXPECT_EQ(slots.header(), written);
  EXPECT_EQ(slots.chosen(), 0);
  EXPECT_EQ(slots.other(), 1);
  EXPECT_FALSE(slots.equal());
}

TEST_F(HeaderSlotsTest, ChoosesTheSecondSlotIfItsGenerationIsGreater) {
  slots.read(true);
  EXPECT_EQ(slots.header(), header(8));
  EXPECT_EQ(slots.chosen(), 1);
  EXPECT_EQ(slots.other(), 0);
}

TEST_F(HeaderSlotsTest, SlotsThatDifferInTheirNumberOnlyAreEqual) {
  slots.write(0, header(8));
  slots.read(true);
  EXPECT_TRUE(slots.equal());
  EXPECT_EQ(slots.chosen(), 0);
}

TEST_F(HeaderSlotsTest, SlotsOfOneGenerationThatDifferAreNotEqual) {
  Header other = header(8);
  other.page_count += 1;
  slots.write(0, other);
  slots.read(true);
  EXPECT_FALSE(slots.equal());
}

TEST_F(HeaderSlotsTest, SlotsThatDifferInAnyFieldAreNotEqual) {
  const std::function<void(Header&)> changes[] = {
      [](Header& header) { header.uuid[15] ^= 1; },
      [](Header& header) { header.generation += 1; },
      [](Header& header) { header.clean = !header.clean; },
      [](Header& header) { header.log_id[15] ^= 1; },
      [](Header& header) { header.checkpoint_seq += 1; },
      [](Header& header) { header.first_generation += 1; },
      [](Header& header) { header.first_segment += 1; },
      [](Header& header) { header.page_count += 1; },
      [](Header& header) { header.compat = 1; },
      [](Header& header) { header.ro_compat = 1; },
      [](Header& header) { header.minor += 1; },
      [](Header& header) { header.software_version += 1; },
  };
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    slots.write(0, header(7));
    slots.write(1, header(7));
    slots.read(false);
    ASSERT_TRUE(slots.equal());
    Header other = header(7);
    changes[i](other);
    slots.write(1, other);
    slots.read(false);
    EXPECT_FALSE(slots.equal()) << "change " << i;
  }
}

TEST_F(HeaderSlotsTest, OtherSlotOpensTheFileWhateverByteOfOneIsDamaged) {
  for (std::size_t at = 0; at < kPageSize; ++at) {
    std::byte& byte = file.bytes[kPageSize + at];
    byte ^= std::byte{0x40};
    slots.read(true);
    ASSERT_EQ(slots.header(), header(7)) << "byte " << at;
    ASSERT_EQ(slots.chosen(), 0);
    ASSERT_FALSE(slots.equal());
    byte ^= std::byte{0x40};
  }
}

TEST_F(HeaderSlotsTest, IsCorruptIfBothSlotsAreDamaged) {
  file.bytes[100] ^= std::byte{1};
  file.bytes[4096 + 4095] ^= std::byte{1};
  EXPECT_EQ(corruption(), kBothDamaged);
}

TEST_F(HeaderSlotsTest, IsCorruptIfOneMagicIsLeftAndNoSlotIsIntact) {
  file.bytes[0] ^= std::byte{1};
  file.bytes[4096 + 16] ^= std::byte{1};
  EXPECT_EQ(corruption(), kBothDamaged);
}

TEST_F(HeaderSlotsTest, FileCutBehindTheFirstSlotOpens) {
  file.truncate(4096 + 4095);
  slots.read(true);
  EXPECT_EQ(slots.header(), header(7));
}

TEST_F(HeaderSlotsTest, FileCutWithinTheFirstSlotIsCorrupt) {
  file.truncate(4095);
  EXPECT_EQ(corruption(), kBothDamaged);
}

TEST_F(HeaderSlotsTest, FileWithoutMagicIsNotQuire) {
  file.bytes.assign(100'000, std::byte{0});
  EXPECT_EQ(refusal(), FormatError::Reason::not_quire);
  file.bytes.assign(3, std::byte{'Q'});
  EXPECT_EQ(refusal(), FormatError::Reason::not_quire);
  file.bytes.clear();
  EXPECT_EQ(refusal(), FormatError::Reason::not_quire);
}

TEST_F(HeaderSlotsTest, MagicAloneIsADamagedQuireFile) {
  file.truncate(kHeaderMagic.size());
  EXPECT_EQ(corruption(), kBothDamaged);
}

TEST_F(HeaderSlotsTest, RefusesAGreaterMajorVersion) {
  slot(1).major = kHeaderMajor + 1;
  reseal(1);
  EXPECT_EQ(refusal(), FormatError::Reason::newer);
}

TEST_F(HeaderSlotsTest, AcceptsAGreaterMinorVersion) {
  slot(1).minor = 500;
  reseal(1);
  slots.read(true);
  Header expected = header(8);
  expected.minor = 500;
  EXPECT_EQ(slots.header(), expected);
}

TEST_F(HeaderSlotsTest, WritesASlotAgainWithTheSameBytes) {
  slot(1).minor = 500;
  slot(1).software_version = 0x0009'0000;
  reseal(1);
  const HeaderSlot before = slot(1);
  slots.read(true);
  slots.write(1, slots.header());
  EXPECT_EQ(std::memcmp(&before, &slot(1), sizeof before), 0);
}

TEST_F(HeaderSlotsTest, RefusesAnyIncompatibleFeature) {
  for (const int bit : {0, 31, 63}) {
    slot(1).incompat = std::uint64_t{1} << bit;
    reseal(1);
    EXPECT_EQ(refusal(), FormatError::Reason::newer);
  }
}

TEST_F(HeaderSlotsTest, ReadsButDoesNotWriteWithAReadOnlyCompatibleFeature) {
  slot(1).ro_compat = 4;
  reseal(1);
  slots.read(false);
  EXPECT_EQ(slots.header().ro_compat, 4u);
  EXPECT_EQ(refusal(true), FormatError::Reason::newer);
}

TEST_F(HeaderSlotsTest, KeepsCompatibleFeaturesThatItDoesNotKnow) {
  slot(1).compat = UINT64_MAX;
  reseal(1);
  slots.read(true);
  slots.write(0, slots.header());
  EXPECT_EQ(slot(0).compat, UINT64_MAX);
}

TEST_F(HeaderSlotsTest, IgnoresASlotThatWasWrittenToTheOthersPlace) {
  std::memcpy(&slot(0), &slot(1), kPageSize);
  slots.read(true);
  EXPECT_EQ(slots.chosen(), 1);
  EXPECT_FALSE(slots.equal());
  std::memcpy(&slot(1), &slot(0), kPageSize);
  slot(1).slot_number = 0;
  reseal(1);
  EXPECT_EQ(corruption(), kBothDamaged);
}

TEST_F(HeaderSlotsTest, RefusesWildFieldsUnderARightSum) {
  slot(1).page_count = 3;
  reseal(1);
  EXPECT_EQ(corruption(), "page 1: page count");
  slot(1).page_count = 100;
  slot(1).group_size = 16129;
  reseal(1);
  EXPECT_EQ(corruption(), "page 1: group size");
  slot(1).group_size = 16128;
  slot(1).catalog_root = 4;
  reseal(1);
  EXPECT_EQ(corruption(), "page 1: catalog root");
  slot(1).catalog_root = 3;
  slot(1).page_size = 8192;
  reseal(1);
  EXPECT_EQ(corruption(), "page 1: page size");
  slot(1).page_size = 4096;
  reseal(1);
  slots.read(true);
  EXPECT_EQ(slots.header(), header(8));
}

TEST_F(HeaderSlotsTest, RefusesNumbersThatCannotBeCountedOn) {
  using Field = Le64 HeaderSlot::*;
  const std::pair<Field, std::string> fields[] = {
      {&HeaderSlot::header_generation, "header generation"},
      {&HeaderSlot::checkpoint_seq, "checkpoint seq"},
      {&HeaderSlot::first_generation, "first generation"}};
  for (const auto& [field, name] : fields) {
    const std::uint64_t sane = slot(1).*field;
    for (const std::uint64_t wild : {std::uint64_t{1} << 63, UINT64_MAX - 1, UINT64_MAX}) {
      slot(1).*field = wild;
      reseal(1);
      EXPECT_EQ(corruption(), "page 1: " + name);
    }
    slot(1).*field = sane;
  }
  reseal(1);
  slots.read(true);
  EXPECT_EQ(slots.header(), header(8));
}

TEST_F(HeaderSlotsTest, NumbersThatLeaveNoRoomToCountAreReadButNotWritten) {
  slot(1).header_generation = (std::uint64_t{1} << 63) - 1;
  reseal(1);
  EXPECT_THROW(slots.read(true), CorruptionError);
  slots.read(false);
  EXPECT_EQ(slots.header().generation, (std::uint64_t{1} << 63) - 1);
}

TEST_F(HeaderSlotsTest, WritesOneSlotAndLeavesTheOther) {
  const std::vector<std::byte> before = file.bytes;
  file.writes.clear();
  slots.write(0, header(9));
  EXPECT_EQ(file.writes, (std::vector<testing::RecordingFile::Write>{{0, 4096}}));
  EXPECT_EQ(ByteView(file.bytes).sub(4096), ByteView(before).sub(4096));
}

}  // namespace
}  // namespace quire::pager
