#include <array>

#include <quire/database.h>
#include <quire/records.h>

#include "tests/tools/command_test.h"

namespace quire::tools {

namespace {

struct Account {
  std::int64_t balance = 0;
  std::uint16_t rates[2] = {};
  char owner[4] = {};
  float ratio = 0;
  std::array<std::uint8_t, 3> raw = {};
  std::int8_t sign = 0;
  struct {
    std::uint8_t bytes[2];
  } inner = {};
  std::uint16_t unused = 0;
  double share = 0;
  std::uint32_t small[2] = {};

  static auto record_fields() {
    return std::array{
        record_field("balance", &Account::balance), record_field("rates", &Account::rates),
        record_field("owner", &Account::owner),     record_field("ratio", &Account::ratio),
        record_field("raw", &Account::raw),         record_field("sign", &Account::sign),
        record_field("inner", &Account::inner),     record_field("share", &Account::share)};
  }
};

struct Undescribed {
  std::uint8_t bytes[3];
};

class RecordContentTest : public CommandTest {
 protected:
  RecordContentTest() {
    Database database = Database::open(file());
    database.transact([](Transaction& txn) {
      auto records = txn.create<Records<Account>>("accounts");
      const auto ada = records.create("ada");
      *ada = {-5, {1, 2}, {'a', 'd', 0, 'x'}, 0.5F, {1, 2, 3}, -1, {{0xab, 0xcd}}, 0, 2.5, {}};
      records.set_version("ada", 3);
      records.set_flags("ada", 255);
      txn.create<Records<Undescribed>>("bytes").put("k", {{1, 2, 255}});
      auto arrays = txn.create<RecordArray<Undescribed>>("arrays");
      arrays.create("a", 2);
      *arrays.edit("a", 1) = {{7, 8, 9}};
      auto ring = txn.create<Ring<Undescribed>>("ring", {.capacity = 2});
      for (std::uint8_t i = 0; i < 3; ++i) ring.append({{i, i, i}});
    });
    database.close();
  }
};

constexpr const char* kText =
    R"(balance=-5 rates=[1,2] owner="ad" ratio=0.5 raw=[1,2,3] sign=-1 inner="abcd" share=2.5)";

TEST_F(RecordContentTest, ListsRecordsWithSlotVersionAndFlags) {
  EXPECT_EQ(run({"ls", file(), "accounts"}).out, "ada\tslot 0\tversion 3\tflags 0xff\n");
  const Json entry = run_json({"ls", file(), "accounts", "--json"})["keys"][0];
  EXPECT_EQ(entry, (Json{{"key", "ada"}, {"slot", 0}, {"version", 3}, {"flags", 255}}));
}

TEST_F(RecordContentTest, ShowsTheFieldsOfATypeThatDescribesItself) {
  EXPECT_EQ(run({"cat", file(), "accounts"}).out, "ada\t" + std::string(kText) + "\n");
  EXPECT_EQ(run({"cat", file(), "accounts", "ada"}).out, std::string(kText) + "\n");
  const Json all = run_json({"cat", file(), "accounts", "--json"});
  EXPECT_EQ(all["kind"], "records");
  EXPECT_EQ(all["records"][0]["key"], "ada");
  const Json one = run_json({"cat", file(), "accounts", "ada", "--json"})["record"];
  EXPECT_EQ(one, all["records"][0]["record"]);
  EXPECT_EQ(one["balance"], -5);
  EXPECT_EQ(one["rates"], (Json{1, 2}));
  EXPECT_EQ(one["owner"], "ad");
  EXPECT_EQ(one["inner"], "abcd");
}

TEST_F(RecordContentTest, ShowsAnyOtherRecordInHexadecimal) {
  EXPECT_EQ(run({"cat", file(), "bytes", "k"}).out, "0102ff\n");
  EXPECT_EQ(run_json({"cat", file(), "bytes", "k", "--json"})["record"], "0102ff");
}

TEST_F(RecordContentTest, ListsAndShowsArrays) {
  EXPECT_EQ(run({"ls", file(), "arrays"}).out, "a\t2 records\n");
  EXPECT_EQ(run_json({"ls", file(), "arrays", "--json"})["keys"][0],
            (Json{{"key", "a"}, {"records", 2}}));
  EXPECT_EQ(run({"cat", file(), "arrays"}).out, "a\t0\t000000\na\t1\t070809\n");
  EXPECT_EQ(run({"cat", file(), "arrays", "a"}).out, "0\t000000\n1\t070809\n");
  EXPECT_EQ(run_json({"cat", file(), "arrays", "a", "--json"})["records"],
            (Json{"000000", "070809"}));
  EXPECT_EQ(run_json({"cat", file(), "arrays", "--json"})["arrays"][0]["key"], "a");
}

TEST_F(RecordContentTest, ShowsARingFromItsFirstRecord) {
  EXPECT_EQ(run({"cat", file(), "ring"}).out, "0\t010101\n1\t020202\n");
  const Json document = run_json({"cat", file(), "ring", "--json"});
  EXPECT_EQ(document["capacity"], 2);
  EXPECT_EQ(document["records"], (Json{"010101", "020202"}));
}

TEST_F(RecordContentTest, SaysThatAKeyIsMissingOrThatThereAreNone) {
  expect_failure({"cat", file(), "accounts", "bob"}, 3, "no key 'bob'");
  expect_failure({"cat", file(), "arrays", "bob"}, 3, "no key 'bob'");
  expect_failure({"cat", file(), "ring", "bob"}, 2, "a ring has no keys");
  expect_failure({"ls", file(), "ring"}, 2, "a ring has no keys");
}

}  // namespace

}  // namespace quire::tools
