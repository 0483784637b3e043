#include "base/zeros.h"

#include <gtest/gtest.h>

#include <string>

namespace quire {
namespace {

TEST(AllZero, IsTrueOfNothing) { EXPECT_TRUE(all_zero(ByteView())); }

TEST(AllZero, SeesASingleBitWhereverItIs) {
  for (std::size_t size = 1; size <= 70; ++size) {
    std::string bytes(size, '\0');
    EXPECT_TRUE(all_zero(bytes)) << size;
    for (std::size_t at = 0; at < size; ++at) {
      bytes[at] = 1;
      EXPECT_FALSE(all_zero(bytes)) << at << " of " << size;
      bytes[at] = 0;
    }
    bytes.assign(size, 'a');
    EXPECT_FALSE(all_zero(bytes)) << size;
  }
}

}  // namespace
}  // namespace quire
