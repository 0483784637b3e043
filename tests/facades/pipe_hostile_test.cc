// The children of a pipe hold bytes that no pipe has written. A collection of the same kind opens
// them as what they are, a blob, a list and a hash, and damages them.

#include <zstd.h>

#include <array>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "facades/format_bytes.h"
#include "facades/pipe_format.h"
#include "tests/support/budget.h"
#include "tests/support/database_test.h"
#include "tests/support/pipe_content.h"

namespace quire::testing {
namespace {

using facades::format_bytes;
using facades::PipeEntry;
using facades::PipeSettings;
using facades::PipeState;

struct ImpostorOptions {};
struct ImpostorView {
  explicit ImpostorView(const ReadScope&) {}
};
/// Whatever is stored as a pipe.
struct Impostor : ImpostorView {
  static constexpr std::string_view kKind = Pipe::kKind;
  using View = ImpostorView;
  using Options = ImpostorOptions;
  Impostor(WriteScope& made_in, const ImpostorOptions&) : ImpostorView(made_in), scope(made_in) {}

  Blob content() { return scope.child<Blob>("content"); }
  List order() { return scope.child<List>("order"); }
  Hash keys() { return scope.child<Hash>("keys"); }
  Blob state() { return scope.child<Blob>("state"); }
  Blob dictionary() { return scope.child<Blob>("dictionary"); }

  PipeEntry entry(std::uint64_t index) {
    return facades::read_format<PipeEntry>(order().at(index).data());
  }
  void set_entry(std::uint64_t index, const PipeEntry& entry) {
    const Value old = order().at(index);
    order().set(index, format_bytes(entry).str() + old.view().sub(sizeof entry).str());
  }
  void set_settings(const PipeSettings& settings) { scope.set_options(format_bytes(settings)); }

  WriteScope scope;
};

class Problems : public CheckSink {
 public:
  void problem(const std::string& what) override { all.push_back(what); }
  bool deep() const override { return true; }
  std::vector<std::string> all;
};

std::string words() {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "word " + std::to_string(i % 17) + " ";
  return text;
}

std::vector<PlainBlock> blocks() {
  return {{"one", {{"a", words()}, {"b", "2"}}},
          {"two", {{"c", "3"}}},  // too short to be compressed
          {"three", {{"k", words() + words()}, {"", ""}}}};
}

class PipeHostileTest : public DatabaseTest {
 protected:
  PipeHostileTest() {
    PipeOptions made_with;
    const std::string text = "word 1 word 2 word 3";
    made_with.dictionary.assign(ByteView(text).begin(), ByteView(text).end());
    open().transact([&](Transaction& txn) {
      auto pipe = txn.create<Pipe>("p", made_with);
      for (const PlainBlock& block : blocks()) append_block(pipe, block.key, block.pairs);
    });
  }

  /// Damages the pipe, and undoes that after `look`.
  void with_damage(const std::function<void(Impostor&)>& damage,
                   const std::function<void(Transaction&)>& look) {
    Transaction txn = database->begin();
    auto impostor = txn.open<Impostor>("p");
    damage(impostor);
    look(txn);
  }

  /// What check() says of it: an error is a problem too.
  static std::vector<std::string> problems(Transaction& txn) {
    Problems found;
    try {
      Pipe::check(txn.open<Pipe>("p"), found);
    } catch (const CorruptionError& error) {
      found.all.push_back(std::string(error.message()));
    }
    return found.all;
  }

  /// Everything that can be done with a pipe; any error but the library's own crashes the test.
  static void use(Transaction& txn) {
    const auto attempt = [](const auto& fn) {
      try {
        fn();
      } catch (const Error&) {
        // The damage, or that an earlier attempt has ended the transaction.
      }
    };
    attempt([&] { contents(txn.open<Pipe>("p")); });
    for (const PlainBlock& block : blocks()) {
      attempt([&] { contents(txn.open<Pipe>("p").block(block.key)); });
      attempt([&] { txn.open<Pipe>("p").find(block.key); });
    }
    attempt([&] {
      auto pipe = txn.open<Pipe>("p");
      append_block(pipe, "new", {{"k", words()}});
    });
    attempt([&] { txn.open<Pipe>("p").options(); });
    for (const PlainBlock& block : blocks()) {
      attempt([&] { txn.open<Pipe>("p").remove(block.key); });
    }
  }

  /// `text` is in a problem that check() finds.
  void expect_problem(const std::string& text, const std::function<void(Impostor&)>& damage) {
    with_damage(damage, [&](Transaction& txn) {
      const std::vector<std::string> found = problems(txn);
      std::string all;
      for (const std::string& problem : found) all += problem + "\n";
      EXPECT_NE(all.find(text), std::string::npos) << "expected: " << text << "\nfound: " << all;
      use(txn);
    });
  }
  /// The same, and reading the blocks in their order meets it as CorruptionError.
  void expect_damage(const std::string& text, const std::function<void(Impostor&)>& damage) {
    expect_problem(text, damage);
    with_damage(damage, [&](Transaction& txn) {
      try {
        contents(txn.open<Pipe>("p"));
        ADD_FAILURE() << "was read: " << text;
      } catch (const CorruptionError& error) {
        EXPECT_EQ(error.collection(), "p");
        EXPECT_EQ(error.file(), kPath);
        EXPECT_NE(error.message().find(text), std::string::npos) << error.what();
      }
    });
  }
  void expect_damaged_entry(const std::string& text,
                            const std::function<void(PipeEntry&)>& change) {
    expect_damage(text, [&](Impostor& pipe) {
      PipeEntry entry = pipe.entry(2);
      change(entry);
      pipe.set_entry(2, entry);
    });
  }
};

// ---- what check() leaves alone

TEST_F(PipeHostileTest, NothingIsWrongBefore) {
  with_damage([](Impostor&) {},
              [](Transaction& txn) {
                EXPECT_EQ(problems(txn), std::vector<std::string>());
                EXPECT_EQ(contents(txn.open<Pipe>("p")), blocks());
              });
}

TEST_F(PipeHostileTest, TailBehindTheLastBlockIsNoProblemAndGoes) {
  with_damage([](Impostor& pipe) { pipe.content().append(std::string(50'000, 't')); },
              [](Transaction& txn) {
                EXPECT_EQ(problems(txn), std::vector<std::string>());
                auto pipe = txn.open<Pipe>("p");
                append_block(pipe, "new", {});
                EXPECT_EQ(problems(txn), std::vector<std::string>());
                const Blob content = txn.open<Impostor>("p").content();
                EXPECT_LT(content.size(), 10'000u);
              });
}

// ---- options and dictionary

TEST_F(PipeHostileTest, OptionsThatAreNotThoseOfAPipeAreDamage) {
  expect_damage("options: length: expected 12 bytes, found 3",
                [](Impostor& pipe) { pipe.scope.set_options("abc"); });
  expect_damage("options: version: expected 1 (this program knows no other), found 2",
                [](Impostor& pipe) {
                  pipe.set_settings({2, 3, 20});
                });
  expect_damage("options: compression_level", [](Impostor& pipe) {
    pipe.set_settings({1, 23, 20});
  });
  expect_damage("options: compression_level", [](Impostor& pipe) {
    pipe.set_settings({1, std::uint32_t{1} << 31, 20});
  });
  expect_damage("options: dictionary_bytes", [](Impostor& pipe) {
    pipe.set_settings({1, 3, UINT32_MAX});
  });
}

TEST_F(PipeHostileTest, DictionaryThatIsNotAsSaidIsDamage) {
  expect_damage("child 'dictionary': length: expected 20 bytes, found 1099511627776 bytes",
                [](Impostor& pipe) { pipe.dictionary().resize(std::uint64_t{1} << 40); });
  expect_damage("child 'dictionary': content",
                [](Impostor& pipe) { pipe.dictionary().write(0, ByteView("\x37\xa4\x30\xec")); });
  expect_damage("block 'one': content", [](Impostor& pipe) { pipe.set_settings({1, 3, 0}); });
}

// ---- the list of blocks

TEST_F(PipeHostileTest, ItemThatIsTooShortIsDamage) {
  for (const std::size_t size : {0, 1, 40}) {
    expect_damage("child 'order', item 2: length",
                  [&](Impostor& pipe) { pipe.order().set(2, ByteView(std::string(size, '\0'))); });
  }
}

TEST_F(PipeHostileTest, BlockOutsideTheContentIsDamage) {
  const std::string text = "child 'order', item 2: stored_bytes: expected a block within the";
  for (const std::uint64_t offset : {std::uint64_t{1'000'000}, UINT64_MAX, UINT64_MAX - 100}) {
    expect_damaged_entry(text, [&](PipeEntry& entry) { entry.offset = offset; });
  }
  for (const std::uint64_t size : {std::uint64_t{1'000'000}, UINT64_MAX, UINT64_MAX / 2}) {
    expect_damaged_entry(text, [&](PipeEntry& entry) { entry.stored_bytes = size; });
  }
  expect_damage(text, [](Impostor& pipe) { pipe.content().resize(pipe.content().size() - 1); });
}

TEST_F(PipeHostileTest, SizesAndCountsThatTheBytesDoNotHaveAreDamage) {
  expect_damaged_entry("item 2: form: expected 0 or 1, found 2",
                       [](PipeEntry& entry) { entry.form = 2; });
  expect_damaged_entry("item 2: raw_bytes", [](PipeEntry& entry) { entry.raw_bytes = UINT64_MAX; });
  expect_damaged_entry("item 2: raw_bytes", [](PipeEntry& entry) { entry.form = 0; });
  expect_damaged_entry("item 2: pairs", [](PipeEntry& entry) { entry.pairs = entry.raw_bytes; });
  expect_damaged_entry("block 'three': content: expected", [](PipeEntry& entry) {
    entry.raw_bytes = entry.raw_bytes + 8, entry.pairs = entry.pairs + 1;
  });
  expect_damaged_entry("block 'three': pair 1 length",
                       [](PipeEntry& entry) { entry.raw_bytes = entry.raw_bytes - 1; });
  expect_damaged_entry("block 'three': pair 2 length",
                       [](PipeEntry& entry) { entry.pairs = entry.pairs + 1; });
  expect_damaged_entry("block 'three': pairs",
                       [](PipeEntry& entry) { entry.pairs = entry.pairs - 1; });
  expect_damaged_entry("block 'three': pairs", [](PipeEntry& entry) { entry.pairs = 0; });
  expect_damaged_entry("block 'three': content",
                       [](PipeEntry& entry) { entry.stored_bytes = entry.stored_bytes - 1; });
  expect_damage("block 'three': stored_bytes: expected the length of the zstd frame",
                [](Impostor& pipe) {
                  pipe.content().append("x");
                  PipeEntry entry = pipe.entry(2);
                  entry.stored_bytes = entry.stored_bytes + 1;
                  pipe.set_entry(2, entry);
                });
}

TEST_F(PipeHostileTest, BlocksThatOverlapOrAreOutOfOrderAreProblems) {
  expect_problem("block 'two': begins at 0, within the one before it", [](Impostor& pipe) {
    PipeEntry entry = pipe.entry(1);
    entry.offset = 0;
    pipe.set_entry(1, entry);
  });
}

TEST_F(PipeHostileTest, IdsThatDoNotAscendAreDamageToEveryReader) {
  expect_damage("child 'order', item 1: id: expected at least 2, found 0", [](Impostor& pipe) {
    const Value first = pipe.order().at(0);
    pipe.order().erase(0);
    pipe.order().insert(1, first);
  });
  expect_damaged_entry("child 'order', item 2: id: expected at least 2, found 0",
                       [](PipeEntry& entry) { entry.id = 0; });
  const auto with_first_id_of_9 = [](Impostor& pipe) {
    PipeEntry entry = pipe.entry(0);
    entry.id = 9;
    pipe.set_entry(0, entry);
  };
  expect_damage("child 'order', item 1: id: expected at least 10, found 1", with_first_id_of_9);
  with_damage(with_first_id_of_9, [](Transaction& txn) {
    auto pipe = txn.open<Pipe>("p");
    EXPECT_EQ(contents(*pipe.begin()), blocks()[0].pairs) << "itself it is sound";
    EXPECT_THROW(pipe.find("one"), CorruptionError);
  });
}

TEST_F(PipeHostileTest, IdsThatDoNotAscendAreDamageInASnapshot) {
  Transaction txn = database->begin();
  auto impostor = txn.open<Impostor>("p");
  for (const std::uint64_t index : {0, 1}) {
    PipeEntry entry = impostor.entry(index);
    entry.id = 7;
    impostor.set_entry(index, entry);
  }
  txn.commit();
  const auto pipe = database->snapshot().open<Pipe>("p");
  EXPECT_EQ(contents(*pipe.begin()), blocks()[0].pairs) << "nothing can have removed it";
  EXPECT_THROW(contents(pipe), CorruptionError);
  checks_at_end = false;
}

// ---- keys and state

TEST_F(PipeHostileTest, KeyThatLeadsElsewhereIsAProblem) {
  std::array<std::byte, 8> id{};
  expect_problem("child 'keys', key 'two': length: expected 8 bytes, found 3 bytes",
                 [](Impostor& pipe) { pipe.keys().put("two", "abc"); });
  id[0] = std::byte{77};
  expect_problem("child 'keys', key 'two': id: expected that of a block, found 77",
                 [&](Impostor& pipe) { pipe.keys().put("two", id); });
  id[7] = std::byte{0xff};
  expect_problem("child 'keys', key 'two': id: expected that of a block",
                 [&](Impostor& pipe) { pipe.keys().put("two", id); });
  id = {};
  expect_problem("child 'keys', key 'two': id: expected that of the block of this key, found 0",
                 [&](Impostor& pipe) { pipe.keys().put("two", id); });
  expect_problem("block 'two': its key leads to no block",
                 [](Impostor& pipe) { pipe.keys().erase("two"); });
  expect_problem("3 blocks, but 4 keys", [&](Impostor& pipe) { pipe.keys().put("four", id); });
}

TEST_F(PipeHostileTest, StateThatIsNotOneIsAProblemAndStopsWriting) {
  const auto expect_stopped = [&](const std::string& text,
                                  const std::function<void(Impostor&)>& damage) {
    expect_problem(text, damage);
    with_damage(damage, [](Transaction& txn) {
      auto pipe = txn.open<Pipe>("p");
      EXPECT_EQ(contents(pipe), blocks()) << "reading does not need it";
      EXPECT_THROW(static_cast<void>(pipe.begin_block("new")), CorruptionError);
    });
  };
  expect_stopped("child 'state': length: expected 24 bytes, found 23 bytes",
                 [](Impostor& pipe) { pipe.state().resize(23); });
  expect_stopped("child 'state': length",
                 [](Impostor& pipe) { pipe.state().resize(std::uint64_t{1} << 40); });
  expect_stopped("the next block would have id 2, the last one has 2", [](Impostor& pipe) {
    pipe.state().write(0, format_bytes(PipeState{2, 0, 0}));
  });
}

TEST_F(PipeHostileTest, LastIdOfAllIsRefusedBeforeItIsUsed) {
  with_damage(
      [](Impostor& pipe) {
        pipe.state().write(0, format_bytes(PipeState{UINT64_MAX, 0, 0}));
      },
      [](Transaction& txn) {
        auto pipe = txn.open<Pipe>("p");
        EXPECT_THROW(static_cast<void>(pipe.begin_block("new")), CorruptionError);
      });
}

// ---- the bytes of blocks

TEST_F(PipeHostileTest, PairThatIsLongerThanItsBlockIsDamageAndNotAllocated) {
  // Block 'two' is stored as it is: {u32 1, "c", u32 1, "3"}.
  const auto with_byte = [&](std::uint64_t at, unsigned char byte) {
    return [=](Impostor& pipe) {
      pipe.content().set(pipe.entry(1).offset + at, static_cast<std::byte>(byte));
    };
  };
  expect_damage("block 'two': pair 0 length: expected at most the 10 bytes", with_byte(3, 0xff));
  expect_damage("block 'two': pair 0 length: expected at most the 10 bytes", with_byte(0, 3));
  expect_damage("block 'two': pair 0 length: expected at most the 10 bytes", with_byte(8, 0xff));
  expect_damage("block 'two': pairs: expected as many as fill 10 bytes, found 1 bytes more",
                with_byte(5, 0));
}

TEST_F(PipeHostileTest, FrameThatHoldsMoreThanSaidIsNotUnpackedToItsEnd) {
  const std::string zeros(std::size_t{64} << 20, '\0');
  std::string bomb(ZSTD_compressBound(zeros.size()), '\0');
  bomb.resize(ZSTD_compress(bomb.data(), bomb.size(), zeros.data(), zeros.size(), 3));
  expect_damage("block 'three': content: expected 16 raw bytes, found more", [&](Impostor& pipe) {
    PipeEntry entry = pipe.entry(2);
    pipe.content().write(entry.offset, bomb);
    entry.stored_bytes = bomb.size();
    entry.raw_bytes = 16;  // two pairs of nothing
    entry.pairs = 2;
    pipe.set_entry(2, entry);
  });
}

TEST_F(PipeHostileTest, AnyByteOfTheContentMayBeAnother) {
  Transaction txn = database->begin();
  auto impostor = txn.open<Impostor>("p");
  const std::uint64_t size = impostor.content().size();
  int refused = 0;
  for (std::uint64_t at = 0; at < size; ++at) {
    Savepoint before = txn.savepoint();
    impostor.content().set(at, impostor.content().at(at) ^ std::byte{0x10});
    if (!problems(txn).empty()) ++refused;
    before.rollback();
  }
  EXPECT_GT(refused, 20) << "of the rest, pairs of other bytes are read: the pages have sums";
}

TEST_F(PipeHostileTest, RandomBytesInAllChildrenNeverDoHarm) {
  std::mt19937_64 random(1);
  Transaction txn = database->begin();
  const auto flip = [&](std::string bytes) {
    if (bytes.empty() || random() % 10 == 0) bytes.resize(random() % 100);
    for (int i = 0; i < 3 && !bytes.empty(); ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random() % 4 == 0 ? random() : 255);
    }
    return bytes;
  };
  const int rounds = kIsSanitized ? 300 : 2000;
  for (int round = 0; round < rounds; ++round) {
    Savepoint before = txn.savepoint();
    auto pipe = txn.open<Impostor>("p");
    for (Blob blob : {pipe.content(), pipe.state()}) {
      if (random() % 2 == 0) blob.write(0, flip(contents(blob)));
    }
    const std::uint64_t index = random() % 3;
    if (random() % 2 == 0) pipe.order().set(index, flip(pipe.order().at(index).str()));
    const std::string key = blocks()[index].key;
    if (random() % 2 == 0) pipe.keys().put(key, flip(pipe.keys().get(key)->str()));
    problems(txn);
    use(txn);
    before.rollback();
  }
  EXPECT_EQ(contents(txn.open<Pipe>("p")), blocks());
}

}  // namespace
}  // namespace quire::testing
