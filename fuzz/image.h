#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <quire/bytes.h>

namespace quire::fuzz {

using Bytes = std::vector<std::byte>;

/// The files that a fuzz target begins with.
struct Image {
  static constexpr std::size_t kMostDatabaseBytes = std::size_t{3} << 20;
  static constexpr std::size_t kMostSegmentBytes = std::size_t{256} << 10;
  static constexpr std::uint32_t kMostSegments = 8;

  Bytes database;
  std::map<std::uint32_t, Bytes> segments;  // of the log beside it, by number

  friend bool operator==(const Image& a, const Image& b) noexcept;
};

// An input of a fuzz target is an image whose zeros are left out, one file after the other:
//
//     file   = number (4 bytes; 0: the database, else a segment of the log), bytes (4),
//              count of pieces (4), piece ...
//     piece  = zeros before it (4), literal bytes (4), the literal bytes
//
// All numbers are little-endian. What follows the last piece of a file is zero.

/// What an input says. Any bytes are some image: a number that cannot be is cut to what can be, and
/// an input that ends early ends the image. Never takes more memory than the bounds of Image.
Image decode_image(ByteView input);

/// The input that says it. decode_image() returns the same image if it is within its bounds.
Bytes encode_image(const Image& image);

}  // namespace quire::fuzz
