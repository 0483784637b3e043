// What is stored of a record's type, and who may open the collection again.

#include "tests/facades/record_types.h"

namespace quire::testing {
namespace {

enum class Colour : std::uint16_t { red };
struct Everything {
  bool flag;
  signed char small;
  std::uint16_t numbers[2][3];
  std::array<std::int64_t, 2> large;
  Colour colour;
  float ratio;
  char name[5];
  std::byte raw[3];
  Plain<7> inner;

  static auto record_fields() {
    return std::array{
        record_field("flag", &Everything::flag),       record_field("small", &Everything::small),
        record_field("numbers", &Everything::numbers), record_field("large", &Everything::large),
        record_field("colour", &Everything::colour),   record_field("ratio", &Everything::ratio),
        record_field("name", &Everything::name),       record_field("raw", &Everything::raw),
        record_field("inner", &Everything::inner)};
  }
};

// The same members in another order, type, number, or under another name.
struct Moved : Account {
  static auto record_fields() {
    auto fields = Account::record_fields();
    fields[1].offset += 4;
    return fields;
  }
};
struct Retyped : Account {
  static auto record_fields() {
    auto fields = Account::record_fields();
    fields[1].kind = RecordFieldKind::unsigned_integer;
    return fields;
  }
};
struct Renamed : Account {
  static auto record_fields() {
    auto fields = Account::record_fields();
    fields[0].name = "sum";
    return fields;
  }
};
struct Shorter : Account {
  static auto record_fields() { return std::array{Account::record_fields()[0]}; }
};
using Undescribed = Plain<sizeof(Account), alignof(Account)>;

class RecordLayoutTest : public RecordTest {
 protected:
  template <class T>
  void make(const RecordsOptions& made = {}) {
    database->transact([&](Transaction& txn) { txn.create<Records<T>>("r", made); });
  }
  template <class T>
  auto opening() {
    return [&] { database->snapshot().open<Records<T>>("r"); };
  }
  template <class T>
  auto reopening() {
    return [&] { database->transact([](Transaction& txn) { txn.open<Records<T>>("r"); }); };
  }
};

TEST_F(RecordLayoutTest, FieldsAreWhereTheirMembersAre) {
  using Kind = RecordFieldKind;
  const RecordLayout layout = record_layout<Everything>();
  EXPECT_EQ(layout.size, sizeof(Everything));
  EXPECT_EQ(layout.alignment, alignof(Everything));
  const std::vector<RecordField> expected{
      {"flag", offsetof(Everything, flag), 1, 1, Kind::unsigned_integer},
      {"small", offsetof(Everything, small), 1, 1, Kind::signed_integer},
      {"numbers", offsetof(Everything, numbers), 12, 2, Kind::unsigned_integer},
      {"large", offsetof(Everything, large), 16, 8, Kind::signed_integer},
      {"colour", offsetof(Everything, colour), 2, 2, Kind::unsigned_integer},
      {"ratio", offsetof(Everything, ratio), 4, 4, Kind::floating_point},
      {"name", offsetof(Everything, name), 5, 1, Kind::text},
      {"raw", offsetof(Everything, raw), 3, 3, Kind::bytes},
      {"inner", offsetof(Everything, inner), 7, 7, Kind::bytes},
  };
  EXPECT_EQ(layout.fields, expected);
}

TEST_F(RecordLayoutTest, IsStoredWithTheTagAndReadWithoutTheType) {
  make<Everything>({.tag = "v7"});
  const auto store = database->snapshot().open<RecordStore>("r");
  EXPECT_EQ(store.layout(), record_layout<Everything>());
  EXPECT_EQ(store.tag(), "v7");
  EXPECT_EQ(database->snapshot().open<Records<Everything>>("r").tag(), "v7");
}

TEST_F(RecordLayoutTest, TheCallerNeverNamesAWrongTypeUnnoticed) {
  make<Account>();
  EXPECT_NO_THROW(opening<Account>()());
  const auto refused = [&](std::vector<std::string_view> texts, const auto& call) {
    texts.push_back(kPath);
    texts.push_back("collection 'r'");
    return fails(ErrorCode::type_mismatch, texts, call);
  };
  EXPECT_TRUE(refused({"size", "stored: 48", "given: 40"}, opening<Plain<40, 8>>()));
  EXPECT_TRUE(refused({"alignment", "stored: 8", "given: 1"}, opening<Plain<48>>()));
  EXPECT_TRUE(refused({"field 'limit'", "at 8", "at 12"}, opening<Moved>()));
  EXPECT_TRUE(refused({"field 'limit'", "signed", "unsigned"}, opening<Retyped>()));
  EXPECT_TRUE(refused({"field 1", "'balance'", "'sum'"}, opening<Renamed>()));
  EXPECT_TRUE(refused({"field 'limit'", "given: none"}, opening<Shorter>()));
  EXPECT_TRUE(refused({"field 'balance'", "given: none"}, opening<Undescribed>()));
  EXPECT_TRUE(refused({"field 'limit'", "at 12"}, reopening<Moved>()));
  EXPECT_NO_THROW(reopening<Account>()());
}

TEST_F(RecordLayoutTest, AFieldMoreIsAMismatchToo) {
  make<Shorter>();
  EXPECT_TRUE(
      fails(ErrorCode::type_mismatch, {"field 'limit'", "stored: none"}, opening<Account>()));
}

TEST_F(RecordLayoutTest, ATypeThatDescribesItselfLaterReadsWhatItHasWritten) {
  make<Undescribed>();
  EXPECT_NO_THROW(opening<Account>()());
}

TEST_F(RecordLayoutTest, AnotherTagIsRefusedWhereOptionsAreNamed) {
  make<Account>({.tag = "v1"});
  Transaction txn = database->begin();
  EXPECT_NO_THROW(txn.open<Records<Account>>("r"));
  EXPECT_NO_THROW(txn.open<Records<Account>>("r", {.tag = "v1"}));
  EXPECT_TRUE(fails(ErrorCode::invalid_argument,
                    {kPath, "collection 'r'", "tag is 'v2'", "'v1' is"},
                    [&] { txn.open<Records<Account>>("r", {.tag = "v2"}); }));
}

TEST_F(RecordLayoutTest, AnotherKindIsATypeMismatch) {
  make<Account>();
  EXPECT_THROW(database->snapshot().open<RecordArray<Account>>("r"), TypeMismatch);
  EXPECT_THROW(database->snapshot().open<Ring<Account>>("r"), TypeMismatch);
  EXPECT_THROW(database->snapshot().open<Hash>("r"), TypeMismatch);
}

/// A layout of one field, spoilt by `spoil`.
template <class Spoil>
RecordLayout spoilt(const Spoil& spoil) {
  RecordLayout layout{8, 4, {{"a", 4, 4, 2, RecordFieldKind::unsigned_integer}}};
  spoil(layout);
  return layout;
}

TEST_F(RecordLayoutTest, LayoutsThatNoTypeHasAreRefused) {
  const auto refused = [&](const std::vector<std::string_view>& texts, const auto& spoil) {
    return fails(ErrorCode::invalid_argument, texts, [&] {
      database->transact(
          [&](Transaction& txn) { txn.create<RecordStore>("bad", {.layout = spoilt(spoil)}); });
    });
  };
  using L = RecordLayout&;
  EXPECT_TRUE(refused({"'bad'", "size", "0"}, [](L l) { l.size = 0; }));
  EXPECT_TRUE(refused({"size", "4097"}, [](L l) { l.size = 4097; }));
  EXPECT_TRUE(refused({"alignment", "3"}, [](L l) { l.alignment = 3; }));
  EXPECT_TRUE(refused({"alignment", "8192"}, [](L l) { l.alignment = 8192; }));
  EXPECT_TRUE(refused({"'a'", "offset"}, [](L l) { l.fields[0].offset = 5; }));
  EXPECT_TRUE(refused({"'a'", "offset"}, [](L l) { l.fields[0].offset = UINT32_MAX; }));
  EXPECT_TRUE(refused({"'a'", "offset"}, [](L l) { l.fields[0].size = 0; }));
  EXPECT_TRUE(refused({"'a'", "element_size"}, [](L l) { l.fields[0].element_size = 3; }));
  EXPECT_TRUE(refused({"'a'", "element_size"}, [](L l) { l.fields[0].element_size = 0; }));
  EXPECT_TRUE(refused({"'a'", "kind"}, [](L l) { l.fields[0].kind = RecordFieldKind{9}; }));
  EXPECT_TRUE(refused({"'a'", "element_size"},
                      [](L l) { l.fields[0].kind = RecordFieldKind::floating_point; }));
  EXPECT_TRUE(refused({"name"}, [](L l) { l.fields[0].name.clear(); }));
  EXPECT_TRUE(refused({"name"}, [](L l) { l.fields[0].name = std::string(256, 'n'); }));
  EXPECT_TRUE(refused({"1024", "fewer"}, [](L l) { l.fields.resize(200, l.fields[0]); }));
  EXPECT_FALSE(database->snapshot().find<RecordStore>("bad"));
}

TEST_F(RecordLayoutTest, ALongTagIsRefused) {
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"'r'", "256", "255"},
                    [&] { make<Account>({.tag = std::string(256, 't')}); }));
}

TEST_F(RecordLayoutTest, ACollectionWithoutALayoutCannotBeMade) {
  EXPECT_TRUE(fails(ErrorCode::invalid_argument, {"size"}, [&] {
    database->transact([](Transaction& txn) { txn.open<RecordStore>("r"); });
  }));
}

}  // namespace
}  // namespace quire::testing
