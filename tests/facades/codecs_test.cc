#include "facades/codecs.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>
#include <string>

#include <quire/error.h>

namespace quire::facades {
namespace {

constexpr Codec kAll[] = {Codec::none, Codec::zstd, Codec::lz4, Codec::snappy};

std::string noise(std::size_t size) {
  std::mt19937_64 random(7);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(CodecsTest, EachUnpacksWhatItHasPacked) {
  for (const Codec codec : kAll) {
    for (const std::string& raw :
         {std::string(), std::string("a"), std::string(100'000, 'x'), noise(100'000)}) {
      EXPECT_EQ(decompress(codec, compress(codec, raw), raw.size()), raw) << *codec_name(codec);
    }
  }
}

TEST(CodecsTest, AllButNoneMakeRepeatsShort) {
  for (const Codec codec : {Codec::zstd, Codec::lz4, Codec::snappy}) {
    EXPECT_LT(compress(codec, std::string(100'000, 'x')).size(), 10'000) << *codec_name(codec);
  }
}

TEST(CodecsTest, AnotherSizeThanTheTrueOneIsDamage) {
  const std::string raw(1000, 'x');
  for (const Codec codec : kAll) {
    const std::string packed = compress(codec, raw);
    for (const std::size_t size : {0, 1, 999, 1001, 100'000}) {
      EXPECT_EQ(decompress(codec, packed, size), std::nullopt) << *codec_name(codec) << size;
    }
  }
}

TEST(CodecsTest, CutShortIsDamage) {
  const std::string raw = noise(500) + std::string(500, 'x');
  for (const Codec codec : kAll) {
    const std::string packed = compress(codec, raw);
    for (std::size_t size = 0; size < packed.size(); ++size) {
      EXPECT_EQ(decompress(codec, ByteView(packed).text().substr(0, size), raw.size()),
                std::nullopt)
          << *codec_name(codec) << size;
    }
  }
}

TEST(CodecsTest, CheckedFramesSayTheirSizeAndNoticeEachChangedByte) {
  const std::string raw = noise(500) + std::string(500, 'x');
  const std::string packed = compress_checked(raw, 3);
  EXPECT_EQ(ZSTD_getFrameContentSize(packed.data(), packed.size()), raw.size());
  EXPECT_EQ(decompress(Codec::zstd, packed, raw.size()), raw);
  for (std::size_t at = 0; at < packed.size(); ++at) {
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    EXPECT_EQ(decompress(Codec::zstd, damaged, raw.size()), std::nullopt) << at;
  }
  EXPECT_EQ(compress(Codec::zstd, raw).size() + 4, packed.size()) << "no parameter stays behind";
}

TEST(CodecsTest, NumberOfNoCodecIsRefused) {
  const Codec none = static_cast<Codec>(9);
  EXPECT_EQ(codec_name(none), std::nullopt);
  EXPECT_THROW(compress(none, "x"), InvalidArgument);
  EXPECT_EQ(decompress(none, "x", 1), std::nullopt);
}

}  // namespace
}  // namespace quire::facades
