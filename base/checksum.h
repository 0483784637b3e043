#pragma once

#include <cstdint>

#include <quire/bytes.h>

#include "base/ids.h"

namespace quire {

/// XXH3-64 (https://xxhash.com, stable since 0.8.0) of `bytes`. Not cryptographic: it finds
/// accidents, not attackers. About 19 GB/s.
std::uint64_t checksum64(ByteView bytes, std::uint64_t seed) noexcept;

/// The seed of the sum of page `pid` in a database whose uuid hashes to `uuid_hash`: a page that
/// was written to the wrong place, or into the wrong file, fails its checksum.
constexpr std::uint64_t page_seed(std::uint64_t uuid_hash, Pid pid) noexcept {
  return uuid_hash ^ pid;
}

}  // namespace quire
