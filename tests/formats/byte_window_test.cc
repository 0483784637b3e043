#include "formats/byte_window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include <quire/bytes.h>

namespace quire::formats {
namespace {

/// Gives at most `step` bytes at a time.
class StringBytes : public ByteSource {
 public:
  StringBytes(std::string bytes, std::size_t step) : bytes_(std::move(bytes)), step_(step) {}

  std::size_t read(std::span<std::byte> out) override {
    EXPECT_FALSE(out.empty());
    most_asked_ = std::max(most_asked_, out.size());
    const ByteView part = ByteView(bytes_).sub(at_, std::min(step_, out.size()));
    std::copy(part.begin(), part.end(), out.begin());
    at_ += part.size();
    return part.size();
  }
  std::size_t most_asked() const noexcept { return most_asked_; }

 private:
  std::string bytes_;
  std::size_t step_;
  std::size_t at_ = 0;
  std::size_t most_asked_ = 0;
};

std::string text(std::size_t size) {
  std::string bytes;
  for (std::size_t i = 0; bytes.size() < size; ++i) bytes += std::to_string(i);
  return bytes.substr(0, size);
}

TEST(ByteWindowTest, BytesComeInOnePieceHoweverTheSourceGivesThem) {
  const std::string bytes = text(200'000);
  for (const std::size_t step : {1, 1000, 65'536, 1'000'000}) {
    StringBytes source(bytes, step);
    ByteWindow window(source);
    std::string found;
    for (std::size_t count = 1; window.has(count); count = count * 3 % 100'003) {
      found += ByteView(window.front(), count).text();
      window.skip(count);
    }
    EXPECT_TRUE(bytes.starts_with(found)) << step;
    EXPECT_EQ(window.position(), found.size());
    EXPECT_EQ(window.buffered(), bytes.size() - found.size()) << "too few are there all the same";
  }
}

TEST(ByteWindowTest, AskingForMoreThanThereIsTakesNoMoreMemoryThanThat) {
  StringBytes source(text(100'000), 1'000'000);
  ByteWindow window(source);
  EXPECT_FALSE(window.has(std::uint64_t{1} << 60));
  EXPECT_EQ(window.buffered(), 100'000u);
  EXPECT_LE(source.most_asked(), 200'000u);
  EXPECT_TRUE(window.has(100'000));
}

TEST(ByteWindowTest, NothingIsAlwaysThere) {
  StringBytes source("", 1);
  ByteWindow window(source);
  EXPECT_TRUE(window.has(0));
  EXPECT_FALSE(window.has(1));
}

}  // namespace
}  // namespace quire::formats
