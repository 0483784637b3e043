#include <functional>
#include <optional>
#include <stdexcept>

#include "engine/recovery.h"
#include "tests/engine/file_database_test.h"

// Names, kinds, offsets, options and orders of calls that are the caller's mistake: each is an
// error that tells which value is wrong, and changes nothing, so that the transaction may go on.

namespace quire {
namespace {

using namespace std::string_literals;

class BadArgumentTest : public testing::FileDatabaseTest {
 protected:
  BadArgumentTest() {
    make_clean();
    database.emplace(Database::open(path, options));
  }

  void TearDown() override {
    expect_content(*database, 1);
    database->close();
    expect_content(1);
  }

  ::testing::AssertionResult invalid(std::initializer_list<std::string_view> texts,
                                     const std::function<void()>& call) const {
    return fails(ErrorCode::invalid_argument, texts, call);
  }

  /// Whether every call that takes a name refuses this one, with these words.
  void expect_refused(const std::string& name, std::initializer_list<std::string_view> texts) {
    const Snapshot snapshot = database->snapshot();
    Transaction transaction = database->begin();
    EXPECT_TRUE(invalid(texts, [&] { snapshot.open<Hash>(name); }));
    EXPECT_TRUE(invalid(texts, [&] { snapshot.find<Hash>(name); }));
    EXPECT_TRUE(invalid(texts, [&] { transaction.open<Hash>(name); }));
    EXPECT_TRUE(invalid(texts, [&] { transaction.find<Hash>(name); }));
    EXPECT_TRUE(invalid(texts, [&] { transaction.create<Hash>(name); }));
    EXPECT_TRUE(invalid(texts, [&] { transaction.drop(name); }));
    EXPECT_TRUE(invalid(texts, [&] { transaction.rename("table", name); }));
    EXPECT_TRUE(invalid(texts, [&] { transaction.rename(name, "new"); }));
    EXPECT_EQ(transaction.commit(), snapshot.seq()) << "nothing was changed";
  }

  std::optional<Database> database;
};

TEST_F(BadArgumentTest, RefusesAnEmptyPath) {
  for (const Options& how : {options, read_only()}) {
    try {
      Database::open("", how);
      ADD_FAILURE() << "opened";
    } catch (const InvalidArgument& error) {
      EXPECT_NE(std::string(error.what()).find("path"), std::string::npos) << error.what();
    }
  }
}

// ---- names

TEST_F(BadArgumentTest, RefusesAnEmptyName) { expect_refused("", {"''", "is empty"}); }

TEST_F(BadArgumentTest, RefusesANameThatIsTooLongAndShowsItsBeginning) {
  expect_refused(std::string(256, 'n'), {std::string(20, 'n') + "...'", "256 bytes"});
  expect_refused(std::string(1'000'000, 'n'), {"...'", "1000000 bytes"});
}

TEST_F(BadArgumentTest, RefusesANameWithAByte0) {
  expect_refused("one\0two"s, {"'one\\x00two'", "byte 0"});
  expect_refused("\0"s, {"byte 0"});
}

TEST_F(BadArgumentTest, RefusesANameThatIsNotUtf8) {
  for (const std::string name :
       {"\x80", "caf\xe9", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    expect_refused(name, {"'" + name + "'", "not UTF-8"});
  }
}

TEST_F(BadArgumentTest, TakesEveryNameThatIsUtf8OfUpTo255Bytes) {
  const std::string names[] = {"n",           std::string(255, 'n'), "\x01\n\x7f",
                               "caf\xc3\xa9", "\xf0\x9f\xa6\x84",    "-wal.000001",
                               "../shop"};
  database->transact([&](Transaction& transaction) {
    for (const std::string& name : names) transaction.create<Hash>(name).put("name", name);
  });
  const Snapshot snapshot = database->snapshot();
  for (const std::string& name : names) {
    EXPECT_EQ(snapshot.open<Hash>(name).get("name")->str(), name);
  }
  database->transact([&](Transaction& transaction) {
    for (const std::string& name : names) EXPECT_TRUE(transaction.drop(name));
  });
}

TEST_F(BadArgumentTest, NamesTheCollectionThatIsMissing) {
  const Snapshot snapshot = database->snapshot();
  EXPECT_TRUE(fails(ErrorCode::not_found, {"'nowhere'"}, [&] { snapshot.open<Hash>("nowhere"); }));
  EXPECT_FALSE(snapshot.find<Hash>("nowhere"));
  Transaction transaction = database->begin();
  EXPECT_FALSE(transaction.find<Blob>("nowhere"));
  EXPECT_FALSE(transaction.drop("nowhere"));
  EXPECT_TRUE(fails(ErrorCode::not_found, {"'nowhere'"},
                    [&] { transaction.rename("nowhere", "somewhere"); }));
}

TEST_F(BadArgumentTest, NamesTheCollectionThatIsThereAlready) {
  Transaction transaction = database->begin();
  EXPECT_TRUE(
      fails(ErrorCode::key_exists, {"'table'"}, [&] { transaction.create<Hash>("table"); }));
  EXPECT_TRUE(
      fails(ErrorCode::key_exists, {"'bytes'"}, [&] { transaction.rename("table", "bytes"); }));
  transaction.commit();
}

// ---- kinds

TEST_F(BadArgumentTest, RefusesACollectionOfAnotherKind) {
  const Snapshot snapshot = database->snapshot();
  Transaction transaction = database->begin();
  const auto mismatch = [&](std::string_view name, const std::function<void()>& call) {
    EXPECT_TRUE(fails(ErrorCode::type_mismatch, {name, "hash", "blob"}, call));
  };
  mismatch("'table'", [&] { snapshot.open<Blob>("table"); });
  mismatch("'table'", [&] { snapshot.find<Blob>("table"); });
  mismatch("'table'", [&] { transaction.open<Blob>("table"); });
  mismatch("'table'", [&] { transaction.find<Blob>("table"); });
  mismatch("'bytes'", [&] { snapshot.open<Hash>("bytes"); });
  mismatch("'bytes'", [&] { transaction.open<Hash>("bytes"); });
  mismatch("'bytes'", [&] { transaction.create<Hash>("bytes"); });
  EXPECT_EQ(transaction.commit(), snapshot.seq());
}

// ---- offsets

TEST_F(BadArgumentTest, RefusesPlacesBeyondABlobAndNamesIt) {
  const BlobView bytes = database->snapshot().open<Blob>("bytes");
  Transaction transaction = database->begin();
  Blob changed = transaction.open<Blob>("bytes");
  const std::function<void()> calls[] = {
      [&] { bytes.at(30'000); },
      [&] { bytes.at(UINT64_MAX); },
      [&] { bytes.view(29'999, 2); },
      [&] { bytes.view(UINT64_MAX, 2); },
      [&] { bytes.view(1, SIZE_MAX); },
      [&] { bytes.chunks(0, 30'001); },
      [&] { bytes.chunks(30'001, UINT64_MAX); },
      [&] { changed.set(30'000, std::byte{1}); },
  };
  for (const auto& call : calls) EXPECT_THROW(call(), std::out_of_range);
  EXPECT_EQ(transaction.commit(), database->snapshot().seq());
}

TEST_F(BadArgumentTest, RefusesABlobBeyondItsGreatestSize) {
  Transaction transaction = database->begin();
  Blob bytes = transaction.open<Blob>("bytes");
  const std::uint64_t beyond = std::uint64_t{1} << 63;
  EXPECT_TRUE(invalid({"'bytes'"}, [&] { bytes.write(beyond, "x"); }));
  EXPECT_TRUE(invalid({"'bytes'"}, [&] { bytes.write(beyond - 1, "xx"); }));
  EXPECT_TRUE(invalid({"'bytes'"}, [&] { bytes.write(UINT64_MAX, "x"); }));
  EXPECT_TRUE(invalid({"'bytes'"}, [&] { bytes.resize(beyond); }));
  EXPECT_EQ(bytes.size(), 30'000u);
  transaction.commit();
}

// ---- orders of calls

TEST_F(BadArgumentTest, RefusesASecondTransactionOfTheSameThread) {
  Transaction transaction = database->begin();
  const std::string_view why = "would wait for itself";
  EXPECT_TRUE(invalid({why}, [&] { database->begin(); }));
  EXPECT_TRUE(invalid({why}, [&] { database->try_begin(std::chrono::seconds(1)); }));
  EXPECT_TRUE(invalid({why}, [&] { store(*database, 2); }));
  transaction.open<Hash>("table").put("key 7", "value 7001");
  transaction.commit();
}

TEST_F(BadArgumentTest, EndsAnIterationWhenTheTableIsChanged) {
  Transaction transaction = database->begin();
  Hash table = transaction.open<Hash>("table");
  HashView::Iterator entry = table.begin();
  table.put("new", "value");
  EXPECT_TRUE(invalid({"'table'", "changed during an iteration"}, [&] { ++entry; }));
  transaction.rollback();
}

TEST_F(BadArgumentTest, RefusesToChangeATableInsideItsOwnUpdate) {
  Transaction transaction = database->begin();
  Hash table = transaction.open<Hash>("table");
  const std::function<void()> mutators[] = {
      [&] { table.put("key 8", "new"); },
      [&] { table.insert("new", "new"); },
      [&] {
        table.put_many(std::map<std::string, std::string>{{"key 8", "new"}});
      },
      [&] { table.append("key 8", "new"); },
      [&] { table.erase("key 8"); },
      [&] { table.clear(); },
      [&] { table.update("key 8", [](std::span<std::byte>) {}); },
  };
  for (const auto& mutator : mutators) {
    EXPECT_TRUE(invalid({"'table'", "update()"},
                        [&] { table.update("key 7", [&](std::span<std::byte>) { mutator(); }); }));
  }
  transaction.commit();
}

TEST_F(BadArgumentTest, RefusesToUpdateATableThatGoesMeanwhile) {
  Transaction transaction = database->begin();
  Hash table = transaction.open<Hash>("table");
  const auto update_during = [&](const std::function<void()>& change) {
    table.update("key 7", [&](std::span<std::byte> value) {
      value[0] = std::byte{'X'};
      change();
    });
  };
  EXPECT_THROW(update_during([&] { transaction.drop("table"); }), Error);
  transaction.rollback();
  transaction = database->begin();
  table = transaction.open<Hash>("table");
  EXPECT_THROW(update_during([&] { transaction.commit(); }), ClosedError);
}

TEST_F(BadArgumentTest, KeepsTheOldValueWhenAnUpdateThrows) {
  Transaction transaction = database->begin();
  Hash table = transaction.open<Hash>("table");
  EXPECT_THROW(table.update("key 7",
                            [&](std::span<std::byte> value) {
                              value[0] = std::byte{'X'};
                              throw std::runtime_error("changed my mind");
                            }),
               std::runtime_error);
  EXPECT_EQ(table.get("key 7")->text(), "value 7001");
  table.put("key 8", "value 8001");  // no longer inside the update
  transaction.commit();
}

TEST_F(BadArgumentTest, RollsBackWhatAThrowingFunctionHasChanged) {
  EXPECT_THROW(database->transact([](Transaction& transaction) {
    transaction.open<Hash>("table").clear();
    transaction.drop("bytes");
    throw std::runtime_error("changed my mind");
  }),
               std::runtime_error);
}

// ---- options

class BadOptionTest : public testing::FileDatabaseTest {
 protected:
  ::testing::AssertionResult invalid(std::string_view option, const Options& changed) const {
    return open_fails(ErrorCode::invalid_argument, {option, "must be"}, changed);
  }
};

TEST_F(BadOptionTest, RefusesACacheThatIsTooSmall) {
  for (const std::size_t size : {std::size_t{0}, (std::size_t{64} << 10) - 1}) {
    options.cache_size = size;
    EXPECT_TRUE(invalid("cache_size is " + std::to_string(size), options));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory)) << "nothing was created";
}

TEST_F(BadOptionTest, RefusesASegmentSizeThatNoLogCanHave) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{60} << 10, (std::size_t{64} << 10) + 1,
                                 std::size_t{4} << 30, SIZE_MAX}) {
    options.wal_segment_size = size;
    EXPECT_TRUE(invalid("wal_segment_size is " + std::to_string(size), options));
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory));
}

TEST_F(BadOptionTest, WorksWithTheLeastOfEverything) {
  options.cache_size = std::size_t{64} << 10;
  options.wal_segment_size = std::size_t{64} << 10;
  options.wal_limit = 0;
  {
    Database database = Database::open(path, options);
    for (int generation = 1; generation <= 4; ++generation) store(database, generation);
    expect_content(database, 4);
  }
  expect_content(4);
}

TEST_F(BadOptionTest, WorksWithTheMostOfEverything) {
  options.cache_size = SIZE_MAX;
  options.wal_segment_size = (std::size_t{4} << 30) - 4096;
  options.wal_limit = SIZE_MAX;
  {
    Database database = Database::open(path, options);
    store(database, 1);
    expect_content(database, 1);
  }
  expect_content(Database::open(path, read_only()), 1);
  expect_content(1);
}

TEST_F(BadOptionTest, NoLogIsTooLongWhereTheLimitIsTooGreatToBeDoubled) {
  for (const std::size_t limit : {std::size_t{1} << 63, SIZE_MAX / 2 + 2, SIZE_MAX}) {
    options.wal_limit = limit;
    Database database = Database::open(path, options);
    for (int generation = 1; generation <= 3; ++generation) store(database, generation);
    EXPECT_EQ(database.stats().checkpoints, 0u) << limit;
  }
}

TEST_F(BadOptionTest, IntervalsThatNoClockCanCountAreForEverOrNotAtAll) {
  using std::chrono::milliseconds;
  options.durability = Durability::relaxed;
  const std::pair<milliseconds, milliseconds> intervals[] = {
      {milliseconds::max(), std::chrono::hours(24 * 365)}, {milliseconds::min(), milliseconds(0)}};
  for (const auto& [asked, used] : intervals) {
    options.relaxed_sync_interval = asked;
    const auto core = engine::Core::start(engine::open_file(path, options), options);
    EXPECT_EQ(core->options().relaxed_sync_interval, used);
    Database database(core);
    store(database, 1);
    expect_content(database, 1);
  }
}

TEST_F(BadOptionTest, MakesNoFileThatIsNotToBeCreated) {
  options.create = false;
  EXPECT_TRUE(open_fails(ErrorCode::not_found, {"no such file"}));
  EXPECT_TRUE(std::filesystem::is_empty(directory));
}

}  // namespace
}  // namespace quire
