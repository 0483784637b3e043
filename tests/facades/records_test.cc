// Records<T>: structs by key, read and changed where they lie.

#include <functional>

#include "tests/facades/record_types.h"
#include "tests/support/moved_from.h"

namespace quire::testing {
namespace {

class RecordsTest : public RecordTest {
 protected:
  Records<Account> accounts(Transaction& txn) { return txn.open<Records<Account>>("accounts"); }
  RecordsView<Account> committed() {
    return database->snapshot().open<Records<Account>>("accounts");
  }
};

static_assert(Collection<Records<Account>> && Collection<RecordStore>);
template <class T>
concept CanEdit = requires(T& records) {
  records.edit("key");
};
static_assert(std::ranges::input_range<RecordsView<Account>>);
static_assert(CanEdit<Records<Account>> && !CanEdit<RecordsView<Account>>);

TEST_F(RecordsTest, CreateEditGetAndErase) {
  Transaction txn = database->begin();
  auto records = accounts(txn);
  EXPECT_TRUE(records.empty());
  EXPECT_FALSE(records.get("ada"));
  records.create("ada")->balance = 100;
  records.edit("ada")->balance += 5;
  EXPECT_EQ(records.get("ada")->balance, 105u);
  EXPECT_EQ((*records.get("ada")).limit, 0);
  EXPECT_TRUE(records.contains("ada"));
  EXPECT_EQ(records.size(), 1u);
  txn.commit();

  EXPECT_EQ(committed().get("ada")->balance, 105u);
  crash_and_reopen();
  EXPECT_EQ(committed().get("ada")->balance, 105u);

  database->transact([&](Transaction& second) {
    EXPECT_TRUE(accounts(second).erase("ada"));
    EXPECT_FALSE(accounts(second).erase("ada"));
    EXPECT_FALSE(accounts(second).contains("ada"));
  });
  EXPECT_EQ(committed().size(), 0u);
}

TEST_F(RecordsTest, PutMakesAndReplaces) {
  database->transact([&](Transaction& txn) {
    auto records = accounts(txn);
    EXPECT_TRUE(records.put("ada", {.balance = 1, .limit = -7}));
    EXPECT_FALSE(records.put("ada", {.balance = 2}));
  });
  EXPECT_EQ(*committed().get("ada"), Account{.balance = 2});
}

TEST_F(RecordsTest, WhatWasEditedMayBePutUnderAnotherKey) {
  database->transact([&](Transaction& txn) {
    auto records = accounts(txn);
    const auto first = records.create("a");
    first->balance = 9;
    records.put("b", *first);
    records.put("a", *records.get("b"));
  });
  EXPECT_EQ(committed().get("b")->balance, 9u);
}

TEST_F(RecordsTest, KeysAreAnyBytesOfAnyLength) {
  const std::vector<std::string> keys{"", std::string("\0/\xff", 3), std::string(5000, 'k')};
  database->transact([&](Transaction& txn) {
    for (const std::string& key : keys) accounts(txn).create(key)->balance = key.size() + 1;
  });
  for (const std::string& key : keys) EXPECT_EQ(committed().get(key)->balance, key.size() + 1);
}

TEST_F(RecordsTest, IterationShowsEveryKeyWithItsRecord) {
  database->transact([&](Transaction& txn) {
    for (unsigned i = 0; i < 500; ++i) accounts(txn).create(std::to_string(i))->balance = i;
  });
  std::map<std::string, std::uint64_t> found;
  for (const auto [key, record] : committed()) found.emplace(key.str(), record->balance);
  ASSERT_EQ(found.size(), 500u);
  for (const auto& [key, balance] : found) EXPECT_EQ(key, std::to_string(balance));
}

TEST_F(RecordsTest, AddingAKeyEndsAnIteration) {
  Transaction txn = database->begin();
  auto records = accounts(txn);
  records.create("a");
  records.create("b");
  auto position = records.begin();
  records.edit("a")->balance = 1;
  EXPECT_NO_THROW(++position) << "a record may be edited meanwhile";
  auto second = records.begin();
  records.create("c");
  EXPECT_THROW(++second, InvalidArgument);
}

TEST_F(RecordsTest, VersionAndFlagsBelongToTheRecord) {
  database->transact([&](Transaction& txn) {
    auto records = accounts(txn);
    records.create("a");
    records.create("b");
    EXPECT_EQ(records.version("a"), 0u);
    EXPECT_EQ(records.flags("a"), 0u);
    records.set_version("a", RecordStore::kMaxVersion);
    records.set_flags("a", RecordStore::kMaxFlags);
    records.put("a", {.balance = 1});
  });
  EXPECT_EQ(committed().version("a"), 32767u);
  EXPECT_EQ(committed().flags("a"), (std::uint64_t{1} << 48) - 1);
  EXPECT_EQ(committed().version("b"), 0u);
  database->transact([&](Transaction& txn) {
    accounts(txn).set_version("a", 5);
    accounts(txn).set_flags("a", 6);
  });
  EXPECT_EQ(committed().version("a"), 5u);
  EXPECT_EQ(committed().flags("a"), 6u);
}

// ---- slots

TEST_F(RecordsTest, RoomOfErasedRecordsIsUsedAgainInTheNextTransactionAndIsZeros) {
  database->transact([&](Transaction& txn) {
    auto records = accounts(txn);
    for (const char* key : {"a", "b", "c"}) records.create(key)->balance = 77;
    records.set_flags("b", 5);
  });
  const std::uint64_t slot = committed().store().slot("b");
  database->transact([&](Transaction& txn) {
    auto records = accounts(txn);
    records.erase("b");
    records.create("d");
    EXPECT_NE(records.store().slot("d"), slot) << "not in the transaction that has erased";
  });
  database->transact([&](Transaction& txn) { accounts(txn).create("e"); });
  EXPECT_EQ(committed().store().slot("e"), slot);
  EXPECT_EQ(*committed().get("e"), Account());
  EXPECT_EQ(committed().flags("e"), 0u);
  database->transact([&](Transaction& txn) { accounts(txn).create("f"); });
  EXPECT_EQ(committed().store().slot("f"), 4u) << "the list of free slots is empty again";
}

TEST_F(RecordsTest, RoomIsUsedAgainInTheOrderInWhichItBecameFree) {
  database->transact([&](Transaction& txn) {
    for (unsigned i = 0; i < 10; ++i) accounts(txn).create(std::to_string(i));
  });
  for (const char* key : {"4", "2"}) {
    database->transact([&](Transaction& txn) { accounts(txn).erase(key); });
  }
  database->transact([&](Transaction& txn) {
    auto records = accounts(txn);
    records.erase("7");
    for (const char* key : {"a", "b", "c"}) records.create(key);
    EXPECT_EQ(records.store().slot("a"), 4u);
    EXPECT_EQ(records.store().slot("b"), 2u);
    EXPECT_EQ(records.store().slot("c"), 10u) << "7 has to wait for the next transaction";
  });
}

TEST_F(RecordsTest, ErasingTheLastRecordGivesThePagesBack) {
  const auto pages = [&] { return database->snapshot().collections().at(0).pages; };
  database->transact([&](Transaction& txn) { accounts(txn); });
  const std::uint64_t empty = pages();
  database->transact([&](Transaction& txn) {
    for (unsigned i = 0; i < 500; ++i) accounts(txn).create(std::to_string(i));
  });
  EXPECT_GT(pages(), empty);
  database->transact([&](Transaction& txn) {
    for (unsigned i = 0; i < 500; ++i) accounts(txn).erase(std::to_string(i));
  });
  EXPECT_LE(pages(), empty + 2) << "but for buckets of the table";
  database->transact([&](Transaction& txn) {
    accounts(txn).create("a");
    accounts(txn).clear();
    accounts(txn).create("b")->balance = 3;
  });
  EXPECT_EQ(committed().size(), 1u);
  EXPECT_EQ(committed().get("b")->balance, 3u);
}

// ---- how long pointers live

TEST_F(RecordsTest, AReadRecordOutlivesItsSnapshotTheDatabaseAndLaterChanges) {
  database->transact([&](Transaction& txn) { accounts(txn).create("a")->balance = 1; });
  const RecordPtr<const Account> from_snapshot = committed().get("a");
  Transaction txn = database->begin();
  accounts(txn).edit("a")->balance = 2;
  const RecordPtr<const Account> from_transaction = accounts(txn).get("a");
  accounts(txn).edit("a")->balance = 3;
  txn.commit();
  const RecordPtr<const Account> copy = from_snapshot;
  close();
  EXPECT_EQ(copy->balance, 1u);
  EXPECT_EQ(from_transaction->balance, 2u);
}

TEST_F(RecordsTest, StaleViewOfAnErasedRecordKeepsItsContent) {
  database->transact([&](Transaction& txn) { accounts(txn).create("a")->balance = 1; });
  const RecordPtr<const Account> record = committed().get("a");
  for (const char* key : {"b", "c"}) {
    database->transact([&](Transaction& txn) {
      accounts(txn).erase(key[0] == 'b' ? "a" : "b");
      accounts(txn).create(key)->balance = 9;
    });
  }
  EXPECT_EQ(record->balance, 1u);
}

TEST_F(RecordsTest, WritingToAnErasedRecordHarmsNoOther) {
  Transaction txn = database->begin();
  auto records = accounts(txn);
  records.create("keep");
  const RecordPtr<Account> stale = records.create("a");
  records.erase("a");
  records.create("b");
  stale->balance = 666;
  EXPECT_EQ(*records.get("b"), Account());
  EXPECT_EQ(*records.get("keep"), Account());
  txn.commit();
  stale->balance = 667;
  database->transact([&](Transaction& second) { accounts(second).create("c"); });
  for (const auto [key, record] : committed()) EXPECT_EQ(*record, Account()) << key.text();
}

TEST_F(RecordsTest, WritingAfterTheEndOfTheTransactionChangesNothing) {
  Transaction txn = database->begin();
  const RecordPtr<Account> record = accounts(txn).create("a");
  record->balance = 1;
  txn.commit();
  record->balance = 2;
  EXPECT_EQ(committed().get("a")->balance, 1u);
  Transaction second = database->begin();
  const RecordPtr<Account> undone = accounts(second).edit("a");
  second.rollback();
  undone->balance = 3;
  EXPECT_EQ(committed().get("a")->balance, 1u);
}

TEST_F(RecordsTest, ASavepointTakesEditsBack) {
  database->transact([&](Transaction& txn) {
    auto records = accounts(txn);
    records.create("a")->balance = 1;
    {
      const Savepoint savepoint = txn.savepoint();
      records.edit("a")->balance = 2;
      records.create("b");
      records.erase("a");
    }
    EXPECT_EQ(records.get("a")->balance, 1u);
    EXPECT_EQ(records.size(), 1u);
  });
}

TEST_F(RecordsTest, PointersMoveAndMayBeEmpty) {
  Transaction txn = database->begin();
  RecordPtr<Account> record;
  EXPECT_FALSE(record);
  record = accounts(txn).create("a");
  RecordPtr<Account> moved = std::move(record);
  EXPECT_FALSE(record);
  ASSERT_TRUE(moved);
  (*moved).balance = 4;
  EXPECT_EQ(moved.get()->balance, 4u);
  const RecordPtr<const Account> none;
  EXPECT_FALSE(none);
}

// ---- sizes and alignments

template <class T>
void expect_records_of(Database& database) {
  SCOPED_TRACE(std::to_string(sizeof(T)) + " aligned to " + std::to_string(alignof(T)));
  constexpr unsigned kCount = 20;
  const std::string name = "r" + std::to_string(sizeof(T)) + "." + std::to_string(alignof(T));
  database.transact([&](Transaction& txn) {
    auto records = txn.create<Records<T>>(name);
    for (unsigned i = 0; i < kCount; ++i) {
      const RecordPtr<T> record = records.create(std::to_string(i));
      EXPECT_TRUE(is_aligned(record.get()));
      EXPECT_EQ(*record, T());
      *record = filled<T>(i);
    }
    for (unsigned i = 0; i < kCount; ++i) {
      EXPECT_TRUE(is_aligned(records.get(std::to_string(i)).get()));
      EXPECT_EQ(*records.get(std::to_string(i)), filled<T>(i));
    }
    records.edit("3")->bytes[0] = 99;
    records.put("5", filled<T>(500));
  });
  for (unsigned i = 0; i < kCount; ++i) {
    T expected = filled<T>(i == 5 ? 500 : i);
    if (i == 3) expected.bytes[0] = 99;
    const auto record = database.snapshot().open<Records<T>>(name).get(std::to_string(i));
    EXPECT_TRUE(is_aligned(record.get()));
    EXPECT_EQ(*record, expected) << i;
  }
}

TEST_F(RecordsTest, EverySizeUpToAPageAndEveryAlignmentIsMet) {
  expect_records_of<Plain<1>>(*database);
  expect_records_of<Plain<3>>(*database);
  expect_records_of<Plain<100>>(*database);
  expect_records_of<Plain<1365>>(*database);
  expect_records_of<Plain<2049>>(*database);
  expect_records_of<Plain<4096>>(*database);
  expect_records_of<Plain<16, 16>>(*database);
  expect_records_of<Plain<32, 32>>(*database);
  expect_records_of<Plain<192, 64>>(*database);
  expect_records_of<Plain<1000, 1024>>(*database);
  expect_records_of<Plain<4096, 4096>>(*database);
}

TEST_F(RecordsTest, ReadingSharesThePageInMemory) {
  database->transact([&](Transaction& txn) { accounts(txn).create("a"); });
  const RecordsView<Account> records = committed();
  EXPECT_EQ(records.get("a").get(), records.get("a").get());
}

// ---- what is refused

TEST_F(RecordsTest, RefusesAKeyThatIsThereOrIsNot) {
  Transaction txn = database->begin();
  auto records = accounts(txn);
  records.create("ada")->balance = 8;
  EXPECT_TRUE(fails(ErrorCode::key_exists,
                    {kPath, "collection 'accounts'", "record 'ada'", "edit()", "put()"},
                    [&] { records.create("ada"); }));
  EXPECT_EQ(records.get("ada")->balance, 8u);
  const std::vector<std::string_view> missing{"collection 'accounts'", "'bob'", "create()"};
  EXPECT_TRUE(fails(ErrorCode::not_found, missing, [&] { records.edit("bob"); }));
  EXPECT_TRUE(fails(ErrorCode::not_found, missing, [&] { records.version("bob"); }));
  EXPECT_TRUE(fails(ErrorCode::not_found, missing, [&] { records.flags("bob"); }));
  EXPECT_TRUE(fails(ErrorCode::not_found, missing, [&] { records.set_flags("bob", 1); }));
  EXPECT_TRUE(fails(ErrorCode::not_found, missing, [&] { records.set_version("bob", 1); }));
  txn.commit();
}

TEST_F(RecordsTest, RefusesVersionsAndFlagsOfTooManyBits) {
  Transaction txn = database->begin();
  auto records = accounts(txn);
  records.create("a");
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'accounts'", "32768", "32767"},
                    [&] { records.set_version("a", 32768); }));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'accounts'", "281474976710656", "48"},
                    [&] { records.set_flags("a", std::uint64_t{1} << 48); }));
  txn.commit();
}

TEST_F(RecordsTest, RefusesARecordOfAnotherSizeWhoseTypeIsNotKnown) {
  Transaction txn = database->begin();
  auto store = txn.create<RecordStore>("r", {.layout = record_layout<Account>()});
  EXPECT_TRUE(
      fails(ErrorCode::invalid_argument, {"'r'", "48 bytes", "3"}, [&] { store.put("a", "abc"); }));
  EXPECT_FALSE(store.contains("a"));
  txn.commit();
}

TEST_F(RecordsTest, EndsWithItsTransaction) {
  Transaction txn = database->begin();
  auto records = accounts(txn);
  records.create("a");
  txn.commit();
  EXPECT_THROW(records.get("a"), ClosedError);
  EXPECT_THROW(records.edit("a"), ClosedError);
}

TEST_F(RecordsTest, IsDroppedAndRenamedWhole) {
  database->transact([&](Transaction& txn) { accounts(txn).create("a")->balance = 1; });
  database->transact([&](Transaction& txn) { txn.rename("accounts", "other"); });
  EXPECT_EQ(database->snapshot().open<Records<Account>>("other").get("a")->balance, 1u);
  database->transact([&](Transaction& txn) { txn.drop("other"); });
  EXPECT_TRUE(database->snapshot().collections().empty());
}

// ---- what the original did otherwise

TEST_F(RecordsTest, PutUnderAnotherKeyMakesACopyAndNoAlias) {
  database->transact([&](Transaction& txn) {
    auto records = accounts(txn);
    records.create("a")->balance = 1;
    records.put("b", *records.get("a"));
    records.edit("b")->balance = 2;
  });
  EXPECT_EQ(committed().get("a")->balance, 1u);
  EXPECT_EQ(committed().get("b")->balance, 2u);
}

TEST_F(RecordsTest, RoomIsGivenOutInOneOrderAlsoAfterReopening) {
  for (std::uint64_t i = 0; i < 5; ++i) {
    database->transact([&](Transaction& txn) { accounts(txn).create(std::to_string(i)); });
    EXPECT_EQ(committed().store().slot(std::to_string(i)), i);
    close();
    open();
  }
}

TEST_F(RecordsTest, ARecordIsThereFromItsCreationOnWithoutAnotherPut) {
  Transaction txn = database->begin();
  const RecordPtr<Account> record = accounts(txn).create("a");
  EXPECT_TRUE(accounts(txn).contains("a"));
  record->balance = 7;
  EXPECT_EQ(accounts(txn).get("a")->balance, 7u) << "what is written is there at once";
  txn.commit();
}

TEST_F(RecordsTest, ATypeThatFillsAPageFitsAndALargerOneDoesNotCompile) {
  database->transact([&](Transaction& txn) {
    auto records = txn.open<Records<Plain<4096>>>("pages");
    for (unsigned i = 0; i < 3; ++i) *records.create(std::to_string(i)) = filled<Plain<4096>>(i);
  });
  const auto records = database->snapshot().open<Records<Plain<4096>>>("pages");
  EXPECT_EQ(*records.get("2"), filled<Plain<4096>>(2));
}

TEST_F(RecordsTest, WhatIsChangedInPlaceIsCommittedWithAllElseOrNotAtAll) {
  database->transact([&](Transaction& txn) { accounts(txn).create("a")->balance = 1; });
  {
    Transaction txn = database->begin();
    accounts(txn).edit("a")->balance = 2;
    EXPECT_EQ(committed().get("a")->balance, 1u) << "nobody else sees it before";
  }
  EXPECT_EQ(committed().get("a")->balance, 1u);
}

TEST_F(RecordsTest, EveryCallOfWhatWasMovedFromIsRefused) {
  Transaction txn = database->begin();
  auto from = txn.open<Records<Account>>("moved");
  from.create("a");
  RecordsView<Account> view = from;
  auto it = view.begin();
  const auto moved = std::move(from);
  const auto moved_view = std::move(view);
  const auto moved_it = std::move(it);
  const std::function<void()> calls[] = {
      [&] { from.create("b"); },
      [&] { from.edit("a"); },
      [&] { from.put("a", {}); },
      [&] { from.erase("a"); },
      [&] { from.clear(); },
      [&] { from.set_version("a", 1); },
      [&] { from.set_flags("a", 1); },
      [&] { view.tag(); },
      [&] { view.store().layout(); },
      [&] { view.store().slot("a"); },
      [&] { view.size(); },
      [&] { view.contains("a"); },
      [&] { view.get("a"); },
      [&] { view.version("a"); },
      [&] { view.flags("a"); },
      [&] { view.begin(); },
      [&] { ++it; },
  };
  for (const auto& call : calls) EXPECT_TRUE(was_moved(call)) << &call - calls;
  EXPECT_EQ(from.name(), "");
  EXPECT_EQ(view.name(), "");
  EXPECT_TRUE(moved_view.contains("a"));
}

}  // namespace
}  // namespace quire::testing
