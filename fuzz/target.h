#pragma once

#include <cstdint>

#include "fuzz/image.h"

namespace quire::fuzz {

/// How far an input has come.
enum class Reached : std::uint8_t {
  refused,  // the database did not open, or there was nothing to salvage
  opened,   // it did, and something in it is damaged
  sound,    // nothing is
};

// What the fuzz targets do with an image. They throw Finding, or whatever the library should not
// have thrown, if a promise is broken. The same image has the same result each time.

/// Opens for reading only and reads everything: nothing on disk changes.
Reached scan(const Image& image);
/// Opens for writing, changes every collection, closes, opens again: what was sound stays sound, and
/// what check() finds sound can be read and changed.
Reached change(const Image& image);
/// Checks, shallow and deep: whatever is damaged is a line of the report, and what check() finds
/// sound can be read.
Reached check(const Image& image);
/// Replays a log: a reader sees what the recovery makes of it, which is made only once.
Reached replay(const Image& image);
/// Salvages: the new database is sound, holds what the report says, and of what the damaged one shows
/// under the same names exactly that; a salvage of it brings over the same.
Reached salvage(const Image& image);

}  // namespace quire::fuzz
