#pragma once

#include <cstdint>
#include <string>

#include <quire/bytes.h>
#include <quire/codec.h>

namespace quire::facades {

/// `raw` as an append adds it to a stored value: as it is for Codec::none, else as frames.
std::string pack_value(Codec codec, ByteView raw);

/// A value as it is stored, not to be trusted, and the key that errors name.
struct StoredValue {
  Codec codec = Codec::none;
  ByteView key;
  ByteView bytes;
};

/// Bytes of the value once it is unpacked; unpacks nothing. CorruptionError, with no collection yet,
/// if a frame's header is wrong.
std::uint64_t unpacked_size(const StoredValue& value);
/// Adds the value to the end of `out`. CorruptionError as above, or if a frame does not unpack; never
/// allocates more than kMostExpansion times the stored bytes.
void unpack_value(const StoredValue& value, std::string& out);
/// Unpacks one frame after the other and keeps none.
void verify_value(const StoredValue& value);

/// How errors name the value of a key.
std::string value_of(ByteView key);

}  // namespace quire::facades
