#pragma once

#include <cstddef>
#include <string>

#include "base/ids.h"

namespace quire::testing {

/// Content of a blob that fills so many pages, of which no two are the same.
inline std::string stamped_pages(std::size_t count, char stamp) {
  std::string bytes(count * kPageSize, stamp);
  for (std::size_t page = 0; page < count; ++page) {
    bytes.replace(page * kPageSize, 10, std::to_string(1'000'000'000 + page));
  }
  return bytes;
}

}  // namespace quire::testing
