#include "tests/facades/partd_fixture.h"

namespace quire::testing {

struct Trade {
  double price;
  std::uint32_t amount;
  std::uint32_t buyer;
  friend bool operator==(const Trade&, const Trade&) = default;
};
struct Nameless {
  int number;
};

}  // namespace quire::testing

template <>
inline constexpr std::string_view quire::kPartdType<quire::testing::Trade> = "trade.1";

namespace quire::testing {
namespace {

using TypedPartdTest = PartdTest;

static_assert(Collection<TypedPartd<double>>);
static_assert(PartdItem<Trade> && !PartdItem<Nameless>, "a struct needs a name");
static_assert(!PartdItem<std::string> && !PartdItem<int*> && !PartdItem<long double> &&
              !PartdItem<char>);
static_assert(kPartdType<bool> == "b1" && kPartdType<std::int8_t> == "i1" &&
              kPartdType<std::uint16_t> == "u2" && kPartdType<int> == "i4" &&
              kPartdType<std::uint64_t> == "u8" && kPartdType<float> == "f4" &&
              kPartdType<double> == "f8");

template <class T>
void append(Database& database, const std::string& name, ByteView key, const std::vector<T>& items,
            Codec codec = Codec::none) {
  database.transact([&](Transaction& txn) {
    txn.open<TypedPartd<T>>(name, {.codec = codec}).append(key, items);
  });
}

TEST_F(TypedPartdTest, ReturnsTheArraysThatWereAppendedOverEachCodec) {
  for (const Codec codec : kAllCodecs) {
    const std::string name = "p" + std::to_string(static_cast<int>(codec));
    append<double>(*database, name, "x", {1.5, -2}, codec);
    append<double>(*database, name, "x", std::vector<double>(100'000, 7.25), codec);
    const auto partd = database->snapshot().open<TypedPartd<double>>(name);
    std::vector<double> expected{1.5, -2};
    expected.insert(expected.end(), 100'000, 7.25);
    EXPECT_EQ(partd.get("x"), expected);
    EXPECT_EQ(partd.count("x"), expected.size());
    EXPECT_EQ(partd.codec(), codec);
  }
}

TEST_F(TypedPartdTest, HoldsStructsThatHaveAName) {
  const std::vector<Trade> trades{{1.25, 3, 4}, {9, 8, 7}};
  append(*database, "p", "monday", trades);
  EXPECT_EQ(database->snapshot().open<TypedPartd<Trade>>("p").get("monday"), trades);
}

TEST_F(TypedPartdTest, AnotherElementIsRefusedWhereTheOriginalReadsGarbage) {
  // Appending float64 to an int32 key of the original is later read as int32 garbage.
  append<std::int32_t>(*database, "p", "x", {1, 2, 3});
  const auto text = {std::string_view(kPath), std::string_view("'p'"),
                     std::string_view("'i4' of 4 bytes"), std::string_view("'f8' of 8 bytes")};
  Transaction txn = database->begin();
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, text, [&] { txn.open<TypedPartd<double>>("p"); }));
  EXPECT_TRUE(
      fails(ErrorCode::type_mismatch, text, [&] { txn.open<TypedPartd<double>>("p", {}); }));
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, text,
                    [&] { database->snapshot().open<TypedPartd<double>>("p"); }));
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, {"'i4'", "'f4'"}, [&] {
    txn.open<TypedPartd<float>>("p");
  })) << "of the same size";
  txn.open<Partd>("bytes");
  EXPECT_TRUE(fails(ErrorCode::type_mismatch, {"plain bytes"},
                    [&] { txn.open<TypedPartd<float>>("bytes"); }));
}

TEST_F(TypedPartdTest, BytesThatAreNoWholeElementsAreRefused) {
  append<std::int32_t>(*database, "p", "x", {1});
  in_partd([](Partd& partd) {
    EXPECT_EQ(partd.element(), (PartdElement{"i4", 4}));
    EXPECT_TRUE(fails(ErrorCode::invalid_argument, {kPath, "'p'", "key 'x'", "3 bytes", "'i4'"},
                      [&] { partd.append("x", "abc"); }));
    EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"5 bytes"}, [&] { partd.iset("y", "abcde"); }));
    EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"key 'b'"}, [&] {
      partd.append({{"a", "1234"}, {"b", "12"}});
    }));
    EXPECT_FALSE(partd.contains("a")) << "all or nothing";
    partd.append("x", std::string("\2\0\0\0", 4));
  });
  EXPECT_EQ(database->snapshot().open<TypedPartd<std::int32_t>>("p").get("x"),
            (std::vector<std::int32_t>{1, 2}));
}

TEST_F(TypedPartdTest, HasTheOperationsOfPartd) {
  using Items = std::vector<std::uint16_t>;
  database->transact([](Transaction& txn) {
    auto partd = txn.open<TypedPartd<std::uint16_t>>("p");
    partd.append(std::map<std::string, Items>{{"a", {1, 2}}, {"b", {3}}});
    partd.append("a", Items{4});
    EXPECT_TRUE(partd.iset("c", Items{5}));
    EXPECT_FALSE(partd.iset("c", Items{6}));
    partd.append("d", {});
    partd.append("e", {7, 8});
    EXPECT_FALSE(partd.iset("c", {9}));
    EXPECT_EQ(partd.get("e"), (Items{7, 8}));
    EXPECT_EQ(partd.erase({"e", "none"}), 1u);
    EXPECT_EQ(partd.get({"c", "none", "a"}), (std::vector<Items>{{5}, {}, {1, 2, 4}}));
    EXPECT_EQ(partd.size(), 4u);
    EXPECT_TRUE(partd.contains("d"));
    EXPECT_TRUE(partd.erase("d"));
    EXPECT_EQ(partd.erase(std::vector<std::string>{"b", "none"}), 1u);
    std::size_t keys = 0;
    for ([[maybe_unused]] const ByteView key : partd.keys()) ++keys;
    EXPECT_EQ(keys, 2u);
  });
  EXPECT_EQ(database->snapshot().open<TypedPartd<std::uint16_t>>("p").get("a"), (Items{1, 2, 4}));
  database->transact([](Transaction& txn) {
    auto partd = txn.open<TypedPartd<std::uint16_t>>("p");
    partd.clear();
    EXPECT_TRUE(partd.empty());
  });
}

/// A range that shows one pair after the other in the same memory.
struct OneAtATime {
  using Pair = std::pair<std::string, std::vector<std::uint16_t>>;
  struct Iterator {
    using value_type = Pair;
    using difference_type = std::ptrdiff_t;
    Pair* pair;
    int left;
    const Pair& operator*() const { return *pair; }
    Iterator& operator++() {
      --left;
      *pair = {"key " + std::to_string(left), std::vector<std::uint16_t>(100, left)};
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return left == 0; }
  };
  Iterator begin() {
    pair = {"key 3", std::vector<std::uint16_t>(100, 3)};
    return {&pair, 3};
  }
  std::default_sentinel_t end() const { return {}; }
  Pair pair;
};

TEST_F(TypedPartdTest, TakesARangeThatShowsEachPairInTheSameMemory) {
  database->transact([](Transaction& txn) {
    auto partd = txn.open<TypedPartd<std::uint16_t>>("p");
    partd.append(OneAtATime());
    EXPECT_EQ(partd.size(), 3u);
    for (std::uint16_t i = 1; i <= 3; ++i) {
      EXPECT_EQ(partd.get("key " + std::to_string(i)), std::vector<std::uint16_t>(100, i));
    }
  });
}

static_assert(!PartdItem<bool>);

TEST_F(TypedPartdTest, OtherOptionsMustMatchToo) {
  append<float>(*database, "p", "x", {1});
  Transaction txn = database->begin();
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"codec is zstd"},
                    [&] { txn.open<TypedPartd<float>>("p", {.codec = Codec::zstd}); }));
}

}  // namespace
}  // namespace quire::testing
