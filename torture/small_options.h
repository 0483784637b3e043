#pragma once

#include <cstddef>

#include <quire/options.h>

namespace quire::torture {

/// Small segments and a small cache, so that rare paths are common.
inline Options small_options() {
  Options options;
  options.cache_size = std::size_t{1} << 20;
  options.wal_segment_size = std::size_t{64} << 10;
  return options;
}

}  // namespace quire::torture
