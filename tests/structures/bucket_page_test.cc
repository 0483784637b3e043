#include "structures/bucket_page.h"

#include <gtest/gtest.h>
#include <quire/error.h>

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <string>

namespace quire::structures {
namespace {

constexpr Pid kPid = 9;
constexpr std::uint32_t kBucket = 5;

class BucketPageTest : public ::testing::Test {
 protected:
  using Model = std::multimap<std::uint8_t, std::string>;

  static std::string record(std::size_t key, std::size_t value, char fill = 'x') {
    return NewRecord(inline_part(std::string(key, fill)), inline_part(std::string(value, fill)))
        .bytes()
        .str();
  }
  void insert(std::uint8_t fingerprint, const std::string& bytes) {
    page.insert(fingerprint, bytes);
    model.emplace(fingerprint, bytes);
  }
  void erase(std::size_t index) {
    const auto range = model.equal_range(page.fingerprint(index));
    for (auto it = range.first; it != range.second; ++it) {
      if (page.record(index).bytes == ByteView(it->second)) {
        model.erase(it);
        return page.erase(index);
      }
    }
    FAIL() << "entry " << index << " is none of the model's";
  }
  void expect_sound() const {
    EXPECT_EQ(page.broken_laws(), std::vector<std::string>());
    Model found;
    for (std::size_t i = 0; i < page.count(); ++i) {
      found.emplace(page.fingerprint(i), page.record(i).bytes.str());
    }
    std::multimap<std::string, std::uint8_t> a, b;  // equal fingerprints come in any order
    for (const auto& [fingerprint, bytes] : found) a.emplace(bytes, fingerprint);
    for (const auto& [fingerprint, bytes] : model) b.emplace(bytes, fingerprint);
    EXPECT_TRUE(a == b);
  }
  BucketHeader& header() { return *reinterpret_cast<BucketHeader*>(frame.data()); }
  void set_offset(std::size_t index, std::uint16_t offset) {
    const Le16 stored = offset;
    std::memcpy(frame.data() + kBucketHeaderSize + header().capacity + 2 * index, &stored, 2);
  }
  static std::string field_of_error(const std::function<void()>& operation) {
    try {
      operation();
    } catch (const CorruptionError& error) {
      EXPECT_EQ(error.page(), kPid);
      return error.field();
    }
    return "none";
  }
  std::string field_of_opening() {
    return field_of_error([&] { BucketView(kPid, pager::PageBytes(frame), kBucket); });
  }

  alignas(16) std::array<std::byte, kPageSize> frame{};
  BucketPage page = BucketPage::format(kPid, frame, kBucket);
  Model model;
};

TEST_F(BucketPageTest, LiesOnDiskAsTheFormatSays) {
  page.insert(0xab, record(1, 2, 'x'));
  page.insert(0xcd, record(0, 1, 'y'));
  page.set_overflow(0x01020304);
  std::string expected(4096, '\0');
  const auto at = [&](std::size_t offset, const std::string& text) {
    expected.replace(offset, text.size(), text);
  };
  at(32, std::string("\x02\x00\x10\x00\xf6\x0f\x00\x00", 8));
  at(40, std::string("\x04\x03\x02\x01\x05\x00\x00\x00", 8));
  at(48, "\xab\xcd");
  at(64, "\xfa\x0f\xf6\x0f");
  at(4090, std::string("\x00\x01\x02xxx", 6));
  at(4086, std::string("\x00\x00\x01y", 4));
  EXPECT_TRUE(ByteView(frame) == ByteView(expected));
}

TEST_F(BucketPageTest, HoldsTheLongestRecord) {
  insert(1, record(kMaxInlinePart, kMaxInlinePart));
  EXPECT_EQ(page.record(0).bytes.size(), kMaxRecord);
  expect_sound();
}

TEST_F(BucketPageTest, FindsEveryEntryOfAFingerprintInOrder) {
  for (int i = 0; i < 100; ++i) insert(static_cast<std::uint8_t>(i % 7), record(4, 4));
  for (int wanted = 0; wanted < 9; ++wanted) {
    std::vector<std::size_t> found, expected;
    const auto fingerprint = static_cast<std::uint8_t>(wanted);
    for (std::size_t i = 0; (i = page.find(fingerprint, i)) < page.count(); ++i) found.push_back(i);
    for (std::size_t i = 0; i < 100; ++i) {
      if (i % 7 == fingerprint) expected.push_back(i);
    }
    EXPECT_EQ(found, expected);
  }
}

TEST_F(BucketPageTest, DoesNotFindFingerprintZeroInUnusedSlots) {
  EXPECT_EQ(page.find(0, 0), 0u) << "count() says that there is none";
  insert(1, record(1, 1));
  EXPECT_EQ(page.find(0, 0), page.count());
}

TEST_F(BucketPageTest, FillsUpToTheLastByte) {
  const std::size_t slots = kCapacityStep * kSlotSize;
  insert(1, record(0, 997));  // 1001 bytes with its header
  insert(2, record(0, 997));
  insert(3, record(0, 997));
  const std::size_t left = kBucketUsable - slots - 3 * 1001;
  EXPECT_TRUE(page.has_room(left));
  EXPECT_FALSE(page.has_room(left + 1));
  insert(4, record(0, left - 4));
  EXPECT_FALSE(page.has_room(1));
  expect_sound();
}

TEST_F(BucketPageTest, GrowsItsSlotsBySixteen) {
  for (int i = 0; i < 16; ++i) insert(static_cast<std::uint8_t>(i), record(2, 2));
  EXPECT_EQ(header().capacity, 16);
  insert(16, record(2, 2));
  EXPECT_EQ(header().capacity, 32);
  expect_sound();
}

TEST_F(BucketPageTest, TakesSmallestRecordsUntilSlotsAndHeapMeet) {
  std::size_t count = 0;
  for (; page.has_room(3); ++count) insert(static_cast<std::uint8_t>(count), record(0, 0));
  EXPECT_EQ(count, 672u) << "42 steps of 16 slots of 3 bytes, and 3 bytes each";
  expect_sound();
}

TEST_F(BucketPageTest, CompactsWhenTheHoleIsTooSmallButDeadBytesAreNot) {
  for (int i = 0; i < 39; ++i) insert(static_cast<std::uint8_t>(i), record(4, 89));
  const std::string big = record(0, 900);
  ASSERT_FALSE(page.has_room(big.size()));
  for (int i = 0; i < 10; ++i) erase(static_cast<std::size_t>(i));
  EXPECT_GT(header().dead_bytes, 0);
  ASSERT_TRUE(page.has_room(big.size()));
  insert(99, big);
  EXPECT_EQ(header().dead_bytes, 0);
  expect_sound();
}

TEST_F(BucketPageTest, GivesBackSlotsWhenItCompacts) {
  for (int i = 0; i < 200; ++i) insert(static_cast<std::uint8_t>(i), record(4, 4));
  while (page.count() > 10) erase(0);
  insert(1, record(1000, 900));
  insert(2, record(1000, 900));
  EXPECT_EQ(header().capacity, 16);
  expect_sound();
}

TEST_F(BucketPageTest, GivesTheNewestRecordsBytesBackToTheHole) {
  insert(1, record(4, 4));
  insert(2, record(4, 400));
  erase(1);
  EXPECT_EQ(header().dead_bytes, 0);
  expect_sound();
}

TEST_F(BucketPageTest, IsZeroAgainWhenTheLastEntryGoes) {
  page.set_overflow(77);
  for (int i = 0; i < 50; ++i) insert(static_cast<std::uint8_t>(i), record(4, 4));
  while (page.count() > 0) erase(page.count() / 2);
  EXPECT_EQ(header().heap_start, kPageSize);
  EXPECT_EQ(header().capacity, 0);
  EXPECT_EQ(page.overflow(), 77u) << "the chain goes on";
  expect_sound();
}

TEST_F(BucketPageTest, KeepsItsLawsOverManyChanges) {
  std::uint32_t state = 1;
  const auto random = [&](std::uint32_t below) {
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
  };
  for (int i = 0; i < 20000; ++i) {
    const std::size_t most = random(4) == 0 ? 1000 : 30;
    const std::string bytes = record(random(20), random(static_cast<std::uint32_t>(most)),
                                     static_cast<char>('a' + i % 26));
    if (page.has_room(bytes.size()) && random(5) < 3) {
      insert(static_cast<std::uint8_t>(random(256)), bytes);
    } else if (page.count() > 0) {
      erase(random(static_cast<std::uint32_t>(page.count())));
    }
    if (i % 64 == 0) expect_sound();
  }
  expect_sound();
}

TEST_F(BucketPageTest, OverwritesARecordOfTheSameSize) {
  insert(1, record(4, 10, 'a'));
  page.overwrite(0, record(4, 10, 'b'));
  EXPECT_EQ(page.record(0).bytes.str(), record(4, 10, 'b'));
}

TEST_F(BucketPageTest, RefusesAHeaderThatDoesNotFit) {
  insert(1, record(4, 4));
  const auto good = frame;
  const auto refuses_with = [&](Le16 BucketHeader::*field, std::uint16_t value) {
    frame = good;
    header().*field = value;
    return field_of_opening();
  };
  EXPECT_EQ(field_of_opening(), "none");
  EXPECT_EQ(refuses_with(&BucketHeader::count, 17), "count");
  EXPECT_EQ(refuses_with(&BucketHeader::capacity, 8), "capacity");
  EXPECT_EQ(refuses_with(&BucketHeader::capacity, 1360), "capacity");
  EXPECT_EQ(refuses_with(&BucketHeader::capacity, 65520), "capacity");
  EXPECT_EQ(refuses_with(&BucketHeader::heap_start, 4097), "heap_start");
  EXPECT_EQ(refuses_with(&BucketHeader::heap_start, 60), "capacity");
  EXPECT_EQ(refuses_with(&BucketHeader::dead_bytes, 12), "dead_bytes");
  frame = good;
  header().bucket = kBucket + 1;
  EXPECT_EQ(field_of_opening(), "bucket");
}

TEST_F(BucketPageTest, RefusesRecordsOutsideTheHeap) {
  insert(1, record(4, 4));
  set_offset(0, 100);
  EXPECT_EQ(field_of_error([&] { page.record(0); }), "offset");
  set_offset(0, 4096);
  EXPECT_EQ(field_of_error([&] { page.record(0); }), "offset");
  set_offset(0, 4095);
  EXPECT_EQ(field_of_error([&] { page.record(0); }), "record");
}

TEST_F(BucketPageTest, RefusesToCompactRecordsThatOverlap) {
  insert(1, record(4, 989));
  for (int i = 0; i < 5; ++i) insert(2, record(1, 1));
  for (std::size_t i = 0; i < 6; ++i) set_offset(i, 4096 - 1000);
  header().dead_bytes = 1000;
  EXPECT_EQ(field_of_error([&] { page.insert(3, record(1000, 1000)); }), "none") << "room is left";
  EXPECT_EQ(field_of_error([&] { page.insert(3, record(500, 600)); }), "records");
}

TEST_F(BucketPageTest, RefusesDeadBytesThatCompactionDoesNotFree) {
  for (int i = 0; i < 4; ++i) insert(1, record(0, 900));
  header().dead_bytes = 3000;
  ASSERT_TRUE(page.has_room(2000));
  EXPECT_EQ(field_of_error([&] { page.insert(3, record(1000, 980)); }), "dead_bytes");
}

TEST_F(BucketPageTest, NamesEachLawThatIsBroken) {
  insert(1, record(4, 4));
  insert(2, record(4, 4));
  const auto good = frame;
  const auto broken_by = [&](const std::function<void()>& damage) {
    frame = good;
    damage();
    const auto laws = page.broken_laws();
    return laws.empty() ? std::string() : laws.front();
  };
  EXPECT_NE(broken_by([&] { set_offset(0, 4096 - 22); }).find("overlap"), std::string::npos);
  EXPECT_NE(broken_by([&] { header().dead_bytes = 1; }).find("fill the heap"), std::string::npos);
  EXPECT_NE(broken_by([&] { frame[1000] = std::byte{1}; }).find("hole"), std::string::npos);
  EXPECT_NE(broken_by([&] { frame[48 + 15] = std::byte{1}; }).find("slot"), std::string::npos);
  EXPECT_NE(broken_by([&] { frame[48 + 47] = std::byte{1}; }).find("slot"), std::string::npos);
}

}  // namespace
}  // namespace quire::structures
