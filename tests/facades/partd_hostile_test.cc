// What lies in a partd's children is not to be trusted: each damage is an error that names file,
// collection and key, or a problem of check(), and takes memory in proportion to what is stored.

#include <cstring>
#include <random>

#include "tests/facades/partd_fixture.h"

namespace quire::testing {
namespace {

std::string u32(std::uint32_t number) {
  return std::string(reinterpret_cast<const char*>(&number), 4);
}
std::string frame(std::uint32_t raw_size, Codec codec, const std::string& packed) {
  return u32(raw_size) +
         u32(static_cast<std::uint32_t>(packed.size()) | static_cast<std::uint32_t>(codec) << 24) +
         packed;
}

class PartdHostileTest : public PartdTest {
 protected:
  PartdHostileTest() { checks_at_end = false; }

  /// A partd of that codec and element, with one value that was never appended.
  void store(const std::string& bytes, const PartdOptions& partd_options = {.codec = Codec::zstd}) {
    database->transact([&](Transaction& txn) {
      txn.drop("p");
      txn.create<Partd>("p", partd_options);
      txn.open<RawPartd>("p").data().put("k", bytes);
    });
  }
  /// The field is named by get() and by check(); the key can still be appended to and erased.
  void expect_damage(const std::string& field,
                     const PartdOptions& partd_options = {.codec = Codec::zstd}) {
    const std::string text = field + ": expected";
    const PartdView partd = database->snapshot().open<Partd>("p");
    EXPECT_TRUE(
        fails(ErrorCode::corruption, {kPath, "'p'", "key 'k'", text}, [&] { partd.get("k"); }));
    EXPECT_TRUE(has_problem(text));
    database->transact([&](Transaction& txn) {
      auto same = txn.open<Partd>("p", partd_options);
      same.append("k", std::string(partd_options.element.size, 'x'));
      EXPECT_THROW(same.get("k"), CorruptionError);
      EXPECT_TRUE(same.erase("k"));
    });
  }
  bool has_problem(std::string_view text) {
    const CheckReport report = database->check(check_options);
    for (const CheckProblem& problem : report.problems) {
      if (problem.collection == "p" && problem.what.find(text) != problem.what.npos) return true;
    }
    return false;
  }
};

TEST_F(PartdHostileTest, StoredBytesAreAsDocumented) {
  // The worked example of docs/file-format.md.
  in_partd([](Partd& partd) {
    partd.append("k", "abc");
    partd.iset("first", "1");
  });
  database->transact([](Transaction& txn) {
    txn.create<TypedPartd<double>>("typed", {.codec = Codec::lz4}).append("k", std::vector{1.0});
    auto raw = txn.open<RawPartd>("p");
    EXPECT_EQ(raw.options(), u32(1) + u32(0) + u32(1));
    EXPECT_EQ(raw.data().get("k")->text(), "abc");
    EXPECT_EQ(contents(raw.firsts()), (std::map<std::string, std::string>{{"first", ""}}));
    auto typed = txn.open<TypedPartd<double>>("typed");
    EXPECT_EQ(typed.size(), 1u);
    auto raw_typed = txn.open<RawPartd>("typed");
    EXPECT_EQ(raw_typed.options(), u32(1) + u32(2) + u32(8) + "f8");
    EXPECT_EQ(raw_typed.data().get("k")->str(),
              frame(8, Codec::none, std::string("\0\0\0\0\0\0\xf0\x3f", 8)))
        << "what does not become smaller is stored as it is";
  });
}

TEST_F(PartdHostileTest, FramesThatAreCutShortAreDamage) {
  const std::string whole = frame(3, Codec::none, "abc") + frame(2, Codec::none, "de");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    if (size == 11) continue;  // the first frame alone
    store(whole.substr(0, size));
    expect_damage(size < 8 || (size > 11 && size < 19) ? "frame" : "length");
  }
}

TEST_F(PartdHostileTest, SizesThatLieAreDamageAndTakeNoMemory) {
  for (const std::uint32_t raw_size : {0u, 1u, 3u, 257u, 1u << 20, (1u << 20) + 1, UINT32_MAX}) {
    store(frame(raw_size, Codec::none, "ab"));
    expect_damage("raw_size");
  }
  for (const Codec codec : {Codec::zstd, Codec::lz4, Codec::snappy}) {
    for (const std::uint32_t raw_size : {0u, 1u, 4u, 5 * 256u + 1, UINT32_MAX}) {
      store(frame(raw_size, codec, "abcde"));
      expect_damage("raw_size");
    }
    store(frame(1000, codec, "abcde"));
    expect_damage("bytes");
  }
  store(u32(5) + u32(0x00ffffff) + "abcde");
  expect_damage("length");
}

TEST_F(PartdHostileTest, UnknownCodecIsDamage) {
  for (const std::uint32_t codec : {4u, 128u, 255u}) {
    store(u32(5) + u32(codec << 24 | 3) + "abc");
    expect_damage("codec");
  }
}

TEST_F(PartdHostileTest, ABombGrowsAtMost256Fold) {
  // One that zstd packs by a factor of 10000 is not what an append has made.
  in_partd([](Partd& partd) { partd.append("k", std::string(1 << 20, '\0')); },
           {.codec = Codec::zstd});
  const std::size_t stored = [&] {
    return database->snapshot().open<RawPartd>("p").data().get("k")->size();
  }();
  EXPECT_GT(stored, (1u << 20) / 256);
  EXPECT_LT(stored, (1u << 20) / 200);
  EXPECT_EQ(committed("k"), std::string(1 << 20, '\0'));
}

TEST_F(PartdHostileTest, LengthThatIsNoMultipleOfTheElementIsDamage) {
  const PartdOptions doubles{.element = {"f8", 8}};
  store(std::string(13, 'x'), doubles);
  EXPECT_TRUE(fails(ErrorCode::corruption,
                    {kPath, "'p'", "key 'k'", "length", "multiple of 8", "13"},
                    [&] { database->snapshot().open<TypedPartd<double>>("p").get("k"); }));
  EXPECT_THROW(database->snapshot().open<TypedPartd<double>>("p").count("k"), CorruptionError);
  EXPECT_TRUE(has_problem("length"));
  store(frame(13, Codec::none, std::string(13, 'x')), {.codec = Codec::zstd, .element = {"f8", 8}});
  EXPECT_THROW(database->snapshot().open<TypedPartd<double>>("p").get("k"), CorruptionError);
  EXPECT_TRUE(has_problem("length"));
}

TEST_F(PartdHostileTest, OptionsThatWereNeverStoredAreDamage) {
  const std::vector<std::string> hostile = {
      "",
      "x",
      u32(1) + u32(0),
      u32(2) + u32(0) + u32(1),
      u32(1) + u32(4) + u32(1),
      u32(1) + u32(257) + u32(1),
      u32(1) + u32(0) + u32(0) + "f8",
      u32(1) + u32(0) + u32(8),
      u32(1) + u32(0) + u32(8) + std::string(256, 'x'),
  };
  for (const std::string& stored : hostile) {
    database->transact([&](Transaction& txn) {
      txn.drop("p");
      txn.create<RawPartd>("p", {stored});
    });
    EXPECT_TRUE(fails(ErrorCode::corruption, {kPath, "'p'", "options"},
                      [&] { database->snapshot().open<Partd>("p"); }));
    Transaction txn = database->begin();
    EXPECT_THROW(txn.open<Partd>("p"), CorruptionError);
    EXPECT_THROW(txn.open<Partd>("p", {}), CorruptionError);
    EXPECT_THROW(txn.open<TypedPartd<float>>("p"), CorruptionError);
    EXPECT_TRUE(has_problem("options"));
  }
}

TEST_F(PartdHostileTest, OptionsThatChangeUnderAnOpenHandleAreDamage) {
  Transaction txn = database->begin();
  auto partd = txn.open<Partd>("p");
  partd.append("k", "x");
  txn.open<RawPartd>("p").set_options("garbage");
  EXPECT_THROW(txn.commit(), CorruptionError);
}

TEST_F(PartdHostileTest, MarksWithoutAKeyOrWithBytesAreProblems) {
  in_partd([](Partd& partd) { partd.append("k", "x"); });
  database->transact([](Transaction& txn) { txn.open<RawPartd>("p").firsts().put("missing", ""); });
  EXPECT_TRUE(has_problem("a mark of a missing value of key 'missing'"));
  database->transact([](Transaction& txn) { txn.open<RawPartd>("p").firsts().put("k", "bytes"); });
  EXPECT_TRUE(has_problem("the mark of value of key 'k' holds bytes"));
}

TEST_F(PartdHostileTest, FlippedBytesAreNeverAnythingButAnErrorOrAValue) {
  std::mt19937 random(5);
  for (const Codec codec : {Codec::zstd, Codec::lz4, Codec::snappy}) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "line " + std::to_string(i * i) + "\n";
    in_partd([&](Partd& partd) { partd.append("k", text); }, {.codec = codec});
    const std::string good = database->snapshot().open<RawPartd>("p").data().get("k")->str();
    for (std::size_t i = 0; i < good.size(); ++i) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ (1 << random() % 8));
      Transaction txn = database->begin();
      txn.open<RawPartd>("p").data().put("k", bad);
      try {
        EXPECT_LE(txn.open<Partd>("p").get("k").size(), bad.size() * 256);
      } catch (const CorruptionError&) {
        continue;
      }
    }
    database->transact([](Transaction& txn) { txn.drop("p"); });
  }
}

}  // namespace
}  // namespace quire::testing
