#include "base/varint.h"

#include <gtest/gtest.h>

namespace quire {
namespace {

TEST(Varint, RoundTripsAtEveryLength) {
  for (int bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t value : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1}) {
      const Varint coded = encode_varint(value);
      EXPECT_EQ(coded.size, varint_size(value));
      const auto decoded = decode_varint(coded.view());
      ASSERT_TRUE(decoded);
      EXPECT_EQ(decoded->value, value);
      EXPECT_EQ(decoded->size, coded.size);
      EXPECT_FALSE(decode_varint(coded.view().sub(0, coded.size - 1))) << "cut short";
    }
  }
}

TEST(Varint, RefusesLongerForms) {
  EXPECT_FALSE(decode_varint(std::string("\x80\x00", 2))) << "0 in two bytes";
  EXPECT_FALSE(decode_varint(std::string("\xff\x80\x00", 3)));
}

TEST(Varint, RefusesMoreThan64Bits) {
  EXPECT_FALSE(decode_varint(std::string(9, '\xff') + "\x02"));
  EXPECT_FALSE(decode_varint(std::string(20, '\xff')));
  EXPECT_TRUE(decode_varint(std::string(9, '\xff') + "\x01"));
}

}  // namespace
}  // namespace quire
