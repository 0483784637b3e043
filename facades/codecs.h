#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <quire/bytes.h>
#include <quire/codec.h>

namespace quire::facades {

/// "none", "zstd", "lz4" or "snappy"; nothing for a number that is no codec.
std::optional<std::string_view> codec_name(Codec codec) noexcept;

/// The level that is meant by 0 of compress().
inline constexpr int kDefaultLevel = 3;

/// `raw` packed as one piece: a zstd frame, an LZ4 block, raw Snappy, or a copy for Codec::none.
/// `level` is zstd's, -131072 to 22, and ignored by the others. InvalidArgument if a codec cannot
/// take so much at once (2 GiB for lz4, 4 GiB for snappy). Any thread.
std::string compress(Codec codec, ByteView raw, int level = kDefaultLevel);

/// The same with Codec::zstd, as a frame that says its size and ends with a checksum of its content: for
/// frames that may leave the database as they are. `level` is 1 to 22.
std::string compress_checked(ByteView raw, int level);

/// The bytes that compress() was given, of which the caller knows the number: nothing is allocated
/// beyond it, whatever `packed` says. Nothing if `packed` is damaged or unpacks to another size.
/// Any thread.
std::optional<std::string> decompress(Codec codec, ByteView packed, std::size_t raw_size);

}  // namespace quire::facades
