#include <algorithm>
#include <ranges>

#include "tests/support/database_test.h"

namespace quire::testing {
namespace {

using HandlesTest = DatabaseTest;

TEST_F(HandlesTest, BlobDoesWhatItsInterfaceSays) {
  open();
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("b");
  EXPECT_EQ(blob.size(), 0u);
  blob.append("hello");
  blob.write(7, "world");
  EXPECT_EQ(contents(blob), std::string("hello\0\0world", 12));
  blob.set(5, std::byte{','});
  EXPECT_EQ(blob.at(5), std::byte{','});
  blob.punch(0, 5);
  EXPECT_EQ(blob.view(0, 6).str(), std::string("\0\0\0\0\0,", 6));
  blob.resize(3);
  EXPECT_EQ(blob.size(), 3u);
  std::array<std::byte, 10> buffer;
  EXPECT_EQ(blob.read(1, buffer), 2u);
  EXPECT_EQ(blob.read(3, buffer), 0u);
}

TEST_F(HandlesTest, BlobRefusesIndexesOutOfRangeAndStaysUsable) {
  open();
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("b");
  blob.append("abc");
  EXPECT_THROW(blob.at(3), std::out_of_range);
  EXPECT_THROW(blob.set(3, std::byte{1}), std::out_of_range);
  EXPECT_THROW(blob.view(1, 3), std::out_of_range);
  EXPECT_THROW(blob.view(UINT64_MAX, 2), std::out_of_range);
  EXPECT_THROW(blob.chunks(0, 4), std::out_of_range);
  EXPECT_THROW(blob.write(UINT64_MAX, "x"), InvalidArgument);
  blob.append("d");
  txn.commit();
  EXPECT_EQ(contents(database->snapshot().open<Blob>("b")), "abcd");
}

TEST_F(HandlesTest, ChunksCoverExactlyWhatWasAsked) {
  open().transact([](Transaction& txn) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += static_cast<char>('a' + i % 23);
    txn.open<Blob>("b").append(text);
  });
  const auto blob = database->snapshot().open<Blob>("b");
  const std::string all = contents(blob);
  for (const auto& [offset, count] : {std::pair{0u, 20'000u},
                                      {1u, 4095u},
                                      {4096u, 4096u},
                                      {4090u, 10'000u},
                                      {7u, 0u},
                                      {20'000u, 0u}}) {
    std::string joined;
    for (const ByteView chunk : blob.chunks(offset, count)) joined += chunk.text();
    EXPECT_EQ(joined, all.substr(offset, count)) << offset << " " << count;
  }
  EXPECT_EQ(std::ranges::distance(blob.chunks()), 5);
}

TEST_F(HandlesTest, StreamsReadSeekAndWrite) {
  open();
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("b");
  {
    BlobWriter out(blob);
    for (int i = 0; i < 30'000; ++i) out << i << '\n';
    out.flush();
    EXPECT_TRUE(out.good());
  }
  BlobReader in(blob);
  int number = -1;
  for (int i = 0; i < 30'000; ++i) {
    ASSERT_TRUE(in >> number);
    ASSERT_EQ(number, i);
  }
  in.clear();
  in.seekg(2);
  in >> number;
  EXPECT_EQ(number, 1);
  in.seekg(-6, std::ios::end);
  in >> number;
  EXPECT_EQ(number, 29'999);
  EXPECT_EQ(in.seekg(0, std::ios::end).tellg(), static_cast<std::streamoff>(blob.size()));
}

TEST_F(HandlesTest, StreamsSetBadbitWhenTheTransactionHasEnded) {
  open();
  Transaction txn = database->begin();
  auto blob = txn.open<Blob>("b");
  blob.append("abc");
  BlobReader in(blob);
  BlobWriter out(blob, 3);
  txn.rollback();
  out << "more" << std::flush;
  EXPECT_TRUE(out.bad());
  char letter;
  in >> letter;
  EXPECT_TRUE(in.bad());
}

TEST_F(HandlesTest, HashDoesWhatItsInterfaceSays) {
  open();
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  EXPECT_TRUE(table.empty());
  EXPECT_TRUE(table.put("a", "1"));
  EXPECT_FALSE(table.put("a", "2"));
  EXPECT_FALSE(table.insert("a", "3"));
  EXPECT_TRUE(table.insert("", ""));
  table.append("a", "+");
  table.append("b", "new");
  EXPECT_EQ(contents(table),
            (std::map<std::string, std::string>{{"", ""}, {"a", "2+"}, {"b", "new"}}));
  const auto found = table.get_many({"b", "none", "a"});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0]->text(), "new");
  EXPECT_FALSE(found[1]);
  EXPECT_EQ(found[2]->text(), "2+");
  EXPECT_TRUE(table.erase("a"));
  EXPECT_FALSE(table.erase("a"));
  table.put_many({{"x", "1"}, {"y", "2"}});
  table.put_many(std::map<std::string, std::string>{{"z", "3"}});
  EXPECT_EQ(table.size(), 5u);
  table.clear();
  EXPECT_EQ(table.size(), 0u);
}

TEST_F(HandlesTest, UpdateChangesAValueInPlaceWithoutALock) {
  open();
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  table.put("k", "abc");
  table.put("long", std::string(5000, 'x'));
  EXPECT_FALSE(table.update("none", [](std::span<std::byte>) { FAIL(); }));
  EXPECT_TRUE(table.update("k", [&](std::span<std::byte> bytes) {
    EXPECT_EQ(table.get("long")->size(), 5000u) << "reading is allowed, and no lock is held";
    EXPECT_THROW(table.put("other", "x"), InvalidArgument);
    EXPECT_THROW(table.erase("k"), InvalidArgument);
    bytes[1] = std::byte{'B'};
  }));
  EXPECT_TRUE(
      table.update("long", [](std::span<std::byte> bytes) { bytes[4999] = std::byte{'y'}; }));
  EXPECT_THROW(table.update("k",
                            [](std::span<std::byte> bytes) {
                              bytes[0] = std::byte{'!'};
                              throw std::runtime_error("stop");
                            }),
               std::runtime_error);
  EXPECT_EQ(table.get("k")->text(), "aBc");
  EXPECT_EQ(table.get("long")->text(), std::string(4999, 'x') + "y");
  EXPECT_FALSE(table.contains("other"));
  table.put("other", "now");
  txn.commit();
}

TEST_F(HandlesTest, AnIterationEndsWhenTheTableChanges) {
  open();
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  for (int i = 0; i < 10; ++i) table.put(std::to_string(i), "v");
  auto iterator = table.begin();
  table.put("0", "w");
  EXPECT_THROW(++iterator, InvalidArgument);
  EXPECT_EQ(std::ranges::distance(table.begin(), table.end()), 10);
}

TEST_F(HandlesTest, ArgumentsMayComeFromTheTableItself) {
  open();
  Transaction txn = database->begin();
  auto table = txn.open<Hash>("h");
  table.put("k", std::string(3000, 'k'));
  for (int i = 0; i < 5; ++i) table.append("k", *table.get("k"));
  EXPECT_EQ(table.get("k")->text(), std::string(96'000, 'k'));
  auto blob = txn.open<Blob>("b");
  blob.append(std::string(5000, 'b'));
  blob.write(2500, blob.view(0, 4000));
  EXPECT_EQ(contents(blob), std::string(6500, 'b'));
}

TEST_F(HandlesTest, LongKeysAndValuesSurviveACrash) {
  std::map<std::string, std::string> model;
  open();
  for (const std::size_t size :
       {0u, 1u, 1000u, 1001u, 4056u, 65'536u, 65'537u, 300'000u, 1'048'576u}) {
    model.emplace("value of " + std::to_string(size), std::string(size, 'v'));
    model.emplace(std::string(size, 'k'), "key of " + std::to_string(size));
  }
  database->transact([&](Transaction& txn) { txn.open<Hash>("h").put_many(model); });
  crash_and_reopen();
  EXPECT_EQ(contents(database->snapshot().open<Hash>("h")), model);
}

}  // namespace
}  // namespace quire::testing
