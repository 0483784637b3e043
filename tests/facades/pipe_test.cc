// What a pipe does for those who use it as meant. FORMATS of the original: an empty block, a key
// that is there twice, a block read by half and a seek to nowhere each broke its reader; here each
// has an answer.

#include <array>
#include <functional>
#include <iterator>
#include <limits>
#include <random>
#include <string>

#include "tests/support/bag.h"
#include "tests/support/database_test.h"
#include "tests/support/fails.h"
#include "tests/support/moved_from.h"
#include "tests/support/pipe_content.h"

namespace quire::testing {
namespace {

class PipeTest : public DatabaseTest {
 protected:
  PipeTest() {
    check_options.with<Pipe>();
    open();
  }

  /// Commits blocks to the pipe "p", made if it is missing.
  void store(const std::vector<PlainBlock>& blocks, const PipeOptions& made_with = {}) {
    database->transact([&](Transaction& txn) {
      auto found = txn.find<Pipe>("p");
      Pipe pipe = found ? *found : txn.create<Pipe>("p", made_with);
      for (const PlainBlock& block : blocks) append_block(pipe, block.key, block.pairs);
    });
  }
  PipeView stored() const { return database->snapshot().open<Pipe>("p"); }
  std::uint64_t used_pages() const {
    return database->info().page_count - database->info().free_pages;
  }
};

const std::vector<PlainBlock> kThree{
    {"one", {{"a", "1"}, {"b", "2"}}}, {"two", {{"c", "3"}}}, {"three", {{"a", "4"}, {"d", "5"}}}};

std::string noise(std::size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// Lines that repeat, as texts do.
std::string text(std::size_t size) {
  std::string lines;
  for (std::size_t i = 0; lines.size() < size; ++i) {
    lines += "line " + std::to_string(i * i) + " of some text that goes on\n";
  }
  return lines.substr(0, size);
}

template <class T>
concept CanWrite = requires(T& pipe) {
  pipe.begin_block("key");
};
static_assert(Collection<Pipe>);
static_assert(CanWrite<Pipe> && !CanWrite<Pipe::View>, "a snapshot's handle cannot change it");
static_assert(std::input_iterator<PipeView::Iterator> && std::input_iterator<Block::Iterator>);
static_assert(std::ranges::input_range<PipeView> && std::ranges::input_range<Block>);

// ---- what goes in comes out

TEST_F(PipeTest, BlocksAndPairsComeInTheOrderInWhichTheyWereWritten) {
  store(kThree);
  EXPECT_EQ(contents(stored()), kThree);
  EXPECT_EQ(stored().size(), 3u);
  EXPECT_FALSE(stored().empty());
  EXPECT_EQ(stored().block("three").size(), 2u);
  std::vector<std::string> keys;
  for (const Value& key : stored().keys()) keys.push_back(key.str());
  EXPECT_EQ(keys, (std::vector<std::string>{"one", "two", "three"}));
}

TEST_F(PipeTest, KeysOfPairsMayRepeatAndAnythingMayBeEmpty) {
  const std::vector<PlainBlock> blocks{
      {"", {{"", ""}, {"k", ""}, {"", "v"}, {"k", "again"}, {std::string("\0\n", 2), "\xff"}}}};
  store(blocks);
  EXPECT_EQ(contents(stored()), blocks);
}

TEST_F(PipeTest, EmptyBlocksAreReadLikeOthersCompressedOrNot) {
  const std::vector<PlainBlock> blocks{{"first", {}}, {"second", {{"k", "v"}}}, {"last", {}}};
  store(blocks);
  EXPECT_EQ(contents(stored()), blocks);
  EXPECT_EQ(stored().block("last").stored_bytes(), 0u);
  EXPECT_TRUE(stored().block("last").empty());
  database->transact([&](Transaction& txn) {
    auto raw = txn.create<Pipe>("raw", {.compression_level = 0});
    for (const PlainBlock& block : blocks) append_block(raw, block.key, block.pairs);
    EXPECT_EQ(contents(raw), blocks);
  });
}

TEST_F(PipeTest, EmptyPipeHasNoBlocks) {
  store({});
  EXPECT_EQ(stored().size(), 0u);
  EXPECT_TRUE(stored().begin() == stored().end());
  EXPECT_TRUE(stored().keys().empty());
  EXPECT_FALSE(stored().contains(""));
}

TEST_F(PipeTest, FirstAndAllFindValuesByTheirKey) {
  store({{"b", {{"x", "1"}, {"y", "2"}, {"x", "3"}, {"x", ""}}}});
  const Block block = stored().block("b");
  EXPECT_EQ(block.first("x")->text(), "1");
  EXPECT_EQ(block.first("none"), std::nullopt);
  std::vector<std::string> values;
  for (const Value& value : block.all("x")) values.push_back(value.str());
  EXPECT_EQ(values, (std::vector<std::string>{"1", "3", ""}));
  EXPECT_TRUE(block.all("none").empty());
}

/// Sizes around the steps in which blocks are written and read.
class PipeSizesTest : public PipeTest, public ::testing::WithParamInterface<int> {};

TEST_P(PipeSizesTest, LongKeysAndValuesComeBackWhole) {
  std::vector<PlainBlock> blocks;
  for (const std::size_t size : {1, 1000, 65'527, 65'528, 65'536, 65'537, 300'000}) {
    const std::string name = std::to_string(size);
    blocks.push_back({"text " + name, {{text(size), "v"}, {"k", text(size)}, {"end", "."}}});
    blocks.push_back({"noise " + name, {{"k", noise(size)}, {noise(size + 1), noise(size + 2)}}});
  }
  blocks.push_back({std::string(5000, 'k'), {{"k", "v"}}});
  store(blocks, {.compression_level = GetParam()});
  EXPECT_TRUE(contents(stored()) == blocks);
  for (const PlainBlock& block : blocks) {
    std::uint64_t raw = 0;
    for (const auto& [key, value] : block.pairs) raw += key.size() + value.size() + 8;
    EXPECT_EQ(stored().block(block.key).raw_bytes(), raw);
    EXPECT_LE(stored().block(block.key).stored_bytes(), raw + raw / 1000);
  }
}

INSTANTIATE_TEST_SUITE_P(Levels, PipeSizesTest, ::testing::Values(0, -7, 1, 3, 12),
                         [](const auto& level) {
                           return level.param < 0 ? "Fast" + std::to_string(-level.param)
                                                  : std::to_string(level.param);
                         });

TEST_F(PipeTest, BlockOfManyStepsIsWrittenAndReadAsAStream) {
  constexpr int kCount = 200'000;
  database->transact([](Transaction& txn) {
    BlockWriter block = txn.open<Pipe>("p").begin_block("many");
    for (int i = 0; i < kCount; ++i) block.append(std::to_string(i), text(i % 100));
    block.finish();
  });
  int i = 0;
  for (const auto [key, value] : stored().block("many")) {
    ASSERT_EQ(key.text(), std::to_string(i));
    ASSERT_EQ(value.text(), text(i % 100));
    ++i;
  }
  EXPECT_EQ(i, kCount);
  EXPECT_LT(stored().block("many").stored_bytes(), stored().block("many").raw_bytes() / 5);
}

TEST_F(PipeTest, BlockThatCompressionDoesNotShortenIsStoredAsItIs) {
  store({{"b", {{"k", noise(100)}}}});
  EXPECT_EQ(stored().block("b").stored_bytes(), stored().block("b").raw_bytes());
}

// ---- finding blocks

TEST_F(PipeTest, BlocksAreReadInAnyOrderAndReadingGoesOnFromThere) {
  store(kThree);
  EXPECT_EQ(contents(stored().block("three")), kThree[2].pairs);
  EXPECT_EQ(contents(stored().block("two")), kThree[1].pairs);
  std::vector<std::string> keys;
  for (auto it = stored().find("two"); it != std::default_sentinel; ++it) {
    keys.push_back(it->key().str());
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"two", "three"}));
}

TEST_F(PipeTest, UnknownBlockIsNotFoundAndNamed) {
  store(kThree);
  EXPECT_TRUE(fails(ErrorCode::not_found,
                    "/dir/test.quire: collection 'p': there is no block 'four'",
                    [&] { stored().block("four"); }));
  EXPECT_TRUE(stored().find("four") == stored().end());
  EXPECT_FALSE(stored().contains("four"));
  EXPECT_TRUE(stored().contains("one"));
}

TEST_F(PipeTest, BlockReadByHalfLeavesTheOthersAlone) {
  store(kThree);
  const PipeView pipe = stored();
  auto half = pipe.block("one").begin();
  EXPECT_EQ((*half).key.text(), "a");
  EXPECT_EQ(contents(pipe.block("two")), kThree[1].pairs);
  ++half;
  EXPECT_EQ((*half).value.text(), "2");
  EXPECT_EQ(contents(pipe), kThree);
}

TEST_F(PipeTest, BlocksAndValuesOutliveTheirSnapshot) {
  store(kThree);
  const Block block = *stored().find("two");
  EXPECT_EQ(block.key().text(), "two");
  const Value value = block.first("c").value();
  auto it = stored().begin();
  database->transact([](Transaction& txn) { txn.drop("p"); });
  EXPECT_EQ(contents(block), kThree[1].pairs);
  EXPECT_EQ(contents(*++it), kThree[1].pairs);
  database->close();
  EXPECT_EQ(value.text(), "3");
  EXPECT_THROW(contents(block), ClosedError);
  open();
}

TEST_F(PipeTest, SnapshotSeesTheBlocksOfItsMoment) {
  store(kThree);
  const PipeView before = stored();
  database->transact([](Transaction& txn) { txn.open<Pipe>("p").remove("one"); });
  store({{"four", {}}});
  EXPECT_EQ(contents(before), kThree);
  EXPECT_EQ(contents(stored()), (std::vector<PlainBlock>{kThree[1], kThree[2], {"four", {}}}));
}

// ---- adding and removing

TEST_F(PipeTest, PipeThatIsThereIsAppendedTo) {
  store({kThree[0]});
  close();
  open();
  store({kThree[1], kThree[2]});
  EXPECT_EQ(contents(stored()), kThree);
}

TEST_F(PipeTest, BlockOfAKeyThatIsThereIsRefusedAndNothingChanges) {
  store(kThree);
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  EXPECT_TRUE(fails(ErrorCode::key_exists,
                    "/dir/test.quire: collection 'p': there is a block 'two' already; remove it",
                    [&] { static_cast<void>(pipe.begin_block("two")); }));
  EXPECT_EQ(contents(pipe), kThree);
  append_block(pipe, "four", {});
  EXPECT_THROW(static_cast<void>(pipe.begin_block("four")), KeyExists);
  EXPECT_EQ(pipe.size(), 4u);
}

TEST_F(PipeTest, RemovedBlockIsGoneAndItsKeyFree) {
  store(kThree);
  database->transact([](Transaction& txn) {
    auto pipe = txn.open<Pipe>("p");
    EXPECT_TRUE(pipe.remove("two"));
    EXPECT_FALSE(pipe.remove("two"));
    EXPECT_FALSE(pipe.remove("none"));
    EXPECT_EQ(contents(pipe), (std::vector<PlainBlock>{kThree[0], kThree[2]}));
    append_block(pipe, "two", {{"new", "one"}});
  });
  EXPECT_EQ(contents(stored()),
            (std::vector<PlainBlock>{kThree[0], kThree[2], {"two", {{"new", "one"}}}}));
}

TEST_F(PipeTest, RemovedBlocksGiveTheirPagesBack) {
  store({{"keep", {{"k", noise(100'000)}}}});
  const std::uint64_t before = used_pages();
  store({{"a", {{"k", noise(400'000)}}}, {"b", {{"k", noise(400'000)}}}, {"c", {}}});
  EXPECT_GT(used_pages(), before + 190);
  const auto remove = [&](const char* key) {
    database->transact([&](Transaction& txn) { txn.open<Pipe>("p").remove(key); });
    database->checkpoint();
  };
  remove("a");
  EXPECT_LT(used_pages(), before + 110) << "in the middle";
  remove("c");
  remove("b");
  EXPECT_LE(used_pages(), before) << "at the end";
  EXPECT_EQ(stored().block("keep").first("k")->text(), noise(100'000));
}

TEST_F(PipeTest, ManyBlocksAreFoundWhateverWasRemoved) {
  database->transact([](Transaction& txn) {
    auto pipe = txn.open<Pipe>("p");
    for (int i = 0; i < 300; ++i) append_block(pipe, std::to_string(i), {{"n", std::to_string(i)}});
    for (int i = 0; i < 300; ++i) {
      if (i % 3 != 1) pipe.remove(std::to_string(i));
    }
  });
  for (int i = 1; i < 300; i += 3) {
    EXPECT_EQ(stored().block(std::to_string(i)).first("n")->text(), std::to_string(i));
  }
  EXPECT_EQ(stored().size(), 100u);
}

TEST_F(PipeTest, PairOfFourGibibytesIsRefusedAndTheBlockGoesOn) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  BlockWriter block = pipe.begin_block("b");
  const std::byte byte{};  // the rest is never looked at
  const ByteView long_one(&byte, std::size_t{1} << 32);
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "a value of 4294967296 bytes",
                    [&] { block.append("k", long_one); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "a key of 4294967296 bytes",
                    [&] { block.append(long_one, ""); }));
  block.append("k", "v");
  block.finish();
  EXPECT_EQ(contents(pipe), (std::vector<PlainBlock>{{"b", {{"k", "v"}}}}));
  txn.commit();
}

// ---- while a transaction goes on

TEST_F(PipeTest, BlockIsReadWhileAnotherIsWritten) {
  store({{"from", {{"k", text(200'000)}, {"l", noise(100'000)}}}});
  database->transact([](Transaction& txn) {
    auto pipe = txn.open<Pipe>("p");
    BlockWriter copy = pipe.begin_block("to");
    for (const auto [key, value] : pipe.block("from")) copy.append(key, value);
    copy.finish();
  });
  EXPECT_EQ(contents(stored().block("to")), contents(stored().block("from")));
}

TEST_F(PipeTest, BlockThatIsRemovedWhileItIsReadEndsTheReading) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  append_block(pipe, "b", {{"k", noise(100'000)}, {"l", noise(100'000)}});
  const Block block = pipe.block("b");
  auto it = block.begin();
  pipe.remove("b");
  append_block(pipe, "b", {{"k", noise(100'000)}, {"l", noise(100'000)}});
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "block 'b' was removed", [&] { ++it; }));
  EXPECT_THROW(contents(block), InvalidArgument);
  txn.commit();
}

TEST_F(PipeTest, SavepointThatIsReturnedToEndsTheReading) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  Savepoint before = txn.savepoint();
  append_block(pipe, "b", {{"k", noise(100'000)}, {"l", noise(100'000)}});
  auto it = pipe.block("b").begin();
  before.rollback();
  append_block(pipe, "b", {{"k", noise(100'000)}, {"l", noise(100'000)}});
  EXPECT_TRUE(fails(ErrorCode::invalid_argument,
                    "went back to a savepoint after block 'b' was opened", [&] { ++it; }));
  txn.commit();
}

TEST_F(PipeTest, BlockOfBeforeASavepointNeverShowsAnotherThatTookItsPlace) {
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p", {.compression_level = 0});
  Savepoint before = txn.savepoint();
  append_block(pipe, "b", {{"k", "one"}});
  const Block block = pipe.block("b");
  const Block first = *pipe.begin();
  before.rollback();
  append_block(pipe, "c", {{"k", "two"}});  // of the same number, place and sizes
  for (const Block& old : {block, first}) {
    EXPECT_TRUE(fails(ErrorCode::invalid_argument, "open it again", [&] { contents(old); }));
    EXPECT_THROW(old.first("k"), InvalidArgument);
  }
  EXPECT_EQ(contents(pipe.block("c")), (Pairs{{"k", "two"}}));
  txn.commit();
}

// ---- after a move

TEST_F(PipeTest, EveryCallOfWhatWasMovedFromIsRefused) {
  store(kThree);
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  PipeView view = pipe;
  PipeView::Iterator place = pipe.begin();
  Block block = *place;
  Block::Iterator pair = block.begin();
  BlockWriter writer = pipe.begin_block("new");
  Pipe moved_pipe = std::move(pipe);
  const PipeView moved_view = std::move(view);
  const PipeView::Iterator moved_place = std::move(place);
  const Block moved_block = std::move(block);
  const Block::Iterator moved_pair = std::move(pair);
  const BlockWriter moved_writer = std::move(writer);
  const std::function<void()> calls[] = {
      [&] { pipe.size(); },
      [&] { pipe.keys(); },
      [&] { pipe.options(); },
      [&] { pipe.remove("one"); },
      [&] { static_cast<void>(pipe.begin_block("four")); },
      [&] { view.contains("one"); },
      [&] { view.block("one"); },
      [&] { view.find("one"); },
      [&] { view.begin(); },
      [&] { ++place; },
      [&] { block.key(); },
      [&] { block.size(); },
      [&] { block.raw_bytes(); },
      [&] { block.stored_bytes(); },
      [&] { block.begin(); },
      [&] { block.first("a"); },
      [&] { ++pair; },
      [&] { writer.append("k", "v"); },
  };
  for (const auto& call : calls) EXPECT_TRUE(was_moved(call)) << &call - calls;
  EXPECT_EQ(view.name(), "");
  EXPECT_EQ(pipe.name(), "");
  EXPECT_EQ(moved_view.name(), "p");
  EXPECT_EQ(contents(moved_block), kThree[0].pairs);
}

TEST_F(PipeTest, AddingOrRemovingABlockEndsAnIterationOverBlocks) {
  store(kThree);
  Transaction txn = database->begin();
  auto pipe = txn.open<Pipe>("p");
  auto it = pipe.begin();
  ++it;
  append_block(pipe, "four", {});
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "collection 'p': a block was added or removed",
                    [&] { ++it; }));
  it = pipe.begin();
  pipe.remove("one");
  EXPECT_THROW(++it, InvalidArgument);
  txn.commit();
}

// ---- options

TEST_F(PipeTest, OptionsAreKeptAndAskedFor) {
  const std::string words = "some words that every block has";
  PipeOptions made_with{.compression_level = 5};
  made_with.dictionary.assign(ByteView(words).begin(), ByteView(words).end());
  store({}, made_with);
  EXPECT_EQ(stored().options().compression_level, 5);
  EXPECT_EQ(stored().options().dictionary, made_with.dictionary);
  Transaction txn = database->begin();
  EXPECT_EQ(txn.open<Pipe>("p", made_with).size(), 0u);
  EXPECT_TRUE(fails(ErrorCode::invalid_argument,
                    "/dir/test.quire: collection 'p': compression_level is 3, but the pipe was "
                    "made with 5",
                    [&] { txn.open<Pipe>("p", PipeOptions()); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "dictionary has 0 bytes, but",
                    [&] { txn.open<Pipe>("p", {.compression_level = 5}); }));
  made_with.dictionary[3] = std::byte{1};
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "another one, of 31 bytes",
                    [&] { txn.open<Pipe>("p", made_with); }));
}

TEST_F(PipeTest, LevelsAndDictionariesThatZstdDoesNotKnowAreRefused) {
  Transaction txn = database->begin();
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "collection 'p': compression_level is 23; it",
                    [&] { txn.open<Pipe>("p", {.compression_level = 23}); }));
  EXPECT_THROW(txn.open<Pipe>("p", {.compression_level = std::numeric_limits<int>::min()}),
               InvalidArgument);
  PipeOptions made_with;
  made_with.dictionary.resize((std::size_t{8} << 20) + 1);
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "dictionary has 8388609 bytes; it may have",
                    [&] { txn.open<Pipe>("p", made_with); }));
  made_with.dictionary.assign(100, std::byte{0});
  constexpr std::array kMagic{std::byte{0x37}, std::byte{0xa4}, std::byte{0x30}, std::byte{0xec}};
  std::copy(kMagic.begin(), kMagic.end(), made_with.dictionary.begin());
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, "but is damaged",
                    [&] { txn.open<Pipe>("p", made_with); }));
  EXPECT_EQ(txn.find<Pipe>("p"), std::nullopt);
  txn.commit();
}

std::string record(int number) {
  return "{\"name\": \"somebody\", \"address\": {\"street\": \"Long Street " +
         std::to_string(number * 7919 % 1000) +
         "\", \"town\": \"Here\"}, \"number\": " + std::to_string(number) + "}";
}

TEST_F(PipeTest, TrainedDictionaryMakesSmallBlocksShort) {
  std::vector<std::string> records;
  for (int i = 0; i < 2000; ++i) records.push_back(record(i));
  const std::vector<ByteView> samples(records.begin(), records.end());
  for (const int level : {3, 22}) {
    PipeOptions made_with{.compression_level = level};
    made_with.dictionary = Pipe::train_dictionary(samples, 2000);
    EXPECT_LE(made_with.dictionary.size(), 2000u);
    database->transact([&](Transaction& txn) {
      txn.drop("p");
      txn.drop("without");
      auto with = txn.open<Pipe>("p", made_with);
      auto without = txn.open<Pipe>("without", {.compression_level = level});
      for (Pipe* pipe : {&with, &without}) append_block(*pipe, "b", {{"k", record(5000)}});
      EXPECT_LT(2 * with.block("b").stored_bytes(), without.block("b").stored_bytes());
      append_block(with, "long", {{"k", text(500'000)}});
      EXPECT_EQ(with.block("long").first("k")->text(), text(500'000));
    });
    close();
    open();
    EXPECT_EQ(contents(stored().block("b")), (Pairs{{"k", record(5000)}}));
  }
}

TEST_F(PipeTest, TooFewSamplesForADictionaryAreExplained) {
  const std::vector<ByteView> samples{"one", "two"};
  EXPECT_TRUE(fails(ErrorCode::invalid_argument,
                    "zstd cannot make a dictionary of 112640 bytes from 2 samples of 6 bytes",
                    [&] { Pipe::train_dictionary(samples); }));
  EXPECT_THROW(Pipe::train_dictionary({}), InvalidArgument);
  EXPECT_THROW(Pipe::train_dictionary(samples, std::size_t{1} << 40), InvalidArgument);
  EXPECT_THROW(Pipe::train_dictionary(samples, 0), InvalidArgument);
}

// ---- as a collection among others

struct OuterOptions {};
struct OuterView {
  explicit OuterView(const ReadScope& scope) : scope_(scope) {}
  PipeView pipe() const { return scope_.child<Pipe>("inner"); }
  ReadScope scope_;
};
struct Outer : OuterView {
  static constexpr std::string_view kKind = "test.outer";
  using View = OuterView;
  using Options = OuterOptions;
  Outer(WriteScope& scope, const OuterOptions&)
      : OuterView(scope), writable(scope.child<Pipe>("inner", {.compression_level = 0})) {}
  Pipe writable;
};

TEST_F(PipeTest, MayBeAChildOfAnotherCollection) {
  database->transact([](Transaction& txn) {
    auto outer = txn.open<Outer>("outer");
    append_block(outer.writable, "b", {{"k", "v"}});
  });
  const auto outer = database->snapshot().open<Outer>("outer");
  EXPECT_EQ(contents(outer.pipe()), (std::vector<PlainBlock>{{"b", {{"k", "v"}}}}));
  EXPECT_EQ(outer.pipe().name(), "inner");
  EXPECT_TRUE(fails(ErrorCode::not_found, "collection 'outer/inner': there is no block",
                    [&] { outer.pipe().block("none"); }));
}

TEST_F(PipeTest, IsDroppedRenamedAndRolledBackAsAWhole) {
  store(kThree);
  Transaction txn = database->begin();
  txn.rename("p", "q");
  auto pipe = txn.open<Pipe>("q");
  append_block(pipe, "four", {});
  EXPECT_EQ(pipe.size(), 4u);
  txn.drop("q");
  EXPECT_THROW(pipe.size(), NotFound);
  txn.rollback();
  EXPECT_THROW(pipe.size(), ClosedError);
  EXPECT_EQ(contents(stored()), kThree);
  EXPECT_THROW(database->snapshot().open<Hash>("p"), TypeMismatch);
}

}  // namespace
}  // namespace quire::testing
