#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

/// What a partd keeps in its children; "Facades: partd" of docs/file-format.md tells it.

namespace quire::facades {

static_assert(std::endian::native == std::endian::little,
              "these structures are copied as they are; a big-endian machine needs a byte swap");

// Children, both hashes.
inline constexpr const char* kPartdData = "data";      // key -> value
inline constexpr const char* kPartdFirsts = "firsts";  // key that iset() has set -> nothing

/// The options of the collection; behind them the element's type.
struct StoredPartdOptions {
  std::uint32_t version;  // kPartdVersion: another one is not understood
  std::uint32_t codec;
  std::uint32_t element_size;  // at least 1
};
static_assert(sizeof(StoredPartdOptions) == 12);
static_assert(offsetof(StoredPartdOptions, codec) == 4 &&
              offsetof(StoredPartdOptions, element_size) == 8);
inline constexpr std::uint32_t kPartdVersion = 1;
inline constexpr std::size_t kMostElementType = 255;

// Without a codec a value is stored as it is: whoever keeps growing values together keeps these
// together. With one it is a row of frames, each this header and its packed bytes; an append adds
// frames, so it need not know whether the key is there.
struct PartdFrame {
  std::uint32_t raw_size;      // bytes once unpacked: 1 to kMostFrameBytes
  std::uint32_t coded_length;  // packed bytes that follow; the Codec in the top 8 bits
};
static_assert(sizeof(PartdFrame) == 8 && offsetof(PartdFrame, coded_length) == 4);
inline constexpr unsigned kFrameCodecShift = 24;
inline constexpr std::uint32_t kFrameLengthMask = (std::uint32_t{1} << kFrameCodecShift) - 1;
/// So that a frame whose header lies costs little memory before that is found.
inline constexpr std::uint32_t kMostFrameBytes = std::uint32_t{1} << 20;
/// Most raw bytes for a packed one, so that what is stored bounds the memory that reading it takes.
/// LZ4 never goes beyond; what zstd would pack more tightly is stored as an LZ4 frame.
inline constexpr std::uint32_t kMostExpansion = 256;

}  // namespace quire::facades
