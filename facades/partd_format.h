#pragma once

// What a partd keeps in its children; "Facades: partd" of docs/file-format.md tells it.

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/endian.h"
#include "base/field_table.h"

namespace quire::facades {

// Children, both hashes.
inline constexpr const char* kPartdData = "data";      // key -> value
inline constexpr const char* kPartdFirsts = "firsts";  // key that iset() has set -> nothing

/// The options of the collection; behind them the element's type.
struct StoredPartdOptions {
  Le32 version;       // kPartdVersion: another one is not understood
  Le32 codec;         // Codec
  Le32 element_size;  // at least 1: what the length of every value is a multiple of
};

inline constexpr std::array kStoredPartdOptionsFields{
    QUIRE_FIELD(StoredPartdOptions, version, 0),
    QUIRE_FIELD(StoredPartdOptions, codec, 4),
    QUIRE_FIELD(StoredPartdOptions, element_size, 8),
};
static_assert(fields_tile(kStoredPartdOptionsFields, sizeof(StoredPartdOptions)));
inline constexpr std::uint32_t kPartdVersion = 1;
inline constexpr std::size_t kMostElementType = 255;

// Without a codec a value is stored as it is: whoever keeps growing values together keeps these
// together. With one it is a row of frames, each this header and its packed bytes; an append adds
// frames, so it need not know whether the key is there.
struct PartdFrame {
  Le32 raw_size;      // bytes once unpacked: 1 to kMostFrameBytes
  Le32 coded_length;  // packed bytes that follow; the Codec in the top 8 bits
};

inline constexpr std::array kPartdFrameFields{
    QUIRE_FIELD(PartdFrame, raw_size, 0),
    QUIRE_FIELD(PartdFrame, coded_length, 4),
};
static_assert(fields_tile(kPartdFrameFields, sizeof(PartdFrame)));
inline constexpr unsigned kFrameCodecShift = 24;
inline constexpr std::uint32_t kFrameLengthMask = (std::uint32_t{1} << kFrameCodecShift) - 1;
/// So that a frame whose header lies costs little memory before that is found.
inline constexpr std::uint32_t kMostFrameBytes = std::uint32_t{1} << 20;
/// Most raw bytes for a packed one, so that what is stored bounds the memory that reading it takes.
/// LZ4 never goes beyond; what zstd would pack more tightly is stored as an LZ4 frame.
inline constexpr std::uint32_t kMostExpansion = 256;

}  // namespace quire::facades
