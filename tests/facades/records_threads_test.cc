// Readers of several threads share one handle and see one commit each, while a writer edits records
// in place.

#include <atomic>
#include <thread>

#include "tests/facades/record_types.h"

namespace quire::testing {
namespace {

constexpr std::uint64_t kAccounts = 100;
constexpr std::uint64_t kSum = kAccounts * 1000;

std::uint64_t sum_of(const RecordsView<Account>& records) {
  std::uint64_t sum = 0;
  for (const auto [key, record] : records) sum += record->balance;
  return sum;
}

TEST(RecordsThreadsTest, ReadersNeverSeeHalfOfAnEdit) {
  Database database = Database::create_in_memory();
  database.transact([](Transaction& txn) {
    auto records = txn.open<Records<Account>>("accounts");
    for (std::uint64_t i = 0; i < kAccounts; ++i) records.create(std::to_string(i))->balance = 1000;
  });
  const RecordsView<Account> first = database.snapshot().open<Records<Account>>("accounts");
  std::atomic<bool> is_done = false;
  std::atomic<std::uint64_t> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      do {
        if (sum_of(first) != kSum) ++wrong;
        if (sum_of(database.snapshot().open<Records<Account>>("accounts")) != kSum) ++wrong;
      } while (!is_done);
    });
  }
  for (std::uint64_t i = 0; i < 300; ++i) {
    database.transact([&](Transaction& txn) {
      auto records = txn.open<Records<Account>>("accounts");
      records.edit(std::to_string(i % kAccounts))->balance -= i;
      records.edit(std::to_string((i + 50) % kAccounts))->balance += i;
    });
  }
  is_done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(first.get("0")->balance, 1000u);
  EXPECT_TRUE(database.check(CheckOptions().with<Records<Account>>()).ok());
}

}  // namespace
}  // namespace quire::testing
