#pragma once

// The two header slots, pages 0 and 1: what the file is and where recovery begins. Each slot says
// the same but for its number, and either alone opens the file; a slot is overwritten only while
// the other is durable (rule F3).

#include <array>
#include <cstdint>
#include <string_view>

#include "base/endian.h"
#include "base/field_table.h"
#include "base/ids.h"

namespace quire {

inline constexpr std::string_view kHeaderMagic{"QUIREDB\x1a", 8};
inline constexpr std::uint16_t kHeaderMajor = 1;
inline constexpr std::uint16_t kHeaderMinor = 0;
inline constexpr std::uint64_t kSoftwareVersion = 0x0001'0000;  // 0.1.0, 16 bits a part
inline constexpr std::uint32_t kHeaderFlagClean =
    1;  // the base is complete at T and there is no log to replay

struct HeaderSlot {
  std::array<char, 8> magic;  // not a Quire file; transfer that mangles line ends
  Le64 sum;    // XXH3-64 of bytes 16..4095, seeded by the magic: a torn or rotten slot
  Le16 major;  // a reader refuses a greater one
  Le16 minor;  // a reader accepts any
  Le32 page_size;
  Le64 compat;     // features that a reader may ignore
  Le64 ro_compat;  // features that a reader may ignore as long as it does not write
  Le64 incompat;   // features without which the file is not understood
  Uuid uuid;
  Le64 header_generation;  // orders the slots: a stale one is not taken for the newest
  Le32 slot_number;        // a slot that was written to the other's place
  Le32 flags;
  Uuid log_id;            // segments of another log are foreign
  Le64 checkpoint_seq;    // T: the base is complete up to this commit
  Le64 first_generation;  // of the live log
  Le64 first_segment;     // a missing one is an error
  Le32 page_count;
  Le32 catalog_root;
  Le32 group_size;  // pages for each page of the space map
  Le32 reserved;
  Le64 software_version;
  std::array<std::byte, 3888> zero;
  std::array<std::byte, 64> mac;  // zero; room for a keyed MAC and the key's id
};

inline constexpr std::array kHeaderSlotFields{
    QUIRE_FIELD(HeaderSlot, magic, 0),
    QUIRE_FIELD(HeaderSlot, sum, 8),
    QUIRE_FIELD(HeaderSlot, major, 16),
    QUIRE_FIELD(HeaderSlot, minor, 18),
    QUIRE_FIELD(HeaderSlot, page_size, 20),
    QUIRE_FIELD(HeaderSlot, compat, 24),
    QUIRE_FIELD(HeaderSlot, ro_compat, 32),
    QUIRE_FIELD(HeaderSlot, incompat, 40),
    QUIRE_FIELD(HeaderSlot, uuid, 48),
    QUIRE_FIELD(HeaderSlot, header_generation, 64),
    QUIRE_FIELD(HeaderSlot, slot_number, 72),
    QUIRE_FIELD(HeaderSlot, flags, 76),
    QUIRE_FIELD(HeaderSlot, log_id, 80),
    QUIRE_FIELD(HeaderSlot, checkpoint_seq, 96),
    QUIRE_FIELD(HeaderSlot, first_generation, 104),
    QUIRE_FIELD(HeaderSlot, first_segment, 112),
    QUIRE_FIELD(HeaderSlot, page_count, 120),
    QUIRE_FIELD(HeaderSlot, catalog_root, 124),
    QUIRE_FIELD(HeaderSlot, group_size, 128),
    QUIRE_FIELD(HeaderSlot, reserved, 132),
    QUIRE_FIELD(HeaderSlot, software_version, 136),
    QUIRE_FIELD(HeaderSlot, zero, 144),
    QUIRE_FIELD(HeaderSlot, mac, 4032),
};
static_assert(sizeof(HeaderSlot) == kPageSize);
static_assert(fields_tile(kHeaderSlotFields, kPageSize));

}  // namespace quire
