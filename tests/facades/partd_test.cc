// Partd, operation by operation, with the answers to each trap of the original: its table of calls is
// the one of partd 1.3.0, whose oracle is in partd_oracle_test.cc.

#include <algorithm>
#include <functional>
#include <list>
#include <stdexcept>

#include "tests/facades/partd_fixture.h"

namespace quire::testing {
namespace {

using Contents = std::map<std::string, std::string>;

static_assert(Collection<Partd>);

// ---- append and get

TEST_F(PartdTest, AppendsConcatenateInOrderWithinAndAcrossTransactions) {
  in_partd([](Partd& partd) {
    partd.append("x", "Hello ");
    partd.append("x", "world");
  });
  in_partd([](Partd& partd) {
    partd.append("x", "!");
    EXPECT_EQ(partd.get("x").text(), "Hello world!") << "stored first, then what waits";
  });
  crash_and_reopen();
  EXPECT_EQ(committed("x"), "Hello world!");
}

TEST_F(PartdTest, OrderIsKeptWhenTheBufferIsFlushedAgainAndAgain) {
  // The original's Buffer returns "BAAAAAA" here.
  in_partd(
      [](Partd& partd) {
        for (int i = 0; i < 6; ++i) partd.append("x", "A");
        partd.append("x", "B");
        EXPECT_EQ(partd.get("x").text(), "AAAAAAB");
      },
      {.buffer_size = 3});
  EXPECT_EQ(committed("x"), "AAAAAAB");
}

TEST_F(PartdTest, MissingKeyIsEmptyAndNoError) {
  in_partd([](Partd& partd) { EXPECT_EQ(partd.get("none").size(), 0u); });
  EXPECT_EQ(committed("none"), "");
  EXPECT_EQ(database->snapshot().open<Partd>("p").value_size("none"), 0u);
  EXPECT_FALSE(database->snapshot().open<Partd>("p").contains("none"));
}

TEST_F(PartdTest, ManyKeysComeInTheOrderAsked) {
  in_partd([](Partd& partd) {
    partd.append({{"a", "1"}, {"b", "2"}});
    const std::vector<Value> values = partd.get({"b", "none", "a", "b"});
    ASSERT_EQ(values.size(), 4u);
    EXPECT_EQ(values[0].str() + values[1].str() + values[2].str() + values[3].str(), "212");
    EXPECT_EQ(partd.get({"a"}).at(0).text(), "1") << "one key in a list is a list";
    EXPECT_EQ(partd.get(std::list<std::string>{"b"}).at(0).text(), "2");
    EXPECT_TRUE(partd.get(std::vector<std::string>()).empty());
  });
}

TEST_F(PartdTest, TakesMapsAndOtherRangesOfPairs) {
  in_partd([](Partd& partd) {
    partd.append(std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
    partd.append(
        std::vector<std::pair<const char*, std::vector<std::byte>>>{{"a", {std::byte{'3'}}}});
    partd.append(std::map<std::string, std::string>());
    partd.append({{"a", "4"}, {"b", "5"}, {"a", "6"}});
    EXPECT_EQ(contents(partd), (Contents{{"a", "1346"}, {"b", "25"}}));
  });
}

TEST_F(PartdTest, AppendOfNoPairsChangesNothing) {
  in_partd([](Partd&) {});
  const std::uint64_t before = database->snapshot().seq();
  in_partd([](Partd& partd) { partd.append(Contents()); });
  EXPECT_EQ(database->snapshot().seq(), before);
}

TEST_F(PartdTest, AppendOfManyIsAllOrNothing) {
  // The original's File has written the keys before the bad one.
  struct Exploding {
    struct Iterator {
      using value_type = std::pair<std::string, std::string>;
      using difference_type = std::ptrdiff_t;
      value_type operator*() const {
        if (left == 1) throw std::runtime_error("a bad value");
        return {"k" + std::to_string(left), "v"};
      }
      Iterator& operator++() { return --left, *this; }
      void operator++(int) { ++*this; }
      bool operator==(std::default_sentinel_t) const { return left == 0; }
      int left = 5;
    };
    Iterator begin() const { return {}; }
    std::default_sentinel_t end() const { return {}; }
  };
  in_partd([](Partd& partd) {
    partd.append("k3", "old");
    EXPECT_THROW(partd.append(Exploding()), std::runtime_error);
    EXPECT_EQ(contents(partd), (Contents{{"k3", "old"}}));
  });
  EXPECT_EQ(committed("k3"), "old");
}

TEST_F(PartdTest, EmptyValuesMakeKeys) {
  in_partd([](Partd& partd) {
    partd.append("empty", "");
    EXPECT_TRUE(partd.contains("empty"));
    EXPECT_EQ(partd.size(), 1u);
    partd.append("empty", "");
  });
  const PartdView partd = database->snapshot().open<Partd>("p");
  EXPECT_TRUE(partd.contains("empty"));
  EXPECT_EQ(contents(partd), (Contents{{"empty", ""}}));
}

TEST_F(PartdTest, KeysAreExactBytes) {
  // The original's File drops characters, so that these are one key or another's file or directory.
  const std::vector<std::string> keys = {"",
                                         "Foo!bar?",
                                         "Foobar",
                                         "a",
                                         "a/b",
                                         ".",
                                         "..",
                                         "../x",
                                         "/tmp/",
                                         ".lock",
                                         "\xff",
                                         "1",
                                         std::string(1, '\0'),
                                         "a-|-b",
                                         std::string(5000, 'k')};
  in_partd([&](Partd& partd) {
    for (const std::string& key : keys) partd.append(key, "value of " + key);
  });
  crash_and_reopen();
  const PartdView partd = database->snapshot().open<Partd>("p");
  EXPECT_EQ(partd.size(), keys.size());
  for (const std::string& key : keys) EXPECT_EQ(partd.get(key).str(), "value of " + key);
}

// ---- iset

TEST_F(PartdTest, FirstIsetWinsAndAppendsExtendIt) {
  in_partd([](Partd& partd) {
    EXPECT_TRUE(partd.iset("x", "one"));
    EXPECT_FALSE(partd.iset("x", "two"));
    partd.append("x", "+");
    EXPECT_EQ(partd.get("x").text(), "one+");
    EXPECT_FALSE(partd.iset("x", "three"));
  });
  // A new object of the original overwrites again.
  in_partd([](Partd& partd) { EXPECT_FALSE(partd.iset("x", "four")); });
  EXPECT_EQ(committed("x"), "one+");
}

TEST_F(PartdTest, IsetReplacesWhatWasAppendedBefore) {
  in_partd([](Partd& partd) { partd.append("x", "stored"); });
  in_partd([](Partd& partd) {
    partd.append("x", "waiting");
    EXPECT_TRUE(partd.iset("x", "set"));
    EXPECT_EQ(partd.get("x").text(), "set");
    partd.append("x", "+more");
  });
  EXPECT_EQ(committed("x"), "set+more");
}

TEST_F(PartdTest, IsetAfterEraseOrClearCountsAgain) {
  // The original ignores it silently after a delete.
  in_partd([](Partd& partd) {
    partd.iset("x", "one");
    partd.erase("x");
    EXPECT_TRUE(partd.iset("x", "two"));
    partd.clear();
    EXPECT_TRUE(partd.iset("x", "three"));
  });
  EXPECT_EQ(committed("x"), "three");
}

TEST_F(PartdTest, IsetThatIsRolledBackDoesNotCount) {
  {
    Transaction txn = database->begin();
    auto partd = txn.open<Partd>("p");
    {
      const Savepoint savepoint = txn.savepoint();
      EXPECT_TRUE(partd.iset("x", "undone"));
    }
    EXPECT_TRUE(partd.iset("x", "undone as well"));
  }
  in_partd([](Partd& partd) { EXPECT_TRUE(partd.iset("x", "counts")); });
  EXPECT_EQ(committed("x"), "counts");
}

TEST_F(PartdTest, IsetOfAnEmptyValueCountsToo) {
  in_partd([](Partd& partd) {
    EXPECT_TRUE(partd.iset("", ""));
    EXPECT_FALSE(partd.iset("", "late"));
    EXPECT_TRUE(partd.contains(""));
  });
}

// ---- erase, clear, size, keys

TEST_F(PartdTest, EraseTakesWhatIsStoredAndWhatWaits) {
  in_partd([](Partd& partd) { partd.append({{"a", "1"}, {"b", "2"}}); });
  in_partd([](Partd& partd) {
    partd.append({{"a", "x"}, {"c", "3"}});
    EXPECT_TRUE(partd.erase("a"));
    EXPECT_FALSE(partd.erase("a"));
    EXPECT_TRUE(partd.erase("c")) << "was only waiting";
    EXPECT_FALSE(partd.erase("none")) << "missing keys are no error";
    EXPECT_EQ(contents(partd), (Contents{{"b", "2"}}));
    partd.append("a", "new");
  });
  EXPECT_EQ(contents(database->snapshot().open<Partd>("p")), (Contents{{"a", "new"}, {"b", "2"}}));
}

TEST_F(PartdTest, EraseOfManyCountsThoseThatWereThere) {
  in_partd([](Partd& partd) {
    partd.append({{"a", "1"}, {"b", "2"}, {"c", "3"}});
    EXPECT_EQ(partd.erase({"a", "none", "c", "a"}), 2u);
    EXPECT_EQ(partd.erase(std::vector<std::string>{"b"}), 1u);
    EXPECT_TRUE(partd.empty());
  });
}

TEST_F(PartdTest, ClearLeavesAUsableCollection) {
  in_partd([](Partd& partd) { partd.append("a", "1"); });
  in_partd([](Partd& partd) {
    partd.append("b", "2");
    partd.clear();
    EXPECT_EQ(partd.size(), 0u);
    EXPECT_EQ(partd.get("a").size() + partd.get("b").size(), 0u);
    partd.append("c", "3");
  });
  EXPECT_EQ(contents(database->snapshot().open<Partd>("p")), (Contents{{"c", "3"}}));
}

TEST_F(PartdTest, SizeAndKeysCountWhatIsStoredAndWhatWaits) {
  in_partd([](Partd& partd) { partd.append({{"a", "1"}, {"b", "2"}}); });
  in_partd([](Partd& partd) {
    partd.append({{"b", "x"}, {"c", "3"}});
    EXPECT_EQ(partd.size(), 3u);
    partd.append("d", "4");
    std::vector<std::string> keys;
    for (const ByteView key : partd.keys()) keys.push_back(key.str());
    std::ranges::sort(keys);
    EXPECT_EQ(keys, (std::vector<std::string>{"a", "b", "c", "d"}));
  });
}

TEST_F(PartdTest, EveryChangeEndsAnIterationOfKeys) {
  const std::vector<std::function<void(Partd&)>> changes = {
      [](Partd& partd) { partd.append("new", "1"); },
      [](Partd& partd) {
        partd.append({{"a", "1"}});
      },
      [](Partd& partd) { partd.iset("new", "1"); },
      [](Partd& partd) { partd.erase("a"); },
      [](Partd& partd) { partd.clear(); },
      [](Partd& partd) {
        partd.append("a", "1");
        EXPECT_EQ(partd.size(), 3u);
      },
  };
  for (const auto& change : changes) {
    in_partd([&](Partd& partd) {
      partd.clear();
      partd.append({{"a", "1"}, {"b", "2"}, {"c", "3"}});
      const PartdView::Keys keys = partd.keys();
      auto key = keys.begin();
      change(partd);
      EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'p", "iteration"}, [&] { ++key; }));
    });
  }
}

TEST_F(PartdTest, KeysOfASnapshotOutliveTheirHandle) {
  in_partd([](Partd& partd) { partd.append("a", "1"); });
  for (const ByteView key : database->snapshot().open<Partd>("p").keys()) {
    EXPECT_EQ(key.text(), "a");
  }
}

// ---- the buffer

TEST_F(PartdTest, TwoHandlesOfOneTransactionAgree) {
  in_partd([](Partd& partd) { partd.append("x", "1"); });
  Transaction txn = database->begin();
  auto one = txn.open<Partd>("p");
  auto two = txn.open<Partd>("p");
  one.append("x", "2");
  two.append("x", "3");
  one.append("y", "4");
  EXPECT_EQ(one.get("x").text(), "123");
  EXPECT_EQ(two.get("x").text(), "123");
  EXPECT_TRUE(two.contains("y"));
  EXPECT_EQ(two.value_size("x"), 3u);
  EXPECT_TRUE(two.erase("y"));
  EXPECT_FALSE(one.contains("y"));
  EXPECT_EQ(static_cast<const PartdView&>(one).get("x").text(), "123");
  txn.commit();
  EXPECT_EQ(committed("x"), "123");
}

TEST_F(PartdTest, RollbackForgetsWhatWaits) {
  {
    Transaction txn = database->begin();
    txn.open<Partd>("p");
    txn.commit();
  }
  Transaction txn = database->begin();
  auto partd = txn.open<Partd>("p");
  partd.append("x", "gone");
  txn.rollback();
  EXPECT_THROW(partd.append("x", "late"), ClosedError);
  EXPECT_EQ(committed("x"), "");
}

TEST_F(PartdTest, SavepointForgetsOnlyWhatCameAfterIt) {
  Transaction txn = database->begin();
  auto partd = txn.open<Partd>("p");
  partd.append("x", "kept ");
  {
    const Savepoint savepoint = txn.savepoint();
    partd.append("x", "gone ");
    EXPECT_EQ(partd.get("x").text(), "kept gone ");
  }
  EXPECT_EQ(partd.get("x").text(), "kept ");
  partd.append("x", "and more");
  txn.commit();
  EXPECT_EQ(committed("x"), "kept and more");
}

TEST_F(PartdTest, NothingWaitsBeyondTheBufferSize) {
  Transaction txn = database->begin();
  auto small = txn.open<Partd>("p", {.buffer_size = 10'000});
  auto large = txn.open<Partd>("p");
  auto raw = txn.open<RawPartd>("p");
  for (int i = 0; i < 100; ++i) large.append(std::to_string(i), std::string(1000, 'x'));
  EXPECT_EQ(raw.data().size(), 0u);
  small.append("0", "y");
  EXPECT_EQ(raw.data().size(), 100u) << "each handle has its own opinion of what they share";
  large.append("0", "z");
  EXPECT_EQ(raw.data().get("0")->size(), 1001u);
  EXPECT_EQ(large.get("0").str(), std::string(1000, 'x') + "yz");
  txn.commit();
}

TEST_F(PartdTest, UnbufferedIsTheSame) {
  in_partd(
      [](Partd& partd) {
        for (int i = 0; i < 300; ++i) partd.append(std::to_string(i % 7), std::to_string(i));
      },
      {.buffer_size = 0});
  std::map<std::string, std::string> expected;
  for (int i = 0; i < 300; ++i) expected[std::to_string(i % 7)] += std::to_string(i);
  EXPECT_EQ(contents(database->snapshot().open<Partd>("p")), expected);
}

// ---- codecs

TEST_F(PartdTest, EachCodecReturnsWhatWasAppended) {
  for (const Codec codec : kAllCodecs) {
    const std::string name = "p" + std::to_string(static_cast<int>(codec));
    std::string expected;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100},
                                   std::size_t{5000}, std::size_t{3} << 20}) {
      const std::string bytes = std::string(size, 'z') + std::to_string(size);
      expected += bytes;
      database->transact([&](Transaction& txn) {
        auto partd = txn.open<Partd>(name, {.codec = codec});
        partd.append("x", bytes);
        EXPECT_EQ(partd.get("x").str(), expected);
        EXPECT_EQ(partd.value_size("x"), expected.size());
      });
    }
    const PartdView partd = database->snapshot().open<Partd>(name);
    EXPECT_EQ(partd.codec(), codec);
    EXPECT_EQ(partd.get("x").str(), expected);
    EXPECT_EQ(partd.value_size("x"), expected.size());
    EXPECT_EQ(partd.get("none").size(), 0u);
  }
}

TEST_F(PartdTest, CodecsMakeRepeatsSmall) {
  for (const Codec codec : {Codec::zstd, Codec::lz4, Codec::snappy}) {
    const auto pages = [&] { return database->info().page_count; };
    const std::uint64_t before = pages();
    database->transact([&](Transaction& txn) {
      txn.create<Partd>("p" + std::to_string(static_cast<int>(codec)), {.codec = codec})
          .append("x", std::string(4 << 20, 'z'));
    });
    EXPECT_LT(pages() - before, 200u) << "of 1024 that the bytes would take";
  }
}

// ---- options and names

TEST_F(PartdTest, OptionsThatDifferAreRefusedByName) {
  in_partd([](Partd& partd) { partd.append("x", "1"); }, {.codec = Codec::zstd});
  Transaction txn = database->begin();
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {kPath, "'p'", "codec is lz4", "with zstd"},
                    [&] { txn.open<Partd>("p", {.codec = Codec::lz4}); }));
  EXPECT_TRUE(
      fails(ErrorCode::invalid_argument, {"element is 'f8' of 8 bytes", "plain bytes"}, [&] {
        txn.open<Partd>("p", {.codec = Codec::zstd, .element = {"f8", 8}});
      }));
  EXPECT_EQ(txn.open<Partd>("p", {.codec = Codec::zstd, .buffer_size = 1}).get("x").text(), "1")
      << "buffer_size is a handle's own";
  EXPECT_EQ(txn.open<Partd>("p").get("x").text(), "1") << "no options: as it is";
}

TEST_F(PartdTest, ImpossibleOptionsAreRefusedAndNothingIsMade) {
  Transaction txn = database->begin();
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'bad'", "codec is number 9", "zstd"},
                    [&] { txn.create<Partd>("bad", {.codec = static_cast<Codec>(9)}); }));
  for (const PartdElement& element :
       {PartdElement{"f8", 0}, PartdElement{"", 8}, PartdElement{std::string(256, 'x'), 1}}) {
    EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'bad'", "element"},
                      [&] { txn.create<Partd>("bad", {.element = element}); }));
  }
  EXPECT_FALSE(txn.find<Partd>("bad"));
}

TEST_F(PartdTest, AnotherKindIsATypeMismatch) {
  Transaction txn = database->begin();
  txn.open<Hash>("h");
  EXPECT_THROW(txn.open<Partd>("h"), TypeMismatch);
  txn.open<Partd>("p");
  EXPECT_THROW(txn.open<Hash>("p"), TypeMismatch);
}

TEST_F(PartdTest, DropAndRenameTakeWhatWaitsWithThem) {
  Transaction txn = database->begin();
  auto partd = txn.open<Partd>("p");
  partd.append("x", "1");
  txn.rename("p", "q");
  partd.append("x", "2");
  EXPECT_EQ(txn.open<Partd>("q").get("x").text(), "12");
  EXPECT_EQ(txn.open<Partd>("p").size(), 0u);
  txn.drop("q");
  EXPECT_THROW(partd.append("x", "3"), NotFound);
  txn.commit();
  EXPECT_FALSE(database->snapshot().find<Partd>("q"));
}

TEST_F(PartdTest, SnapshotSeesItsOwnMoment) {
  in_partd([](Partd& partd) { partd.append("x", "old"); });
  const PartdView before = database->snapshot().open<Partd>("p");
  in_partd([](Partd& partd) {
    partd.append("x", "new");
    partd.append("y", "new");
  });
  EXPECT_EQ(contents(before), (Contents{{"x", "old"}}));
}

TEST_F(PartdTest, ValuesOutliveTheirDatabase) {
  in_partd([](Partd& partd) { partd.append("x", std::string(2000, 'v')); });
  const Value value = database->snapshot().open<Partd>("p").get("x");
  database->close();
  EXPECT_EQ(value.str(), std::string(2000, 'v'));
  open();
}

}  // namespace
}  // namespace quire::testing
