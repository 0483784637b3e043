// Collections of the ready-made types survive a salvage as what they are, or are taken apart into
// their children: nothing that is left fails its own check.

#include <quire/facades.h>
#include <quire/quire.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/facades/record_types.h"
#include "tests/support/database_test.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

constexpr std::size_t kPageBytes = 4096;
const std::string kBroken = "/dir/broken.quire";
const std::string kMade = "/dir/made.quire";

std::string words(std::size_t count, unsigned seed) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 1664525 + 1013904223;
    text += "word" + std::to_string(seed >> 16) + " ";
  }
  return text;
}

class FacadeSalvageTest : public ::testing::Test {
 protected:
  FacadeSalvageTest() {
    options_.file_system = files_.get();
    Database database = Database::open(kBroken, options_);
    database.transact([&](Transaction& transaction) {
      auto pipe = transaction.open<Pipe>("pipe");
      for (int i = 0; i < 5; ++i) {
        auto block = pipe.begin_block("block " + std::to_string(i));
        block.append("key", words(400, static_cast<unsigned>(i)));
        block.finish();
      }
      auto flat = transaction.open<FlatFile>("flat");
      for (unsigned i = 0; i < 5; ++i) locations_.push_back(flat.put(words(300, 100 + i)));
      auto partd = transaction.open<Partd>("partd");
      for (unsigned i = 0; i < 40; ++i) partd.append("key " + std::to_string(i % 9), words(30, i));
      auto records = transaction.open<Records<Account>>("records");
      for (unsigned i = 0; i < 60; ++i) records.put("key " + std::to_string(i), {.balance = i});
      auto arrays = transaction.open<RecordArray<Account>>("arrays");
      arrays.create("array", 100);
      arrays.edit("array", 70)->balance = 7;
      auto ring = transaction.open<Ring<Account>>("ring", RingOptions{.capacity = 90});
      for (unsigned i = 0; i < 100; ++i) ring.append({.balance = i});
    });
    database.close();
    const auto file = files_->open(kBroken, OpenMode::read_only);
    bytes_.resize(file->status().size);
    file->read_at(0, bytes_);
  }

  SalvageReport salvage() {
    if (files_->status(kMade)) files_->remove(kMade);
    SalvageOptions options;
    options.file_system = files_.get();
    options.checks = facade_check_options();
    SalvageReport report = Database::salvage(kBroken, kMade, options);
    expect_sound(made(), facade_check_options());
    return report;
  }

  Database made() {
    Options how = options_;
    how.read_only = true;
    return Database::open(kMade, how);
  }

  void lose_page(std::size_t page) {
    std::vector<std::byte> damaged = bytes_;
    std::memset(damaged.data() + page * kPageBytes, 0, kPageBytes);
    files_->open(kBroken, OpenMode::read_write)->write_at(0, ByteView(damaged));
  }

  std::unique_ptr<os::MemoryFileSystem> files_ = memory_files();
  Options options_;
  std::vector<DataLocation> locations_;
  std::vector<std::byte> bytes_;
};

TEST_F(FacadeSalvageTest, KeepsThemWhatTheyAre) {
  EXPECT_TRUE(salvage().ok());
  const Database database = made();
  const Snapshot snapshot = database.snapshot();
  const auto pipe = snapshot.open<Pipe>("pipe");
  EXPECT_EQ(pipe.size(), 5u);
  EXPECT_EQ(pipe.block("block 3").first("key")->str(), words(400, 3));
  const auto flat = snapshot.open<FlatFile>("flat");
  for (unsigned i = 0; i < 5; ++i) {
    EXPECT_EQ(ByteView(flat.get(locations_[i])).str(), words(300, 100 + i));
  }
  EXPECT_EQ(snapshot.open<Partd>("partd").size(), 9u);
  EXPECT_EQ(snapshot.open<Records<Account>>("records").get("key 9")->balance, 9u);
  EXPECT_EQ(snapshot.open<RecordArray<Account>>("arrays").view("array")[70]->balance, 7u);
  EXPECT_EQ(snapshot.open<Ring<Account>>("ring").at(0)->balance, 10u);
}

TEST_F(FacadeSalvageTest, LeavesNoneThatFailsItsCheckWhateverPageIsLost) {
  std::size_t taken_apart = 0;
  for (std::size_t page = 0; page < bytes_.size() / kPageBytes; ++page) {
    SCOPED_TRACE("page " + std::to_string(page));
    lose_page(page);
    const SalvageReport report = salvage();
    for (const SalvagedCollection& collection : report.collections) {
      taken_apart += collection.name.empty() ? 1 : 0;
    }
  }
  EXPECT_GT(taken_apart, 0u);
  tried("salvages of ready-made types without one page", bytes_.size() / kPageBytes);
}

}  // namespace
}  // namespace quire::testing
