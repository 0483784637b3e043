// Sizes beyond what other tests take, in a file on disk: a blob many times as long as the cache,
// keys and values that fill thousands of pages. Built where QUIRE_TEST_LARGE is on.

#include <cstring>

#include "tests/support/database_test.h"
#include "tests/support/sizes.h"
#include "tests/support/temporary_directory.h"

namespace quire::testing {
namespace {

/// Eight bytes of content follow from where they lie and from `variant`.
std::uint64_t word_at(std::uint64_t offset, std::uint64_t variant) {
  return (offset + 1) * 0x9e3779b97f4a7c15 ^ variant;
}

/// Content from `offset` on; both are multiples of 8.
std::string content_at(std::uint64_t offset, std::size_t size, std::uint64_t variant = 0) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = word_at(offset + i, variant);
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  return bytes;
}

class LargeTest : public ::testing::Test {
 protected:
  LargeTest() {
    options.cache_size = 256 * kMiB;
    open();
  }

  void open() {
    database.reset();
    database.emplace(Database::open(directory / "large.quire", options));
  }
  /// The rest is read from the file, not from memory.
  void close_and_reopen() {
    database->close();
    open();
  }

  void expect_content(const BlobView& blob, std::uint64_t size) {
    ASSERT_EQ(blob.size(), size);
    std::string bytes(kStep, '\0');
    for (std::uint64_t at = 0; at < size; at += kStep) {
      ASSERT_EQ(blob.read(at, std::as_writable_bytes(std::span(bytes))), kStep);
      ASSERT_TRUE(bytes == content_at(at, kStep)) << "between " << at << " and " << at + kStep;
    }
  }

  static constexpr std::size_t kStep = 16 * kMiB;

  const TemporaryDirectory directory;
  Options options;
  std::optional<Database> database;
};

TEST_F(LargeTest, ABlobOfAGibibyteGrowsInManyTransactionsAndShrinksInOne) {
  constexpr std::uint64_t kSize = 1024 * kMiB;
  for (std::uint64_t at = 0; at < kSize; at += kStep) {
    database->transact(
        [&](Transaction& txn) { txn.open<Blob>("blob").append(content_at(at, kStep)); });
  }
  close_and_reopen();
  expect_content(database->snapshot().open<Blob>("blob"), kSize);
  expect_sound(*database);

  database->transact([](Transaction& txn) { txn.open<Blob>("blob").resize(kStep); });
  expect_content(database->snapshot().open<Blob>("blob"), kStep);
  expect_sound(*database);
  database->close();
}

TEST_F(LargeTest, ATableHoldsKeysOfAMebibyteAndAValueOfSixtyFour) {
  constexpr int kKeys = 20;
  const std::string value = content_at(0, 64 * kMiB);
  const auto key = [](int i) { return content_at(0, kMiB, static_cast<std::uint64_t>(i)); };
  database->transact([&](Transaction& txn) {
    auto table = txn.open<Hash>("table");
    for (int i = 0; i < kKeys; ++i) EXPECT_TRUE(table.put(key(i), std::to_string(i)));
    EXPECT_TRUE(table.put("value", value));
    EXPECT_TRUE(
        table.update("value", [](std::span<std::byte> bytes) { bytes.back() = std::byte{'!'}; }));
  });
  database->transact([&](Transaction& txn) {
    auto table = txn.open<Hash>("table");
    table.append("value", content_at(0, kMiB));
    EXPECT_FALSE(table.put(key(3), "three"));
  });
  close_and_reopen();
  {
    const auto table = database->snapshot().open<Hash>("table");
    for (int i = 0; i < kKeys; ++i) {
      EXPECT_EQ(table.get(key(i))->text(), i == 3 ? "three" : std::to_string(i));
    }
    const Value found = *table.get("value");
    ASSERT_EQ(found.size(), 65 * kMiB);
    EXPECT_TRUE(found.view().sub(0, 64 * kMiB - 1) == ByteView(value).sub(0, 64 * kMiB - 1));
    EXPECT_EQ(found.view()[64 * kMiB - 1], std::byte{'!'});
    EXPECT_TRUE(found.view().sub(64 * kMiB) == ByteView(content_at(0, kMiB)));
  }
  expect_sound(*database);

  database->transact([&](Transaction& txn) {
    auto table = txn.open<Hash>("table");
    for (int i = 0; i < kKeys; ++i) EXPECT_TRUE(table.erase(key(i)));
    EXPECT_TRUE(table.erase("value"));
  });
  expect_sound(*database);
  EXPECT_EQ(database->snapshot().collections()[0].pages, 2u);
  database->close();
}

}  // namespace
}  // namespace quire::testing
