// Records, arrays and rings whose children hold what no writer makes, behind valid checksums. Each
// such damage is a CorruptionError that names collection and field, or a problem of check(); never
// a crash, a hang, or memory without end.

#include <functional>

#include "facades/format_bytes.h"
#include "facades/record_format.h"
#include "tests/facades/record_types.h"

namespace quire::testing {
namespace {

using facades::FreeSlots;
using facades::RecordArrayEntry;
using facades::RecordIndexEntry;
using facades::RecordOptionsHeader;
using facades::RingState;

struct NoOptions {};

/// A composite of the same kind as T that lets one at its options and children.
template <class T>
class Opened : public ReadScope {
 public:
  static constexpr std::string_view kKind = T::kKind;
  using Options = NoOptions;
  using View = ReadScope;

  Opened(WriteScope& scope, const NoOptions&) : ReadScope(scope), scope_(scope) {}
  Hash index() { return scope_.child<Hash>("index"); }
  Blob blob(std::string_view name) { return scope_.child<Blob>(name); }
  void set_options(ByteView bytes) { scope_.set_options(bytes); }

 private:
  WriteScope scope_;
};

class RecordsHostileTest : public RecordTest {
 protected:
  RecordsHostileTest() {
    checks_at_end = false;
    database->transact([](Transaction& txn) {
      auto records = txn.create<Records<Account>>("r");
      for (const char* key : {"a", "b", "c", "d", "e"}) records.create(key)->balance = 1;
      auto arrays = txn.create<RecordArray<Account>>("arrays");
      arrays.create("a", 1000);
      arrays.create("b", 10);
      auto ring = txn.create<Ring<Account>>("ring", {.capacity = 200});
      for (std::uint64_t i = 0; i < 250; ++i) ring.append({.balance = i});
    });
    database->transact([](Transaction& txn) {
      txn.open<Records<Account>>("r").erase("b");
      txn.open<Records<Account>>("r").erase("d");
    });
    EXPECT_TRUE(database->check(check_options).ok());
  }

  template <class T>
  void damage(std::string_view name, const std::function<void(Opened<T>&)>& change) {
    database->transact([&](Transaction& txn) {
      auto opened = txn.open<Opened<T>>(name);
      change(opened);
    });
  }
  void damage_records(const std::function<void(Opened<RecordStore>&)>& change) {
    damage<RecordStore>("r", change);
  }

  /// Whether check() reports a problem of `name` with `text`.
  ::testing::AssertionResult reports(std::string_view name, std::string_view text) {
    const CheckReport report = database->check(check_options);
    std::string all;
    for (const CheckProblem& problem : report.problems) {
      all += problem.collection + ": " + problem.what + "\n";
      if (problem.collection == name && problem.what.find(text) != std::string::npos) {
        return ::testing::AssertionSuccess();
      }
    }
    return ::testing::AssertionFailure() << "reported is\n" << all;
  }
  template <class Call>
  static auto corrupt(std::vector<std::string_view> texts, const Call& call) {
    texts.push_back(kPath);
    return fails(ErrorCode::corruption, texts, call);
  }
  /// Calls `use(records)` in a transaction that is rolled back.
  template <class Use>
  auto changing(const Use& use) {
    return [this, use] {
      Transaction txn = database->begin();
      auto records = txn.open<Records<Account>>("r");
      use(records);
    };
  }
  RecordsView<Account> records() { return database->snapshot().open<Records<Account>>("r"); }
};

using R = Records<Account>;

// ---- the index

TEST_F(RecordsHostileTest, SlotsBeyondTheData) {
  for (const std::uint64_t slot : {std::uint64_t{5000}, std::uint64_t{1} << 40, UINT64_MAX}) {
    damage_records([&](auto& opened) {
      opened.index().put("a", facades::format_bytes(RecordIndexEntry{slot}));
    });
    const std::vector<std::string_view> texts{"collection 'r'"};
    EXPECT_TRUE(corrupt(texts, [&] { records().get("a"); }));
    EXPECT_TRUE(corrupt(texts, [&] { records().version("a"); }));
    EXPECT_TRUE(corrupt(texts, [&] {
      for (const auto entry : records()) entry.key.size();
    }));
    EXPECT_TRUE(corrupt(texts, changing([](R& r) { r.edit("a"); })));
    EXPECT_TRUE(corrupt(texts, changing([](R& r) { r.put("a", {}); })));
    EXPECT_TRUE(corrupt(texts, changing([](R& r) { r.erase("a"); })));
    EXPECT_TRUE(corrupt(texts, changing([](R& r) { r.set_flags("a", 1); })));
    EXPECT_TRUE(reports("r", "slot"));
  }
}

TEST_F(RecordsHostileTest, ValuesOfAnotherSize) {
  for (const char* value : {"", "1234567", "123456789"}) {
    damage_records([&](auto& opened) { opened.index().put("a", value); });
    EXPECT_TRUE(
        corrupt({"collection 'r'", "index", "size of a value", "8"}, [&] { records().get("a"); }));
    EXPECT_TRUE(reports("r", "size of a value"));
  }
}

TEST_F(RecordsHostileTest, OneSlotForTwoKeys) {
  damage_records(
      [&](auto& opened) { opened.index().put("e", facades::format_bytes(RecordIndexEntry{0})); });
  EXPECT_TRUE(reports("r", "slot 0 has two keys"));
  EXPECT_TRUE(reports("r", "5 slots, but 2 with a key"));
}

TEST_F(RecordsHostileTest, AFreeSlotWithAKey) {
  damage_records(
      [&](auto& opened) { opened.index().put("e", facades::format_bytes(RecordIndexEntry{1})); });
  EXPECT_TRUE(reports("r", "slot 1, which is free"));
  EXPECT_TRUE(corrupt({"'r'", "slot 1", "free"}, [&] { records().flags("e"); }));
  EXPECT_TRUE(corrupt({"'r'", "slot 1", "free"}, changing([](R& r) { r.erase("e"); })));
}

// ---- the list of free slots

struct FreeListCase {
  FreeSlots free;
  std::string_view problem;
};

TEST_F(RecordsHostileTest, ListsOfFreeSlotsThatLeadAstray) {
  const FreeListCase cases[] = {
      {{6, 4, 0, 0}, "slot 5 of 5"},
      {{UINT64_MAX, 4, 0, 0}, "of 5"},
      {{1, 4, 0, 0}, "slot 0, which is in use"},
      {{0, 0, 0, 0}, "0 free"},
      {{2, 5, 0, 0}, "does not end where it says"},
  };
  for (const auto& [free, problem] : cases) {
    damage_records([&, &f = free](auto& opened) {
      opened.blob("headers").write(0, facades::format_bytes(f));
    });
    EXPECT_TRUE(reports("r", problem)) << problem;
    if (free.first == 0) continue;
    const auto use = changing([](R& r) {
      r.erase("a");
      r.create("x");
    });
    if (free.first == 2) {
      EXPECT_TRUE(corrupt({"collection 'r'", "headers", "slot 4"}, use));
    } else {
      EXPECT_TRUE(corrupt({"collection 'r'", "headers"}, changing([](R& r) { r.create("x"); })));
    }
  }
}

TEST_F(RecordsHostileTest, AListOfFreeSlotsInACircle) {
  damage_records([&](auto& opened) {  // slot 3, the last, leads to slot 1, the first
    opened.blob("headers").write(sizeof(FreeSlots) + 8 * 3, facades::format_bytes(Le64(2 << 1)));
  });
  EXPECT_TRUE(reports("r", "slot 1 again"));
  EXPECT_TRUE(
      corrupt({"'r'", "slot 3", "another one behind it"}, changing([](R& r) { r.erase("a"); })));
}

TEST_F(RecordsHostileTest, AFreeSlotThatLeadsBeyondAllSlots) {
  damage_records([&](auto& opened) {
    opened.blob("headers").write(sizeof(FreeSlots) + 8 * 1, facades::format_bytes(Le64(100 << 1)));
  });
  EXPECT_TRUE(reports("r", "slot 99 of 5"));
  EXPECT_TRUE(corrupt({"'r'", "next free slot", "100"}, changing([](R& r) { r.create("x"); })));
}

TEST_F(RecordsHostileTest, HeadersOfAnImpossibleSize) {
  for (const std::uint64_t size : {0, 31, 33, 32}) {
    damage_records([&](auto& opened) { opened.blob("headers").resize(size); });
    EXPECT_TRUE(corrupt({"'r'"}, [&] { records().version("a"); })) << size;
    EXPECT_TRUE(corrupt({"'r'"}, changing([](R& r) { r.erase("a"); })));
    EXPECT_FALSE(database->check(check_options).ok());
  }
}

TEST_F(RecordsHostileTest, HeadersThatClaimMoreSlotsThanMemoryHolds) {
  damage_records([&](auto& opened) { opened.blob("headers").resize(std::uint64_t{200} << 40); });
  EXPECT_TRUE(reports("r", "slots, but 3 with a key and 2 free"));
}

// ---- the data

TEST_F(RecordsHostileTest, DataThatIsTooShort) {
  damage_records([&](auto& opened) { opened.blob("data").resize(20); });
  EXPECT_TRUE(corrupt({"'r'", "data", "size"}, [&] { records().get("a"); }));
  EXPECT_TRUE(corrupt({"'r'", "data", "size"}, changing([](R& r) { r.edit("a"); })));
  EXPECT_TRUE(reports("r", "but the data has 20 bytes"));
}

// ---- the options

TEST_F(RecordsHostileTest, OptionsCutShortAnywhereOrTooLong) {
  std::string whole;
  damage_records([&](auto& opened) { whole = opened.options().str(); });
  for (std::size_t size = 0; size <= whole.size() + 1; ++size) {
    if (size == whole.size()) continue;
    damage_records([&](auto& opened) { opened.set_options((whole + "x").substr(0, size)); });
    EXPECT_TRUE(corrupt({"collection 'r'", "options"}, [&] { records(); })) << size;
    EXPECT_TRUE(reports("r", "options"));
  }
}

TEST_F(RecordsHostileTest, OptionsWithAnyByteChangedAreRefusedOrSoundForATypeThatKnowsNothing) {
  std::string whole;
  damage_records([&](auto& opened) { whole = opened.options().str(); });
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char flip : {'\x01', '\x10', '\xff'}) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      damage_records([&](auto& opened) { opened.set_options(bytes); });
      try {
        const auto store = database->snapshot().open<RecordStore>("r");
        for (const auto entry : store) {
          EXPECT_NE(entry.record.get()[store.layout().size - 1], std::byte{0xee});
        }
      } catch (const Error& error) {
        EXPECT_TRUE(error.code() == ErrorCode::corruption || error.code() == ErrorCode::format);
        EXPECT_EQ(error.collection(), "r") << error.what();
      }
    }
  }
}

TEST_F(RecordsHostileTest, OptionsOfALaterVersionAskForANewerProgram) {
  damage_records([&](auto& opened) {
    std::string bytes = opened.options().str();
    bytes[0] = 2;
    opened.set_options(bytes);
  });
  EXPECT_TRUE(fails(ErrorCode::format, {"'r'", "version 2", "newer"}, [&] { records(); }));
}

// ---- arrays

TEST_F(RecordsHostileTest, ArraysThatLieOutsideOrAcrossOneAnother) {
  const std::pair<RecordArrayEntry, std::string_view> cases[] = {
      {{1, 10}, "two arrays have page 1"},       {{5000, 10}, "ends behind"},
      {{0, 1'000'000}, "ends behind"},           {{UINT64_MAX, 1}, "first_page and count"},
      {{1, UINT64_MAX}, "first_page and count"},
  };
  for (const auto& [entry, problem] : cases) {
    const std::uint64_t index = std::min<std::uint64_t>(entry.count, 1'000'000) - 1;
    damage<RecordArrayStore>("arrays", [&, &e = entry](auto& opened) {
      opened.index().put("b", facades::format_bytes(e));
    });
    EXPECT_TRUE(reports("arrays", problem));
    if (problem.starts_with("two")) continue;
    EXPECT_TRUE(corrupt({"'arrays'"}, [&] {
      database->snapshot().open<RecordArray<Account>>("arrays").view("b").at(index);
    }));
    EXPECT_TRUE(corrupt({"'arrays'"}, [&] {
      database->snapshot().open<RecordArray<Account>>("arrays").view("b").page_span(index);
    }));
    EXPECT_TRUE(corrupt({"'arrays'"}, [&] {
      Transaction txn = database->begin();
      txn.open<RecordArray<Account>>("arrays").edit("b", index);
    }));
  }
}

TEST_F(RecordsHostileTest, ArraysWhoseEntriesOrDataAreOfAnotherSize) {
  damage<RecordArrayStore>("arrays", [&](auto& opened) { opened.blob("data").resize(4097); });
  EXPECT_TRUE(corrupt({"'arrays'", "data"}, [&] {
    database->snapshot().open<RecordArray<Account>>("arrays").view("a").at(999);
  }));
  for (const bool is_erased : {false, true}) {
    EXPECT_TRUE(corrupt({"'arrays'", "data", "whole pages"}, [&] {
      Transaction txn = database->begin();
      auto arrays = txn.open<RecordArray<Account>>("arrays");
      if (is_erased) arrays.erase("a");
      arrays.create("x", 1);
    }));
  }
  EXPECT_TRUE(reports("arrays", "whole pages"));
  damage<RecordArrayStore>("arrays", [&](auto& opened) {
    opened.blob("data").resize(4096);
    opened.index().put("a", "short");
  });
  EXPECT_TRUE(reports("arrays", "size of a value"));
  EXPECT_TRUE(corrupt({"'arrays'", "size of a value"}, [&] {
    database->snapshot().open<RecordArray<Account>>("arrays").view("a");
  }));
}

// ---- rings

TEST_F(RecordsHostileTest, RingsOfAnImpossibleState) {
  const std::pair<std::string, std::string_view> cases[] = {
      {facades::format_bytes(RingState{200, 5}).str(), "head"},
      {facades::format_bytes(RingState{UINT64_MAX, 5}).str(), "head"},
      {facades::format_bytes(RingState{0, 201}).str(), "size"},
      {facades::format_bytes(RingState{3, UINT64_MAX}).str(), "size"},
      {"", "size"},
      {std::string(17, '\0'), "size"},
  };
  for (const auto& [state, field] : cases) {
    damage<RingStore>("ring", [&, &bytes = state](auto& opened) {
      opened.blob("state").resize(0);
      opened.blob("state").write(0, bytes);
    });
    const auto view = [&] { return database->snapshot().open<Ring<Account>>("ring"); };
    EXPECT_TRUE(corrupt({"'ring'", "state", field}, [&] { view().size(); }));
    EXPECT_TRUE(corrupt({"'ring'", "state", field}, [&] { view().front(); }));
    EXPECT_TRUE(corrupt({"'ring'", "state", field}, [&] {
      Transaction txn = database->begin();
      txn.open<Ring<Account>>("ring").append({});
    }));
    EXPECT_TRUE(reports("ring", field));
  }
}

TEST_F(RecordsHostileTest, RingsOfTooFewDataOrAnImpossibleCapacity) {
  damage<RingStore>("ring", [&](auto& opened) { opened.blob("data").resize(4096); });
  EXPECT_TRUE(corrupt({"'ring'", "data", "size"}, [&] {
    for (const auto record : database->snapshot().open<Ring<Account>>("ring")) record.get();
  }));
  for (const bool is_edit : {false, true}) {
    EXPECT_TRUE(corrupt({"'ring'", "data", "size"}, [&] {
      Transaction txn = database->begin();
      auto ring = txn.open<Ring<Account>>("ring");
      is_edit ? void(ring.edit(150)) : ring.append({});
    }));
  }
  EXPECT_TRUE(reports("ring", "data"));
  for (const std::uint64_t capacity : {std::uint64_t{0}, UINT64_MAX}) {
    damage<RingStore>("ring", [&](auto& opened) {
      std::string bytes = opened.options().str();
      const Le64 stored = capacity;
      bytes.replace(offsetof(RecordOptionsHeader, capacity), 8,
                    facades::format_bytes(stored).str());
      opened.set_options(bytes);
    });
    EXPECT_TRUE(
        corrupt({"'ring'", "capacity"}, [&] { database->snapshot().open<Ring<Account>>("ring"); }));
  }
}

}  // namespace
}  // namespace quire::testing
