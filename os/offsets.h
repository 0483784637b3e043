#pragma once

#include <cstdint>
#include <limits>

namespace quire::os {

/// Where every file ends at the latest, as off_t has it.
inline constexpr std::uint64_t kMaxOffset = std::numeric_limits<std::int64_t>::max();

}  // namespace quire::os
