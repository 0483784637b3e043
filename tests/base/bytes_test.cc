#include <quire/bytes.h>
#include <quire/value.h>

#include <gtest/gtest.h>

#include <array>
#include <unordered_set>

namespace quire {
namespace {

static_assert(!std::is_constructible_v<ByteView, std::nullptr_t>);
static_assert(!std::is_convertible_v<ByteView, std::string_view>);
static_assert(std::is_convertible_v<std::string, ByteView>);
static_assert(std::is_convertible_v<std::vector<std::byte>, ByteView>);
static_assert(std::is_convertible_v<std::span<const unsigned char>, ByteView>);
static_assert(!std::is_convertible_v<std::vector<int>, ByteView>);

TEST(ByteView, IsMadeFromStringsUpToTheirEnd) {
  EXPECT_EQ(ByteView("abc").size(), 3u);
  EXPECT_EQ(ByteView(std::string("a\0b", 3)).size(), 3u);
  EXPECT_EQ(ByteView(std::string_view("abc")).text(), "abc");
  const char array[] = {'a', 'b', '\0', 'c'};
  EXPECT_EQ(ByteView(array).size(), 2u) << "an array of char ends at its NUL, as a literal does";
}

TEST(ByteView, ComparesAsUnsignedNumbers) {
  EXPECT_LT(ByteView("\x01"), ByteView("\xff"));
  EXPECT_LT(ByteView("ab"), ByteView("abc"));
  EXPECT_EQ(ByteView(""), ByteView());
}

TEST(ByteView, CutsASubViewToWhatIsThere) {
  const ByteView bytes("hello");
  EXPECT_EQ(bytes.sub(1, 3).text(), "ell");
  EXPECT_EQ(bytes.sub(3).text(), "lo");
  EXPECT_EQ(bytes.sub(4, 100).text(), "o");
  EXPECT_TRUE(bytes.sub(6).empty());
}

TEST(ByteView, IsHashedByContent) {
  std::unordered_set<ByteView> set{ByteView("a"), ByteView("b")};
  EXPECT_TRUE(set.contains(std::string("a")));
}

TEST(Value, OwnsShortAndLongCopies) {
  for (const std::size_t size : {0u, 1u, 48u, 49u, 5000u}) {
    std::string text(size, 'x');
    const Value value = Value::copy(text);
    text.assign(size, 'y');
    EXPECT_EQ(value.text(), std::string(size, 'x'));
    const Value again = value;
    EXPECT_EQ(again, value);
    EXPECT_TRUE(size > Value::kInlineBytes || size == 0 || again.data() != value.data());
  }
}

TEST(Value, StaysValidAfterMoveAndCopy) {
  std::vector<Value> values;
  for (int i = 0; i < 100; ++i) values.push_back(Value::copy(std::to_string(i)));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(values[i].text(), std::to_string(i));
}

TEST(Value, KeepsItsOwnerAlive) {
  auto owner = std::make_shared<std::string>("pinned");
  const std::weak_ptr<std::string> watch = owner;
  auto value = std::make_unique<Value>(Value::shared(owner, *owner));
  owner.reset();
  EXPECT_FALSE(watch.expired());
  EXPECT_EQ(value->text(), "pinned");
  value.reset();
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace quire
