// The bytes of docs/file-format.md, "Facades: pipe".

#include "facades/pipe_format.h"

#include <gtest/gtest.h>

#include <string>

namespace quire::facades {
namespace {

/// `size` bytes from `first` on: first, first + 1 ..
std::string rising(int first, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(first + i);
  return bytes;
}

TEST(PipeFormatTest, FieldsOfAnEntryLieWhereThePageSays) {
  const PipeEntry entry{0x0807060504030201, 0x100f0e0d0c0b0a09, 0x1817161514131211,
                        0x201f1e1d1c1b1a19, 0x2827262524232221, 0x29};
  const std::string bytes = entry.encode("key");
  EXPECT_EQ(bytes, rising(1, 41) + "key");
  EXPECT_EQ(PipeEntry::decode(bytes), entry);
  EXPECT_EQ(PipeEntry::decode(ByteView(bytes).sub(0, 40)), std::nullopt);
}

TEST(PipeFormatTest, FieldsOfTheStateLieWhereThePageSays) {
  const PipeState state{0x0807060504030201, 0x100f0e0d0c0b0a09, 0x1817161514131211};
  EXPECT_EQ(ByteView(state.encode()).text(), rising(1, 24));
  EXPECT_EQ(PipeState::decode(state.encode()).encode(), state.encode());
}

TEST(PipeFormatTest, FieldsOfTheOptionsLieWhereThePageSays) {
  const PipeSettings settings{0x04030201, 0x08070605, 0x0c0b0a09};
  EXPECT_EQ(ByteView(settings.encode()).text(), rising(1, 12));
  EXPECT_EQ(PipeSettings::decode(settings.encode())->encode(), settings.encode());
  const PipeSettings negative{1, -7, 0};
  EXPECT_EQ(PipeSettings::decode(negative.encode())->compression_level, -7);
  EXPECT_EQ(PipeSettings::decode(rising(0, 11)), std::nullopt);
}

}  // namespace
}  // namespace quire::facades
