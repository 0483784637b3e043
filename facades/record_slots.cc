#include "facades/record_slots.h"

#include <array>
#include <string>

#include <quire/error.h>

#include "facades/failure.h"
#include "facades/format_bytes.h"

namespace quire::facades {
namespace {

constexpr std::uint64_t kUsed = 1;
constexpr unsigned kVersionShift = 1;
constexpr unsigned kFlagsShift = 16;
constexpr std::uint64_t kVersionMask = 0x7fff;

std::uint64_t offset_of(std::uint64_t slot) {
  return sizeof(FreeSlots) + slot * sizeof(SlotHeader);
}

}  // namespace

std::uint64_t RecordSlotsView::count() const {
  const std::uint64_t size = headers_.size();
  if (size < sizeof(FreeSlots) || size % sizeof(SlotHeader) != 0) {
    fail(whole_,
         CorruptionError("headers", "size", "32 and 8 for each slot", std::to_string(size)));
  }
  return (size - sizeof(FreeSlots)) / sizeof(SlotHeader);
}

std::uint64_t RecordSlotsView::read(std::uint64_t slot) const {
  SlotHeader header;
  const auto bytes = std::as_writable_bytes(std::span(&header, 1));
  // A number that would wrap around leads beyond every blob.
  const bool reachable = slot < kMaxRecordPages * kRecordPage / sizeof(SlotHeader);
  if (!reachable || headers_.read(offset_of(slot), bytes) != sizeof header) {
    fail(whole_, CorruptionError("index", "slot", "below " + std::to_string(count()),
                                 std::to_string(slot)));
  }
  return header.bits;
}

void RecordSlotsView::fail_at(std::uint64_t slot, const char* expected, const char* found) const {
  fail(whole_, CorruptionError("headers", "slot " + std::to_string(slot), expected, found));
}

SlotBits RecordSlotsView::read_used(std::uint64_t slot) const {
  const std::uint64_t bits = read(slot);
  if ((bits & kUsed) == 0) fail_at(slot, "in use, since a key has it", "free");
  return {static_cast<std::uint16_t>(bits >> kVersionShift & kVersionMask), bits >> kFlagsShift};
}

std::uint64_t RecordSlotsView::next_free(std::uint64_t slot) const {
  const std::uint64_t bits = read(slot);
  if ((bits & kUsed) != 0) fail_at(slot, "free, since the list of free slots has it", "in use");
  return bits >> 1;
}

FreeSlots RecordSlotsView::read_free() const {
  FreeSlots free;
  if (headers_.read(0, std::as_writable_bytes(std::span(&free, 1))) != sizeof free) count();
  return free;
}

std::uint64_t RecordSlotsView::slot_of(std::uint64_t number, const char* field) const {
  const std::uint64_t slots = count();
  if (number == 0 || number > slots) {
    fail(whole_, CorruptionError("headers", field, "1 to " + std::to_string(slots),
                                 std::to_string(number)));
  }
  return number - 1;
}

std::uint64_t RecordSlots::take(std::uint64_t seq) {
  if (const auto slot = take_free(seq)) return *slot;
  const std::uint64_t slot = count();
  write_header(slot, kUsed);
  return slot;
}

std::optional<std::uint64_t> RecordSlots::take_free(std::uint64_t seq) {
  FreeSlots free = read_free();
  if (free.first == 0) return std::nullopt;
  if (free.recent_seq == seq && free.recent_first == free.first) return std::nullopt;
  const std::uint64_t slot = slot_of(free.first, "first");
  const std::uint64_t next = next_free(slot);
  if (next != 0) slot_of(next, "next free slot");
  free.first = next;
  if (next == 0) free.last = 0;
  headers_.write(0, format_bytes(free));
  write_header(slot, kUsed);
  return slot;
}

void RecordSlots::release(std::uint64_t slot, std::uint64_t seq) {
  FreeSlots free = read_free();
  if (free.first != 0) {
    const std::uint64_t last = slot_of(free.last, "last");
    if (next_free(last) != 0) fail_at(last, "the last free slot", "another one behind it");
    write_header(last, (slot + 1) << 1);
  } else {
    free.first = slot + 1;
  }
  if (free.recent_first == 0 || free.recent_seq != seq) {
    free.recent_seq = seq;
    free.recent_first = slot + 1;
  }
  free.last = slot + 1;
  headers_.write(0, format_bytes(free));
  write_header(slot, 0);
}

void RecordSlots::write(std::uint64_t slot, const SlotBits& bits) {
  write_header(slot,
               kUsed | std::uint64_t{bits.version} << kVersionShift | bits.flags << kFlagsShift);
}

void RecordSlots::clear() {
  headers_.resize(0);
  headers_.write(0, format_bytes(FreeSlots()));
}

void RecordSlots::write_header(std::uint64_t slot, std::uint64_t bits) {
  headers_.write(offset_of(slot), format_bytes(SlotHeader{bits}));
}

}  // namespace quire::facades
