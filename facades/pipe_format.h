#pragma once

// What the children of a pipe hold. Numbers are little-endian; docs/file-format.md has the tables.
//
//     content      blob   the blocks' bytes, one behind the other; those of removed blocks are holes
//     order        list   an entry for each block, in order: PipeEntry
//     keys         hash   key of a block -> its id, 8 bytes
//     state        blob   PipeState
//     dictionary   blob   only in a pipe that has one
//
// A block's raw bytes are its pairs, each {u32 key bytes, key, u32 value bytes, value}, as in the
// files of SmartPipe. They are stored as they are, or as one zstd frame.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <quire/bytes.h>

namespace quire::facades {

/// A number as it lies on disk, and the bytes behind it.
template <class T>
T load_number(const std::byte* bytes) noexcept {
  T number = 0;
  for (std::size_t i = sizeof(T); i-- > 0;) number = number << 8 | std::to_integer<T>(bytes[i]);
  return number;
}

template <class T>
void store_number(T number, std::byte* out) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out[i] = static_cast<std::byte>(std::uint64_t{number} >> 8 * i);
  }
}

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

inline constexpr std::size_t kPairBytes = 8;  // of a pair besides key and value
/// No zstd frame unpacks to more for each of its bytes: a block of one to 128 KiB takes 4.
inline constexpr std::uint64_t kMostRawPerByte = 32768;

/// An item of `order`: this, and behind it the block's key.
struct PipeEntry {
  static constexpr std::size_t kBytes = 41;

  std::uint64_t id = 0;      // ascends along the list: how `keys` finds a block whose place changes
  std::uint64_t offset = 0;  // in `content`
  std::uint64_t stored_bytes = 0;
  std::uint64_t raw_bytes = 0;  // bounds what is unpacked
  std::uint64_t pairs = 0;      // a block that was cut where a pair ends
  std::uint8_t form = 0;        // BlockForm

  friend bool operator==(const PipeEntry&, const PipeEntry&) = default;

  std::string encode(ByteView key) const {
    std::array<std::byte, kBytes> bytes;
    store_number(id, &bytes[0]);
    store_number(offset, &bytes[8]);
    store_number(stored_bytes, &bytes[16]);
    store_number(raw_bytes, &bytes[24]);
    store_number(pairs, &bytes[32]);
    store_number(form, &bytes[40]);
    return ByteView(bytes).str() + key.str();
  }
  /// Nothing if the item is too short.
  static std::optional<PipeEntry> decode(ByteView item) noexcept {
    if (item.size() < kBytes) return std::nullopt;
    const std::byte* const bytes = item.data();
    return PipeEntry{load_number<std::uint64_t>(bytes),      load_number<std::uint64_t>(bytes + 8),
                     load_number<std::uint64_t>(bytes + 16), load_number<std::uint64_t>(bytes + 24),
                     load_number<std::uint64_t>(bytes + 32), load_number<std::uint8_t>(bytes + 40)};
  }
};

/// What `state` holds. A block is being written if the transaction that reads this is the one that
/// will make commit `writing_commit`, and has been rolled back to savepoints as often.
struct PipeState {
  static constexpr std::size_t kBytes = 24;

  std::uint64_t next_id = 0;         // ids are not used again
  std::uint64_t writing_commit = 0;  // 0: none
  std::uint64_t writing_rollbacks = 0;

  std::array<std::byte, kBytes> encode() const noexcept {
    std::array<std::byte, kBytes> bytes;
    store_number(next_id, &bytes[0]);
    store_number(writing_commit, &bytes[8]);
    store_number(writing_rollbacks, &bytes[16]);
    return bytes;
  }
  static PipeState decode(const std::array<std::byte, kBytes>& bytes) noexcept {
    return {load_number<std::uint64_t>(&bytes[0]), load_number<std::uint64_t>(&bytes[8]),
            load_number<std::uint64_t>(&bytes[16])};
  }
};

/// What the catalog keeps as the pipe's options.
struct PipeSettings {
  static constexpr std::size_t kBytes = 12;
  static constexpr std::uint32_t kVersion = 1;

  std::uint32_t version = kVersion;
  std::int32_t compression_level = 0;
  std::uint32_t dictionary_bytes = 0;  // the child `dictionary` is there unless this is 0

  std::array<std::byte, kBytes> encode() const noexcept {
    std::array<std::byte, kBytes> bytes;
    store_number(version, &bytes[0]);
    store_number(static_cast<std::uint32_t>(compression_level), &bytes[4]);
    store_number(dictionary_bytes, &bytes[8]);
    return bytes;
  }
  /// Nothing if they are of another length.
  static std::optional<PipeSettings> decode(ByteView options) noexcept {
    if (options.size() != kBytes) return std::nullopt;
    const std::byte* const bytes = options.data();
    return PipeSettings{load_number<std::uint32_t>(bytes),
                        static_cast<std::int32_t>(load_number<std::uint32_t>(bytes + 4)),
                        load_number<std::uint32_t>(bytes + 8)};
  }
};

}  // namespace quire::facades
