#include "os/unwritten_parts.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace quire::os {
namespace {

using Parts = std::vector<ByteView>;

std::string described(const UnwrittenParts& unwritten, std::size_t vectors_at_once) {
  std::vector<iovec> vectors(vectors_at_once);
  const int count = unwritten.describe(vectors);
  std::string text;
  for (int index = 0; index < count; ++index) {
    const iovec& vector = vectors[static_cast<std::size_t>(index)];
    text.append(static_cast<const char*>(vector.iov_base), vector.iov_len);
  }
  return text;
}

TEST(UnwrittenParts, GoesOnWhereAShortWriteEnded) {
  const Parts parts = {"", "abc", "", "defg", "h", ""};
  const std::string_view whole = "abcdefgh";
  for (std::size_t written = 0; written <= whole.size(); ++written) {
    UnwrittenParts unwritten(parts);
    unwritten.advance(written);
    EXPECT_EQ(described(unwritten, parts.size()), whole.substr(written));
    EXPECT_EQ(unwritten.bytes(), whole.size() - written);
    EXPECT_EQ(unwritten.empty(), written == whole.size());
  }
}

TEST(UnwrittenParts, ArrivesWholeInPiecesOfAnySize) {
  const Parts parts = {"abc", "", "", "defg", "h"};
  for (std::size_t piece = 1; piece <= 8; ++piece) {
    UnwrittenParts unwritten(parts);
    std::string arrived;
    while (!unwritten.empty()) {
      const std::string taken = described(unwritten, 2).substr(0, piece);
      ASSERT_FALSE(taken.empty()) << "nothing is described though something is left";
      arrived += taken;
      unwritten.advance(taken.size());
    }
    EXPECT_EQ(arrived, "abcdefgh");
  }
}

TEST(UnwrittenParts, AreDoneWhenThereAreNoBytes) {
  EXPECT_TRUE(UnwrittenParts(Parts()).empty());
  EXPECT_TRUE(UnwrittenParts(Parts{"", ""}).empty());
  EXPECT_EQ(UnwrittenParts(Parts{"", ""}).bytes(), 0u);
}

}  // namespace
}  // namespace quire::os
