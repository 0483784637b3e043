#pragma once

#include <cstdint>
#include <optional>

#include <quire/blob.h>
#include <quire/collection.h>

#include "facades/record_format.h"

namespace quire::facades {

/// What the header of a slot in use holds.
struct SlotBits {
  std::uint16_t version = 0;
  std::uint64_t flags = 0;
};

/// The child "headers" of a "records" collection: which slots are in use, and which are free.
/// Errors name `whole`, the collection. Every number is checked before it is used. Threads as for
/// a BlobView.
class RecordSlotsView {
 public:
  RecordSlotsView(const ReadScope& whole, const BlobView& headers)
      : whole_(whole), headers_(headers) {}

  /// Slots, free ones included.
  std::uint64_t count() const;
  /// CorruptionError unless the slot, that of a key, is in use.
  SlotBits read_used(std::uint64_t slot) const;
  /// Whether a slot below count() is in use.
  bool is_used(std::uint64_t slot) const { return (read(slot) & 1) != 0; }
  /// The free slot behind a free slot below count(), counted from 1 like all that follows; 0 if it
  /// is the last one.
  std::uint64_t next_free(std::uint64_t slot) const;
  FreeSlots read_free() const;

 protected:
  std::uint64_t read(std::uint64_t slot) const;
  [[noreturn]] void fail_at(std::uint64_t slot, const char* expected, const char* found) const;
  /// A slot of the list, as its number; CorruptionError if there is no such slot.
  std::uint64_t slot_of(std::uint64_t number, const char* field) const;

 private:
  ReadScope whole_;
  BlobView headers_;
};

/// The same with changes. `seq` is the commit that the transaction reads: each transaction has
/// another one, or changes nothing that lasts.
class RecordSlots : public RecordSlotsView {
 public:
  RecordSlots(const ReadScope& whole, const Blob& headers)
      : RecordSlotsView(whole, headers), headers_(headers) {}

  /// Takes a free slot, but none that became free in this transaction, or makes one. Its version
  /// and flags are 0.
  std::uint64_t take(std::uint64_t seq);
  /// Gives back a slot in use.
  void release(std::uint64_t slot, std::uint64_t seq);
  /// Of a slot in use.
  void write(std::uint64_t slot, const SlotBits& bits);
  /// Forgets all slots.
  void clear();

 private:
  std::optional<std::uint64_t> take_free(std::uint64_t seq);
  void write_header(std::uint64_t slot, std::uint64_t bits);

  Blob headers_;
};

}  // namespace quire::facades
