// Transactions larger than memory: their fresh pages go to their place in the file before they
// commit (rule S2). A cache of 16 frames makes that common.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <random>
#include <thread>

#include "base/ids.h"
#include "tests/support/database_test.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/sizes.h"

namespace quire::testing {
namespace {

constexpr std::size_t kFrames = 16;
/// Ten times what the transaction may keep in memory.
constexpr std::size_t kLarge = 10 * kFrames * kPageSize;

/// Bytes that tell where they lie.
std::string content(std::size_t size, std::uint64_t variant = 0) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at += sizeof variant) {
    const std::uint64_t word = (at + 1) * 0x9e3779b97f4a7c15 ^ variant;
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, size - at));
  }
  return bytes;
}

std::string key(std::size_t number) { return "key " + std::to_string(number); }
std::string value(std::size_t number) {
  return std::to_string(number) + std::string(400 + number % 100, 'v');
}

class EarlyPagesTest : public DatabaseTest {
 protected:
  EarlyPagesTest() {
    disk.fail = [this](const std::string& line) { return fail(line); };
    options.file_system = &disk;
    options.cache_size = kFrames * kPageSize;
    open();
  }
  void TearDown() override {
    database.reset();
    options.file_system = files.get();
    DatabaseTest::TearDown();
  }

  std::uint64_t written_early() { return database->stats().pages_written_early; }
  /// After a crash, and again after a close.
  void expect_everywhere(const std::function<void(const Snapshot&)>& expect) {
    expect(database->snapshot());
    options.file_system = files.get();
    crash_and_reopen();
    expect(database->snapshot());
    expect_sound(*database);
    close();
    open();
    expect(database->snapshot());
  }

  std::function<int(const std::string& line)> fail = [](const std::string&) { return 0; };
  FaultyFileSystem disk{*files};
};

// ---- each structure

TEST_F(EarlyPagesTest, BlobWrittenAtOnce) {
  database->transact([](Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    blob.write(0, content(kLarge));
    EXPECT_EQ(contents(blob), content(kLarge));
  });
  EXPECT_GE(written_early() * kPageSize, kLarge - 2 * kFrames * kPageSize);
  EXPECT_LE(written_early() * kPageSize, kLarge + kLarge / 8) << "each page about once";
  expect_everywhere([](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<Blob>("blob")), content(kLarge));
  });
}

TEST_F(EarlyPagesTest, BlobAppendedToAndOverwrittenHereAndThere) {
  std::string expected;
  database->transact([&](Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    std::mt19937 random(1);
    for (std::size_t turn = 0; turn < 300; ++turn) {
      const std::string part = content(random() % 9000, turn);
      blob.append(part);
      expected += part;
      const std::size_t at = random() % (expected.size() + 1);
      const std::string other = content(std::min<std::size_t>(100, expected.size() - at), ~turn);
      blob.write(at, other);
      expected.replace(at, other.size(), other);
    }
    EXPECT_EQ(contents(blob), expected);
  });
  EXPECT_GT(written_early(), expected.size() / kPageSize);
  expect_everywhere([&](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<Blob>("blob")), expected);
  });
}

TEST_F(EarlyPagesTest, BlobCutPunchedAndRegrown) {
  std::string expected = content(kLarge);
  database->transact([&](Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    blob.append(expected);
    blob.punch(100'000, 200'000);
    std::fill_n(expected.begin() + 100'000, 200'000, '\0');
    blob.resize(400'001);
    expected.resize(400'001);
    blob.append(content(kLarge, 7));
    expected += content(kLarge, 7);
    blob.resize(3000);
    blob.append(expected.substr(3000));
    EXPECT_EQ(contents(blob), expected);
  });
  expect_everywhere([&](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<Blob>("blob")), expected);
  });
}

TEST_F(EarlyPagesTest, HashFilledInRandomOrder) {
  constexpr std::size_t kKeys = 3000;
  std::map<std::string, std::string> expected;
  database->transact([&](Transaction& txn) {
    auto table = txn.open<Hash>("table");
    for (std::size_t number = 0; number < kKeys; ++number) {
      table.put(key(number), value(number));
      expected[key(number)] = value(number);
      if (number % 3 == 0) {
        const bool is_there = expected.erase(key(number / 2)) > 0;
        EXPECT_EQ(table.erase(key(number / 2)), is_there);
      }
      if (number % 100 == 0) {
        table.put(key(number), content(200 * kKiB, number));  // a blob
        expected[key(number)] = content(200 * kKiB, number);
      }
      if (number % 97 == 0) {
        table.append(key(number), content(20 * kKiB, number));  // value pages
        expected[key(number)] += content(20 * kKiB, number);
      }
    }
    for (const auto& [key, value] : expected)
      EXPECT_TRUE(table.get(key)->view() == ByteView(value));
    EXPECT_EQ(contents(table), expected);
  });
  EXPECT_GT(written_early(), 2 * 1000u);
  expect_everywhere([&](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<Hash>("table")), expected);
  });
}

TEST_F(EarlyPagesTest, ListFilledAtBothEndsAndInTheMiddle) {
  std::vector<std::string> expected;
  database->transact([&](Transaction& txn) {
    auto list = txn.open<List>("list");
    std::mt19937 random(2);
    for (std::size_t number = 0; number < 3000; ++number) {
      const std::size_t index = number % 3 == 0   ? random() % (expected.size() + 1)
                                : number % 3 == 1 ? expected.size()
                                                  : 0;
      list.insert(index, value(number));
      expected.insert(expected.begin() + static_cast<std::ptrdiff_t>(index), value(number));
    }
    list.erase(1000, 700);
    expected.erase(expected.begin() + 1000, expected.begin() + 1700);
    EXPECT_EQ(contents(list), expected);
  });
  EXPECT_GT(written_early(), 200u);
  expect_everywhere([&](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<List>("list")), expected);
  });
}

TEST_F(EarlyPagesTest, ManyNamesInOneTransaction) {
  constexpr std::size_t kNames = 2000;
  database->transact([](Transaction& txn) {
    for (std::size_t number = 0; number < kNames; ++number) {
      txn.open<Blob>(key(number)).append(key(number));
    }
    for (std::size_t number = 0; number < kNames; number += 2) txn.drop(key(number));
  });
  EXPECT_GT(written_early(), kNames / 2);
  expect_everywhere([](const Snapshot& snapshot) {
    EXPECT_FALSE(snapshot.find<Blob>(key(500)));
    EXPECT_EQ(contents(snapshot.open<Blob>(key(501))), key(501));
    EXPECT_EQ(std::ranges::distance(snapshot.collections()), static_cast<long>(kNames / 2));
  });
}

TEST_F(EarlyPagesTest, DatabaseInMemory) {
  Options in_memory;
  in_memory.cache_size = options.cache_size;
  Database memory = Database::create_in_memory(in_memory);
  // First of all, so that they do not lie at the end of the file.
  const auto change_something = [&](int turn) {
    memory.transact([&](Transaction& txn) { txn.open<Hash>("turns").put("turn", key(turn)); });
  };
  change_something(0);
  for (const std::uint64_t variant : {1, 2, 3}) {
    memory.transact([&](Transaction& txn) {
      txn.create<Blob>(key(variant)).append(content(2 * kLarge, variant));
    });
    EXPECT_EQ(contents(memory.snapshot().open<Blob>(key(variant))), content(2 * kLarge, variant));
    memory.transact([&](Transaction& txn) { txn.drop(key(variant)); });
    // The reaper's thread may be in the way of a cut; then the next checkpoint makes it.
    const auto is_cut = [&] { return memory.info().file_bytes < kLarge + 64 * kPageSize; };
    for (int turn = 0; turn < 1000 && !is_cut(); ++turn) {
      change_something(turn);
      memory.checkpoint();
    }
    EXPECT_TRUE(is_cut());
    Transaction txn = memory.begin();
    auto blob = txn.open<Blob>("blob");
    blob.append(content(2 * kLarge, variant));
    memory.checkpoint();  // it would cut the tail
    EXPECT_EQ(contents(blob), content(2 * kLarge, variant));
    blob.resize(variant * 100'000);
    txn.commit();
    memory.checkpoint();
    EXPECT_EQ(contents(memory.snapshot().open<Blob>("blob")),
              content(2 * kLarge, variant).substr(0, variant * 100'000));
    memory.transact([&](Transaction& other) { other.drop("blob"); });
    expect_sound(memory);
  }
  EXPECT_GT(memory.stats().pages_written_early, 9 * kLarge / kPageSize);
}

TEST_F(EarlyPagesTest, CheckpointOfADatabaseInMemoryCutsNothingUnderATransaction) {
  Options in_memory;
  in_memory.cache_size = options.cache_size;
  Database memory = Database::create_in_memory(in_memory);
  memory.transact([](Transaction& txn) { txn.open<Blob>("blob").append(content(kLarge)); });
  std::optional<Snapshot> held = memory.snapshot();
  memory.transact([](Transaction& txn) { txn.drop("blob"); });
  memory.checkpoint();
  memory.transact([](Transaction& txn) { txn.open<Blob>("small").append("unsaved"); });
  Transaction txn = memory.begin();
  auto blob = txn.open<Blob>("other");
  blob.append(content(2 * kLarge, 1));
  held.reset();
  memory.checkpoint();  // cuts the file, which a snapshot has prevented until now
  EXPECT_EQ(contents(blob), content(2 * kLarge, 1));
  txn.commit();
  EXPECT_EQ(contents(memory.snapshot().open<Blob>("other")), content(2 * kLarge, 1));
  expect_sound(memory);
}

// ---- what ends otherwise

TEST_F(EarlyPagesTest, RollbackLeavesNoTraceAndGivesTheFileBack) {
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append("before"); });
  database->checkpoint();
  const DatabaseInfo before = database->info();
  const std::uint64_t length = files->status(kPath)->size;
  {
    Transaction txn = database->begin();
    txn.open<Blob>("blob").append(content(kLarge));
    txn.open<Blob>("other").append(content(kLarge));
    EXPECT_GT(written_early(), 0u);
    EXPECT_GT(files->status(kPath)->size, length);
  }
  EXPECT_EQ(files->status(kPath)->size, length) << "at once: the disk may be full";
  EXPECT_EQ(database->info().page_count, before.page_count);
  EXPECT_EQ(contents(database->snapshot().open<Blob>("blob")), "before");
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append("!"); });
  {
    Transaction txn = database->begin();
    txn.open<Blob>("blob").append(content(kLarge));
  }
  close();
  EXPECT_EQ(files->status(kPath)->size, before.page_count * kPageSize);
}

TEST_F(EarlyPagesTest, RollbackLetsTheNextCheckpointCutTheFile) {
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append(content(kLarge)); });
  std::optional<Snapshot> held = database->snapshot();
  database->transact([](Transaction& txn) { txn.drop("blob"); });
  database->checkpoint();
  {
    Transaction txn = database->begin();
    txn.open<Blob>("other").append(content(2 * kLarge));
  }
  database->checkpoint();
  EXPECT_GE(files->status(kPath)->size, kLarge) << "the snapshot reads what lies there";
  EXPECT_EQ(contents(held->open<Blob>("blob")), content(kLarge));
  held.reset();
  database->checkpoint();
  EXPECT_EQ(files->status(kPath)->size, database->info().page_count * kPageSize);
}

TEST_F(EarlyPagesTest, CloseUnderTheTransactionOfAnotherThreadGivesTheFileBack) {
  const std::uint64_t pages = database->info().page_count;
  std::optional<Transaction> txn = database->begin();
  txn->open<Blob>("blob").append(content(kLarge));
  EXPECT_GT(files->status(kPath)->size, kLarge);
  std::thread([&] { database->close(); }).join();
  EXPECT_EQ(files->status(kPath)->size, pages * kPageSize);
  txn.reset();
  database.reset();
}

TEST_F(EarlyPagesTest, PagesOfARollbackAreUsedAgain) {
  for (const std::uint64_t variant : {1, 2, 3}) {
    Transaction abandoned = database->begin();
    abandoned.open<Hash>("table");
    abandoned.open<Blob>("blob").append(content(kLarge, ~variant));
    abandoned.rollback();
    database->transact([&](Transaction& txn) {
      for (std::size_t number = 0; number < 300; ++number) {
        txn.open<Hash>("table").put(key(number), value(number + variant));
      }
      txn.open<Blob>(key(variant)).append(content(kLarge / 3, variant));
    });
  }
  expect_everywhere([](const Snapshot& snapshot) {
    for (const std::uint64_t variant : {1, 2, 3}) {
      EXPECT_EQ(contents(snapshot.open<Blob>(key(variant))), content(kLarge / 3, variant));
    }
    EXPECT_EQ(snapshot.open<Hash>("table").get(key(200))->str(), value(203));
  });
}

TEST_F(EarlyPagesTest, CrashBeforeTheCommitLeavesTheCommitBefore) {
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append(content(kLarge)); });
  Transaction txn = database->begin();
  txn.open<Blob>("blob").resize(0);
  txn.open<Blob>("other").append(content(2 * kLarge, 1));
  auto copy = copy_of(*files, "/dir");
  txn.rollback();
  database.reset();
  left_behind.push_back(std::exchange(files, std::move(copy)));
  options.file_system = files.get();
  open();
  EXPECT_EQ(contents(database->snapshot().open<Blob>("blob")), content(kLarge));
  EXPECT_FALSE(database->snapshot().find<Blob>("other"));
}

TEST_F(EarlyPagesTest, CollectionDroppedInTheTransactionThatMadeIt) {
  const std::uint64_t before = database->info().page_count;
  database->transact([](Transaction& txn) {
    txn.open<Blob>("blob").append(content(kLarge));
    auto table = txn.open<Hash>("table");
    auto list = txn.open<List>("list");
    for (std::size_t number = 0; number < 1000; ++number) {
      table.put(key(number), value(number));
      list.push_back(content(10 * kKiB, number));
    }
    EXPECT_TRUE(txn.drop("blob"));
    EXPECT_TRUE(txn.drop("table"));
    EXPECT_TRUE(txn.drop("list"));
    txn.open<Blob>("stays").append("here");
  });
  database->checkpoint();
  EXPECT_LE(database->info().page_count, before + 8);
}

// ---- savepoints

TEST_F(EarlyPagesTest, SavepointBringsBackWhatWasWrittenBeforeIt) {
  std::map<std::string, std::string> expected;
  database->transact([&](Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    auto table = txn.open<Hash>("table");
    blob.append(content(kLarge));
    for (std::size_t number = 0; number < 1000; ++number) {
      table.put(key(number), value(number));
      expected[key(number)] = value(number);
    }
    for (const bool releases_inner : {false, true}) {
      Savepoint outer = txn.savepoint();
      {
        blob.write(5000, content(kLarge / 2, 1));
        Savepoint inner = txn.savepoint();
        for (std::size_t number = 0; number < 700; ++number) {
          table.put(key(number), value(number + 1));
          table.erase(key(1000 - number));
        }
        blob.resize(10'000);
        txn.open<Blob>("other").append(content(kLarge, 2));
        txn.drop("table");
        if (releases_inner) inner.release();
      }
      EXPECT_EQ(txn.find<Hash>("table").has_value(), !releases_inner);
      txn.open<Blob>("third").append(content(kLarge, 3));
      outer.rollback();
      EXPECT_EQ(contents(blob), content(kLarge));
      EXPECT_EQ(contents(txn.open<Hash>("table")), expected);
      EXPECT_FALSE(txn.find<Blob>("other"));
    }
  });
  expect_everywhere([&](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<Blob>("blob")), content(kLarge));
    EXPECT_EQ(contents(snapshot.open<Hash>("table")), expected);
  });
}

TEST_F(EarlyPagesTest, ImportUnderASavepointGoesToTheFileToo) {
  options.cache_size = 1024 * kKiB;
  open();
  database->transact([](Transaction& txn) {
    txn.open<Blob>("blob").append(content(kLarge));
    Savepoint savepoint = txn.savepoint();
    for (std::uint64_t part = 0; part < 96; ++part) {
      txn.open<Blob>("blob").append(content(1024 * kKiB, part));
    }
    savepoint.release();
  });
  EXPECT_GT(written_early() * kPageSize, 90 * 1024 * kKiB);
  EXPECT_EQ(database->snapshot().open<Blob>("blob").size(), kLarge + 96 * 1024 * kKiB);
}

// ---- who else looks at the pages

TEST_F(EarlyPagesTest, EditedBytesStayWhereTheyAreWhileSomebodyHoldsThem) {
  std::string expected = content(kLarge);
  database->transact([&](Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    blob.append(expected.substr(0, kLarge / 2));
    std::vector<MutableBytes> held;
    for (std::size_t page = 0; page < 20; ++page)
      held.push_back(blob.edit(page * 2 * kPageSize, 8));
    blob.append(expected.substr(kLarge / 2));
    for (std::size_t page = 0; page < held.size(); ++page) {
      std::memcpy(held[page].data(), "edited!!", 8);
      expected.replace(page * 2 * kPageSize, 8, "edited!!");
    }
    EXPECT_EQ(contents(blob), expected);
    held.resize(5);
    blob.append("end");
  });
  expected += "end";
  expect_everywhere([&](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<Blob>("blob")), expected);
  });
}

TEST_F(EarlyPagesTest, SavepointReturnsToWhatEditedBytesWereThoughTheirPagesAndParentsCouldGo) {
  std::string expected = content(kLarge);
  database->transact([&](Transaction& txn) {
    auto blob = txn.open<Blob>("blob");
    blob.append(expected);
    std::vector<MutableBytes> held;
    for (std::size_t page = 0; page < 5; ++page) {
      held.push_back(blob.edit(page * kPageSize, 8));
      std::memcpy(held.back().data(), "before!!", 8);
      expected.replace(page * kPageSize, 8, "before!!");
    }
    Savepoint savepoint = txn.savepoint();
    for (const MutableBytes& bytes : held) std::memcpy(bytes.data(), "after!!!", 8);
    held.clear();
    auto list = txn.open<List>("list");  // has no data pages, so that parents go too
    for (std::size_t number = 0; number < 1000; ++number) list.push_back(value(number));
    savepoint.rollback();
    txn.open<Blob>("other").append(content(kLarge, 1));
    EXPECT_EQ(contents(blob), expected);
  });
  expect_everywhere([&](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<Blob>("blob")), expected);
  });
}

TEST_F(EarlyPagesTest, ValuesReadFromThemOutliveTheTransaction) {
  std::vector<Value> values;
  {
    Transaction txn = database->begin();
    auto blob = txn.open<Blob>("blob");
    blob.append(content(kLarge));
    for (std::size_t at = 0; at < kLarge; at += kPageSize)
      values.push_back(blob.view(at, kPageSize));
    blob.write(0, content(kLarge, 1));
    txn.rollback();
  }
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append(content(kLarge, 2)); });
  for (std::size_t page = 0; page < values.size(); ++page) {
    EXPECT_TRUE(values[page].view() == ByteView(content(kLarge)).sub(page * kPageSize, kPageSize));
  }
}

TEST_F(EarlyPagesTest, SnapshotThatNeedsTheFormerLifeOfPagesKeepsThem) {
  database->transact([](Transaction& txn) { txn.open<Blob>("old").append(content(kLarge)); });
  database->checkpoint();
  const Snapshot before = database->snapshot();
  database->transact([](Transaction& txn) { txn.drop("old"); });
  database->checkpoint();
  for (const std::uint64_t variant : {1, 2}) {
    database->transact(
        [&](Transaction& txn) { txn.open<Blob>("new").write(0, content(kLarge, variant)); });
    EXPECT_EQ(contents(before.open<Blob>("old")), content(kLarge));
    EXPECT_EQ(contents(database->snapshot().open<Blob>("new")), content(kLarge, variant));
    database->checkpoint();
  }
}

TEST_F(EarlyPagesTest, CheckpointsAndSnapshotsInTheMiddleOfIt) {
  database->transact([](Transaction& txn) {
    txn.open<Blob>("old").append(content(kLarge));
    txn.open<Blob>("dropped").append(content(kLarge, 1));
  });
  database->transact([](Transaction& txn) { txn.drop("dropped"); });
  {
    Transaction txn = database->begin();
    auto blob = txn.open<Blob>("new");
    for (std::size_t at = 0; at < 2 * kLarge; at += kLarge / 4) {
      blob.append(content(2 * kLarge, 2).substr(at, kLarge / 4));
      const Snapshot snapshot = database->snapshot();
      database->checkpoint();
      EXPECT_EQ(contents(snapshot.open<Blob>("old")), content(kLarge));
      EXPECT_FALSE(snapshot.find<Blob>("new"));
    }
    txn.commit();
  }
  expect_everywhere([](const Snapshot& snapshot) {
    EXPECT_EQ(contents(snapshot.open<Blob>("old")), content(kLarge));
    EXPECT_EQ(contents(snapshot.open<Blob>("new")), content(2 * kLarge, 2));
  });
}

TEST_F(EarlyPagesTest, ReadOnlyOpenOfALiveLogSeesThem) {
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append(content(kLarge)); });
  options.file_system = files.get();
  crash();
  Options reading = options;
  reading.read_only = true;
  reading.cache_size = kLarge;
  EXPECT_EQ(contents(Database::open(kPath, reading).snapshot().open<Blob>("blob")),
            content(kLarge));
  open();
}

// ---- failures

bool is_write_of_file(const std::string& line) { return line.starts_with("write test.quire "); }

TEST_F(EarlyPagesTest, FailedWriteOfOnePoisonsBeforeAnythingIsCommitted) {
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append("before"); });
  {
    Transaction txn = database->begin();
    txn.open<Blob>("blob").append(content(kLarge));
    fail = [](const std::string& line) { return is_write_of_file(line) ? EIO : 0; };
    EXPECT_THROW(txn.open<Blob>("blob").append(content(kLarge)), IoError);
  }
  fail = [](const std::string&) { return 0; };
  EXPECT_THROW(database->begin(), IoError);
  EXPECT_EQ(contents(database->snapshot().open<Blob>("blob")), "before");
}

TEST_F(EarlyPagesTest, FailedSyncOfThemPoisonsBeforeTheLogSaysAWord) {
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append("before"); });
  Transaction txn = database->begin();
  txn.open<Blob>("blob").append(content(kLarge));
  database->checkpoint();  // so that the commit need not wait for one
  fail = [](const std::string& line) { return line == "sync test.quire" ? EIO : 0; };
  const std::size_t calls = disk.journal.size();
  EXPECT_THROW(txn.commit(), IoError);
  for (std::size_t call = calls; call < disk.journal.size(); ++call) {
    EXPECT_FALSE(disk.journal[call].starts_with("write test.quire-wal")) << disk.journal[call];
  }
  fail = [](const std::string&) { return 0; };
  EXPECT_THROW(database->begin(), IoError);
}

TEST_F(EarlyPagesTest, FileThatMayNotGrowIsOutOfSpaceOfTheChangeAndHarmsNothing) {
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append("before"); });
  {
    Transaction txn = database->begin();
    fail = [](const std::string& line) { return line.starts_with("allocate") ? ENOSPC : 0; };
    EXPECT_THROW(txn.open<Blob>("blob").append(content(2 * kLarge)), OutOfSpace);
  }
  fail = [](const std::string&) { return 0; };
  database->transact([](Transaction& txn) { txn.open<Blob>("blob").append(content(kLarge)); });
  EXPECT_EQ(contents(database->snapshot().open<Blob>("blob")), "before" + content(kLarge));
}

TEST_F(EarlyPagesTest, DamagedOneIsFoundWhenItIsReadBack) {
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("blob");
  blob.append(content(kLarge));
  const auto file = files->open(kPath, OpenMode::read_write);
  std::array<std::byte, kPageSize> page;
  for (std::uint64_t at = 8 * kPageSize; at < 40 * kPageSize; at += kPageSize) {
    file->read_at(at, page);
    page[77] ^= std::byte{1};
    file->write_at(at, ByteView(page));
  }
  EXPECT_THROW(contents(blob), CorruptionError);
  txn.rollback();
}

}  // namespace
}  // namespace quire::testing
