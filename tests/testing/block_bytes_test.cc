#include "testing/block_bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace quire::simulation {
namespace {

std::string text_of(const BlockBytes& bytes) {
  std::string text(bytes.size(), '?');
  bytes.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(BlockBytesTest, ReadsWhatWasWrittenAcrossBlocks) {
  BlockBytes bytes;
  const std::string text(10000, 'x');
  bytes.write(4000, text);
  EXPECT_EQ(text_of(bytes), std::string(4000, '\0') + text);
}

TEST(BlockBytesTest, CopyStaysAsItWas) {
  BlockBytes bytes;
  bytes.write(0, "before");
  const BlockBytes copy = bytes;
  bytes.write(0, "after!");
  EXPECT_EQ(text_of(copy), "before");
  EXPECT_EQ(text_of(bytes), "after!");
}

TEST(BlockBytesTest, BytesCutOffReadAsZerosAfterRegrowth) {
  BlockBytes bytes;
  bytes.write(0, "secret");
  bytes.resize(2);
  bytes.resize(6);
  EXPECT_EQ(text_of(bytes), std::string("se\0\0\0\0", 6));
}

TEST(BlockBytesTest, HashDependsOnContentAndPlaceOnly) {
  BlockBytes a;
  a.write(0, "x");
  a.resize(9000);
  BlockBytes b;
  b.resize(9000);
  EXPECT_NE(a.hash(), b.hash());
  b.write(4096, "y");
  b.write(4096, std::string(1, '\0'));
  b.write(0, "x");
  EXPECT_EQ(a.hash(), b.hash());
  BlockBytes elsewhere;
  elsewhere.resize(9000);
  elsewhere.write(4096, "x");
  EXPECT_NE(a.hash(), elsewhere.hash());
}

}  // namespace
}  // namespace quire::simulation
