#include "base/hex.h"

#include <gtest/gtest.h>

#include <array>

namespace quire {
namespace {

TEST(Hex, WritesTwoDigitsAByte) {
  EXPECT_EQ(to_hex(std::array<unsigned char, 3>{0x00, 0xa5, 0xff}), "00a5ff");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, KnowsItsOwnFormAndNoOther) {
  EXPECT_TRUE(is_hex("00a5ff", 3));
  EXPECT_FALSE(is_hex("00a5f", 3));
  EXPECT_FALSE(is_hex("00a5ff0", 3));
  EXPECT_FALSE(is_hex("00A5FF", 3));
  EXPECT_FALSE(is_hex("00a5fg", 3));
  EXPECT_TRUE(is_hex("", 0));
}

}  // namespace
}  // namespace quire
