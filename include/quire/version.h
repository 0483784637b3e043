#pragma once

#include <quire/export.h>

namespace quire {

/// The version of the library that is linked, as "0.1.0".
QUIRE_API const char* version() noexcept;

/// The file format that this library writes, and the newest that it reads.
inline constexpr unsigned kFormatMajor = 1;
inline constexpr unsigned kFormatMinor = 0;

}  // namespace quire
