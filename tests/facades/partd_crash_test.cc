// The power is cut before every write and sync of transactions that change partds together with
// plain collections. Whatever is left holds a prefix of the commits, each as a whole.

#include <quire/testing.h>

#include <algorithm>
#include <iostream>
#include <stdexcept>

#include "tests/facades/partd_fixture.h"
#include "tests/support/budget.h"
#include "tests/support/tried.h"

namespace quire::testing {
namespace {

constexpr std::uint64_t kSteps = 10;

std::string word(std::uint64_t step, std::uint64_t index) {
  return "word " + std::to_string(step * 1000 + index) + "\n";
}

/// What the collections hold after `steps` commits.
struct Expected {
  std::map<std::string, std::string> words;
  std::map<std::string, std::string> packed;
  std::map<std::string, std::string> table;
  std::vector<std::string> list;
  std::string blob;
};

/// The keys that step `step` appends to.
std::string key_of(std::uint64_t step, std::uint64_t index) {
  return "key " + std::to_string((step * 7 + index) % 13);
}

void append_words(std::uint64_t step, auto&& append) {
  for (std::uint64_t index = 0; index < 20; ++index) append(key_of(step, index), word(step, index));
}

void make_step(Transaction& txn, std::uint64_t step) {
  const std::string number = std::to_string(step);
  auto words = txn.open<Partd>("words", {.buffer_size = step % 2 == 0 ? 0u : 1u << 20});
  auto packed = txn.open<Partd>("packed", {.codec = Codec::zstd});
  append_words(step, [&](const std::string& key, const std::string& bytes) {
    words.append(key, bytes);
    packed.append({{key, bytes}, {"all", bytes}});
  });
  {
    const Savepoint undone = txn.savepoint();
    words.append("undone", "never there");
    packed.clear();
  }
  packed.iset("first", number);
  if (step % 3 == 2) words.erase(key_of(step, 0));
  txn.open<Hash>("table").put(number, number);
  txn.open<List>("list").push_back(number);
  txn.open<Blob>("blob").append(number);
}

Expected expected_after(std::uint64_t steps) {
  Expected expected;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const std::string number = std::to_string(step);
    append_words(step, [&](const std::string& key, const std::string& bytes) {
      expected.words[key] += bytes;
      expected.packed[key] += bytes;
      expected.packed["all"] += bytes;
    });
    expected.packed.emplace("first", number);
    if (step % 3 == 2) expected.words.erase(key_of(step, 0));
    expected.table[number] = number;
    expected.list.push_back(number);
    expected.blob += number;
  }
  return expected;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(std::string(what) + " is not what was committed");
}

/// All collections as one commit left them, and no acknowledged commit missing.
void require_promised(Database& database, const CrashHistory& history) {
  const Snapshot snapshot = database.snapshot();
  const auto list = snapshot.find<List>("list");
  const std::uint64_t steps = list ? list->size() : 0;
  const auto acknowledged = static_cast<std::uint64_t>(std::ranges::count_if(
      history, [](const CrashCommit& commit) { return commit.acknowledged; }));
  require(steps >= acknowledged && steps <= history.size(), "the number of commits");
  if (steps == 0) return;
  const Expected expected = expected_after(steps);
  require(contents(snapshot.open<Partd>("words")) == expected.words, "words");
  require(contents(snapshot.open<Partd>("packed")) == expected.packed, "packed");
  require(contents(snapshot.open<Hash>("table")) == expected.table, "table");
  require(contents(*list) == expected.list, "list");
  require(contents(snapshot.open<Blob>("blob")) == expected.blob, "blob");
  require(database.check(CheckOptions().with<Partd>()).ok(), "what check() says");
}

void run(CrashRun& crash_run) {
  Database database = crash_run.open();
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    Transaction txn = database.begin();
    make_step(txn, step);
    crash_run.commit(txn, std::to_string(step));
    if (step == kSteps / 2) database.checkpoint();
  }
}

TEST(PartdCrashTest, TransactionsWithPartdsAreThereAsAWholeOrNotAtAll) {
  CrashOptions options;
  options.images_per_point = 6 * crash_budget();
  options.recover_one_in = std::max<std::uint64_t>(1, 100 / crash_budget());
  options.database.wal_segment_size = 128 << 10;
  options.database.cache_size = 1 << 20;
  const CrashReport report = explore_crashes(run, require_promised, options);
  std::cout << report.summary() << "\n";
  tried("crash images in all", report.images);
  tried("crash images in recovery", report.recovery_images);
  EXPECT_TRUE(report.ok()) << report.summary();
  EXPECT_GT(report.images, 50u);
}

}  // namespace
}  // namespace quire::testing
