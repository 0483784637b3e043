#include "base/endian.h"

#include <gtest/gtest.h>

#include "base/checksum.h"

namespace quire {
namespace {

TEST(Little, LiesLowestByteFirst) {
  struct {
    Le16 a = 0x0102;
    Le32 b = 0x03040506u;
    Le64 c = 0x0708090a0b0c0d0eull;
  } packed;
  static_assert(sizeof(packed) == 14);
  const ByteView bytes(reinterpret_cast<const std::byte*>(&packed), sizeof packed);
  EXPECT_EQ(bytes.str(), "\x02\x01\x06\x05\x04\x03\x0e\x0d\x0c\x0b\x0a\x09\x08\x07");
}

TEST(Checksum, IsXxh3WithASeed) {
  // From another implementation, python3-xxhash: xxh3_64_intdigest(b"quire", seed=5).
  EXPECT_EQ(checksum64("", 0), 0x2d06800538d394c2ull);
  EXPECT_EQ(checksum64("quire", 5), 0xc0fc2f9b0986db57ull);
}

TEST(Checksum, DiffersByPage) {
  EXPECT_NE(checksum64("same", page_seed(77, 4)), checksum64("same", page_seed(77, 5)));
}

}  // namespace
}  // namespace quire
