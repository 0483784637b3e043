#pragma once

#include <cstdint>

namespace quire {

/// How a facade packs bytes before it stores them. The numbers are part of the file format.
enum class Codec : std::uint8_t {
  none = 0,
  zstd = 1,    // RFC 8878: small, and quick to unpack
  lz4 = 2,     // LZ4 blocks: quicker, larger
  snappy = 3,  // raw Snappy: much as lz4
};

}  // namespace quire
