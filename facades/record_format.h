#pragma once

// What "records", "record_array" and "ring" keep in their options and children. The records
// themselves lie in the child "data", a blob of whole pages: as many in each page as fit, from its
// beginning, none across two.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"

namespace quire::facades {

inline constexpr std::uint16_t kRecordFormatVersion = 1;
inline constexpr std::uint64_t kRecordPage = 4096;
/// The pages of the longest blob.
inline constexpr std::uint64_t kMaxRecordPages = std::uint64_t{504} * 508 * 508 * 508;
inline constexpr std::size_t kMaxTagBytes = 255;

/// The beginning of the options of all three; the tag follows, then the fields.
struct RecordOptionsHeader {
  Le16 version;      // kRecordFormatVersion: options that a later version has written
  Le16 size;         // of a record, 1 to 4096: another type than the one that reads it
  Le16 alignment;    // of its type, a power of two up to 4096: the same
  Le16 stride;       // `size` rounded up to `alignment`: the same
  Le16 tag_size;     // at most kMaxTagBytes
  Le16 field_count;  // 0: the type did not describe itself
  Le64 capacity;     // of a ring, 1 or more; else zero
};

inline constexpr std::array kRecordOptionsHeaderFields{
    QUIRE_FIELD(RecordOptionsHeader, version, 0),
    QUIRE_FIELD(RecordOptionsHeader, size, 2),
    QUIRE_FIELD(RecordOptionsHeader, alignment, 4),
    QUIRE_FIELD(RecordOptionsHeader, stride, 6),
    QUIRE_FIELD(RecordOptionsHeader, tag_size, 8),
    QUIRE_FIELD(RecordOptionsHeader, field_count, 10),
    QUIRE_FIELD(RecordOptionsHeader, capacity, 12),
};
static_assert(fields_tile(kRecordOptionsHeaderFields, sizeof(RecordOptionsHeader)));

/// A field of the records; its name follows.
struct RecordFieldHeader {
  Le16 offset;        // in the record: a member that has moved
  Le16 size;          // of all its elements: one that has grown
  Le16 element_size;  // of one number
  std::uint8_t kind;  // RecordFieldKind: one of another type
  std::uint8_t name_size;
};

inline constexpr std::array kRecordFieldHeaderFields{
    QUIRE_FIELD(RecordFieldHeader, offset, 0),       QUIRE_FIELD(RecordFieldHeader, size, 2),
    QUIRE_FIELD(RecordFieldHeader, element_size, 4), QUIRE_FIELD(RecordFieldHeader, kind, 6),
    QUIRE_FIELD(RecordFieldHeader, name_size, 7),
};
static_assert(fields_tile(kRecordFieldHeaderFields, sizeof(RecordFieldHeader)));

// ---- "records": hash "index" from key to RecordIndexEntry, blob "headers", blob "data"

struct RecordIndexEntry {
  Le64 slot;  // of `data`, and of `headers`
};

inline constexpr std::array kRecordIndexEntryFields{QUIRE_FIELD(RecordIndexEntry, slot, 0)};
static_assert(fields_tile(kRecordIndexEntryFields, sizeof(RecordIndexEntry)));

/// The beginning of `headers`, behind which lies a SlotHeader for each slot. The free slots are a
/// queue, linked by their headers. Numbers of slots count from 1 here; 0 is none.
struct FreeSlots {
  Le64 first;         // to be used next
  Le64 last;          // where a slot that becomes free is added
  Le64 recent_first;  // the first that became free in the transaction that saw commit recent_seq:
  Le64 recent_seq;    // it and those behind it must wait while that transaction is open
};

inline constexpr std::array kFreeSlotsFields{
    QUIRE_FIELD(FreeSlots, first, 0),
    QUIRE_FIELD(FreeSlots, last, 8),
    QUIRE_FIELD(FreeSlots, recent_first, 16),
    QUIRE_FIELD(FreeSlots, recent_seq, 24),
};
static_assert(fields_tile(kFreeSlotsFields, sizeof(FreeSlots)));

/// Bit 0: in use. Then bits 1 to 15 are the record's version and 16 to 63 its flags; else bits 1 to
/// 63 are the next free slot, counted from 1.
struct SlotHeader {
  Le64 bits;
};

inline constexpr std::array kSlotHeaderFields{QUIRE_FIELD(SlotHeader, bits, 0)};
static_assert(fields_tile(kSlotHeaderFields, sizeof(SlotHeader)));

// ---- "record_array": hash "index" from key to RecordArrayEntry, blob "data"

struct RecordArrayEntry {
  Le64 first_page;  // of `data`, 0 if it has none: an array that lies across another
  Le64 count;       // of records
};

inline constexpr std::array kRecordArrayEntryFields{
    QUIRE_FIELD(RecordArrayEntry, first_page, 0),
    QUIRE_FIELD(RecordArrayEntry, count, 8),
};
static_assert(fields_tile(kRecordArrayEntryFields, sizeof(RecordArrayEntry)));

// ---- "ring": blob "state", which is a RingState, and blob "data"

struct RingState {
  Le64 head;  // place of the first record, below the capacity
  Le64 size;  // records, at most the capacity
};

inline constexpr std::array kRingStateFields{
    QUIRE_FIELD(RingState, head, 0),
    QUIRE_FIELD(RingState, size, 8),
};
static_assert(fields_tile(kRingStateFields, sizeof(RingState)));

}  // namespace quire::facades
