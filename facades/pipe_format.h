#pragma once

// What the children of a pipe hold; docs/file-format.md has the tables.
//
//     content      blob   the blocks' bytes, one behind the other; those of removed blocks are holes
//     order        list   an entry for each block, in order: PipeEntry
//     keys         hash   key of a block -> PipeKeyEntry
//     state        blob   PipeState
//     dictionary   blob   only in a pipe that has one
//
// A block's raw bytes are its pairs, each {PipeLength, key, PipeLength, value}, as in the files of
// SmartPipe. They are stored as they are, or as one zstd frame.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/endian.h"
#include "base/field_table.h"

namespace quire::facades {

namespace pipe_child {
inline constexpr std::string_view kContent = "content";
inline constexpr std::string_view kOrder = "order";
inline constexpr std::string_view kKeys = "keys";
inline constexpr std::string_view kState = "state";
inline constexpr std::string_view kDictionary = "dictionary";
}  // namespace pipe_child

/// How a block's bytes are stored.
enum class BlockForm : std::uint8_t {
  raw = 0,
  zstd = 1,
};

/// Of a key or a value.
using PipeLength = Le32;
inline constexpr std::size_t kPairBytes = 2 * sizeof(PipeLength);  // besides key and value
/// No zstd frame unpacks to more for each of its bytes: a block of one to 128 KiB takes 4.
inline constexpr std::uint64_t kMostRawPerByte = 32768;

/// An item of `order`: this, and behind it the block's key.
struct PipeEntry {
  Le64 id;      // ascends along the list: how `keys` finds a block whose place changes
  Le64 offset;  // in `content`
  Le64 stored_bytes;
  Le64 raw_bytes;       // bounds what is unpacked
  Le64 pairs;           // a block that was cut where a pair ends
  std::uint8_t form{};  // BlockForm

  friend bool operator==(const PipeEntry&, const PipeEntry&) = default;
};

inline constexpr std::array kPipeEntryFields{
    QUIRE_FIELD(PipeEntry, id, 0),
    QUIRE_FIELD(PipeEntry, offset, 8),
    QUIRE_FIELD(PipeEntry, stored_bytes, 16),
    QUIRE_FIELD(PipeEntry, raw_bytes, 24),
    QUIRE_FIELD(PipeEntry, pairs, 32),
    QUIRE_FIELD(PipeEntry, form, 40),
};
static_assert(fields_tile(kPipeEntryFields, sizeof(PipeEntry)));

/// A value of `keys`.
struct PipeKeyEntry {
  Le64 id;
};

inline constexpr std::array kPipeKeyEntryFields{QUIRE_FIELD(PipeKeyEntry, id, 0)};
static_assert(fields_tile(kPipeKeyEntryFields, sizeof(PipeKeyEntry)));

/// What `state` holds. A block is being written if the transaction that reads this is the one that
/// will make commit `writing_commit`, and has been rolled back to savepoints as often.
struct PipeState {
  Le64 next_id;         // ids are not used again
  Le64 writing_commit;  // 0: none
  Le64 writing_rollbacks;
};

inline constexpr std::array kPipeStateFields{
    QUIRE_FIELD(PipeState, next_id, 0),
    QUIRE_FIELD(PipeState, writing_commit, 8),
    QUIRE_FIELD(PipeState, writing_rollbacks, 16),
};
static_assert(fields_tile(kPipeStateFields, sizeof(PipeState)));

/// What the catalog keeps as the pipe's options.
struct PipeSettings {
  static constexpr std::uint32_t kVersion = 1;

  Le32 version;            // kVersion: another one is not understood
  Le32 compression_level;  // of zstd, in two's complement
  Le32 dictionary_bytes;   // the child `dictionary` is there unless this is 0

  int level() const noexcept { return static_cast<std::int32_t>(compression_level.get()); }
};

inline constexpr std::array kPipeSettingsFields{
    QUIRE_FIELD(PipeSettings, version, 0),
    QUIRE_FIELD(PipeSettings, compression_level, 4),
    QUIRE_FIELD(PipeSettings, dictionary_bytes, 8),
};
static_assert(fields_tile(kPipeSettingsFields, sizeof(PipeSettings)));

}  // namespace quire::facades
