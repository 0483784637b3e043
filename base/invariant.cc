#include "base/invariant.h"

#include <cstdio>
#include <cstdlib>

namespace quire {

void invariant_failed(std::string_view why, const char* file, int line) noexcept {
  std::fprintf(stderr, "quire: broken invariant at %s:%d: %.*s\n", file, line,
               static_cast<int>(why.size()), why.data());
  std::abort();
}

}  // namespace quire
