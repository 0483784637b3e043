// Bytes of version 1 of the format, for ever. The sums were computed by a C program of a few lines
// from the tables of docs/file-format.md, not by this code.

#include <gtest/gtest.h>

#include <cstring>

#include "base/zeros.h"
#include "pager/header_format.h"
#include "pager/header_slots.h"
#include "pager/page_pool.h"
#include "pager/space_map.h"
#include "tests/pager/recording_file.h"

namespace quire {
namespace {

using testing::RecordingFile;

/// Bytes [from, from + size) in hexadecimal, rows of 16.
std::string hex(ByteView bytes, std::size_t from, std::size_t size) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t at = from; at < from + size; ++at) {
    if (at > from) text += (at - from) % 16 == 0 ? '\n' : ' ';
    text += kDigits[std::to_integer<unsigned>(bytes[at]) >> 4];
    text += kDigits[std::to_integer<unsigned>(bytes[at]) & 15];
  }
  return text;
}

bool is_zero(ByteView bytes, std::size_t from, std::size_t to) {
  return all_zero(bytes.sub(from, to - from));
}

Uuid counting_from(std::uint8_t first) {
  Uuid uuid;
  for (std::uint8_t& byte : uuid) byte = first++;
  return uuid;
}

TEST(Formats, HeaderSlotHasTheseBytes) {
  pager::Header header;
  header.uuid = counting_from(0);
  header.generation = 0x1122334455667788;
  header.clean = true;
  header.log_id = counting_from(0xf0);
  header.checkpoint_seq = 0x0102030405060708;
  header.first_generation = 9;
  header.first_segment = 10;
  header.page_count = 0x12345;
  header.compat = 0xc1c2c3c4c5c6c7c8;
  header.ro_compat = 0xd1d2d3d4d5d6d7d8;
  RecordingFile file;
  pager::HeaderSlots(file).write(1, header);

  ASSERT_EQ(file.writes, (std::vector<RecordingFile::Write>{{4096, 4096}}));
  const ByteView slot = ByteView(file.bytes).sub(4096);
  EXPECT_EQ(hex(slot, 0, 144),
            "51 55 49 52 45 44 42 1a ab 97 de 6e 47 8f 02 61\n"  // magic, sum
            "01 00 00 00 00 10 00 00 c8 c7 c6 c5 c4 c3 c2 c1\n"  // version, page size, compat
            "d8 d7 d6 d5 d4 d3 d2 d1 00 00 00 00 00 00 00 00\n"  // ro_compat, incompat
            "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n"  // uuid
            "88 77 66 55 44 33 22 11 01 00 00 00 01 00 00 00\n"  // generation, slot, flags
            "f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 fa fb fc fd fe ff\n"  // log id
            "08 07 06 05 04 03 02 01 09 00 00 00 00 00 00 00\n"  // T, first generation
            "0a 00 00 00 00 00 00 00 45 23 01 00 03 00 00 00\n"  // segment, page count, catalog
            "00 3f 00 00 00 00 00 00 00 00 01 00 00 00 00 00");  // group size, reserved, software
  EXPECT_TRUE(is_zero(slot, 144, 4096));
}

TEST(Formats, DirtyHeaderSlotHasNoFlag) {
  RecordingFile file;
  pager::Header header;
  header.clean = false;
  pager::HeaderSlots(file).write(0, header);
  EXPECT_EQ(hex(file.bytes, 72, 8), "00 00 00 00 00 00 00 00");
}

TEST(Formats, UuidHashHasThisValue) {
  EXPECT_EQ(pager::hash_uuid(counting_from(0)), 0x8355e3a6f61770db);
}

TEST(Formats, StructurePageHeaderHasTheseBytes) {
  RecordingFile file;
  pager::PagePool pool(file, pager::hash_uuid(counting_from(0)), 8);
  pager::Frame frame{};
  frame.header().seq = 0x1112131415161718;
  frame.header().pid = 5;
  frame.header().owner = 0x0a0b0c0d;
  frame.header().type = static_cast<std::uint8_t>(PageType::blob_root);
  frame.bytes[32] = std::byte{0xee};
  frame.bytes[4095] = std::byte{0xff};
  pool.write_base(5, true, frame.bytes);

  const ByteView page = ByteView(file.bytes).sub(5 * kPageSize);
  EXPECT_EQ(hex(page, 0, 33),
            "f5 63 52 69 78 e4 03 ab 18 17 16 15 14 13 12 11\n"
            "05 00 00 00 0d 0c 0b 0a 02 00 00 00 00 00 00 00\n"
            "ee");
}

TEST(Formats, DataPageHasThisSum) {
  RecordingFile file;
  const pager::PagePool pool(file, pager::hash_uuid(counting_from(0)), 8);
  std::array<std::byte, kPageSize> bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i % 251);
  EXPECT_EQ(pool.data_sum(5, bytes), 0x2f9b7691u);
}

TEST(Formats, MapPageHasTheseBytes) {
  MapPage map{};
  map.header.seq = 3;
  map.header.pid = kFirstMapPage;
  map.header.type = static_cast<std::uint8_t>(PageType::map);
  using enum PageState;
  const PageState states[] = {owned, owned, structure, structure, data,      data,
                              free,  free,  owned,     free,      structure, free};
  for (Pid pid = 0; pid < std::size(states); ++pid) set_state(map, pid, states[pid]);
  pager::SpaceMap::count_free(map, kFirstMapPage, std::size(states));
  RecordingFile file;
  pager::PagePool pool(file, pager::hash_uuid(counting_from(0)), 8);
  std::array<std::byte, kPageSize> bytes;
  std::memcpy(bytes.data(), &map, sizeof map);
  pool.write_base(kFirstMapPage, true, bytes);

  const ByteView page = ByteView(file.bytes).sub(kFirstMapPage * kPageSize);
  EXPECT_EQ(hex(page, 0, 36),
            "14 af 9e 89 33 00 dd cf 03 00 00 00 00 00 00 00\n"
            "02 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00\n"
            "5f 0a 13 00");
  EXPECT_TRUE(is_zero(page, 36, 4064));
  EXPECT_EQ(hex(page, 4064, 8), "04 00 00 00 02 00 00 00");
  EXPECT_TRUE(is_zero(page, 4072, 4096));
}

TEST(Formats, MapPagesBeginTheirGroupsButForTheFirst) {
  EXPECT_EQ(map_page_of(0), 2u);
  EXPECT_EQ(map_page_of(16127), 2u);
  EXPECT_EQ(map_page_of(16128), 16128u);
  EXPECT_EQ(map_page_of(32255), 16128u);
  EXPECT_EQ(map_page_of(UINT32_MAX), 4294967040u);
  EXPECT_TRUE(is_map_page(2));
  EXPECT_TRUE(is_map_page(16128));
  EXPECT_FALSE(is_map_page(0));
  EXPECT_FALSE(is_map_page(16130));
}

TEST(Formats, StatesOfNeighboursDoNotTouch) {
  MapPage map{};
  for (Pid pid = 16128; pid < 16136; ++pid) set_state(map, pid, PageState::owned);
  set_state(map, 16130, PageState::structure);
  set_state(map, 16133, PageState::free);
  set_state(map, 32255, PageState::data);
  EXPECT_EQ(map.states[0], 0b11'01'11'11);
  EXPECT_EQ(map.states[1], 0b11'11'00'11);
  EXPECT_EQ(map.states[4031], 0b10'00'00'00);
  EXPECT_EQ(get_state(map, 16130), PageState::structure);
  EXPECT_EQ(get_state(map, 16131), PageState::owned);
  EXPECT_EQ(get_state(map, 32255), PageState::data);
}

}  // namespace
}  // namespace quire
