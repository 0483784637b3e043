// Pages that are intact but not of the state that is looked for: freed ones, ones that a write has
// missed, ones that a checkpoint has written before the log was lost.

#include <algorithm>
#include <cstring>

#include "tests/engine/salvage_fixture.h"

namespace quire::testing {
namespace {

constexpr std::size_t kMany = 200;
constexpr std::size_t kFew = 10;

std::string key(std::size_t number) { return "key " + std::to_string(number); }

void fill_large_table(ModelledTransaction& change) {
  for (std::size_t i = 0; i < kMany; ++i) change.put("table", key(i), salvage_text(300, i));
  change.write("end", 0, salvage_text(400'000, 1));  // keeps what is freed before it in the file
}
/// The table shrinks, and most of its pages are free.
void leave_few(ModelledTransaction& change) {
  for (std::size_t i = kFew; i < kMany; ++i) change.erase("table", key(i));
  for (std::size_t i = 0; i < kFew; ++i) change.put("table", key(i), salvage_text(300, 1000 + i));
}

class SalvageAgesTest : public ::testing::Test {
 protected:
  SalvageReport salvage() {
    SalvageReport report = broken.salvage();
    result = broken.result();
    expect_committed(result, report, broken.history());
    return report;
  }
  std::vector<Pid> pages_of(const std::string& name, PageType type) {
    return broken.pages(SalvageFiles::account(broken.salvage(), name).id, type);
  }
  std::uint64_t pages_of_blobs() {
    Options options;
    options.file_system = &broken.files();
    options.read_only = true;
    return Database::open(kBrokenPath, options).check().blob_pages;
  }
  /// A crash whose log is lost while a checkpoint was writing pages; returns what it would have
  /// written.
  std::vector<std::byte> lose_log_after(const ModelledTransaction::Change& change) {
    auto later = broken.commit_and_close_later({change});
    for (const std::string& segment : broken.segments()) broken.files().remove(segment);
    return later;
  }

  SalvageFiles broken;
  Model result;
};

// ---- freed pages

TEST_F(SalvageAgesTest, LeavesFreedPagesAloneAsLongAsTheSpaceMapTells) {
  broken.commit({fill_large_table});
  broken.commit({leave_few});
  broken.zero(pages_of("table", PageType::hash_root).front());
  salvage();
  EXPECT_EQ(result.hashes.at("salvaged/incomplete/table"), broken.newest().hashes.at("table"));
}

TEST_F(SalvageAgesTest, BelievesTheNewestOfSeveralPagesIfTheSpaceMapIsLost) {
  broken.commit({fill_large_table});
  broken.commit({leave_few});
  broken.zero(pages_of("table", PageType::hash_root).front());
  broken.zero(2);
  salvage();
  const Model::Entries& found = result.hashes.at("salvaged/incomplete/table");
  EXPECT_GT(found.size(), kFew) << "what was erased is there again, or the test tries nothing";
  for (const auto& [name, value] : broken.newest().hashes.at("table")) {
    EXPECT_EQ(found.at(name), value);
  }
}

TEST_F(SalvageAgesTest, TakesNoBucketThatTheTableNoLongerHas) {
  broken.commit({fill_large_table});
  broken.commit({leave_few});
  broken.zero(pages_of("table", PageType::hash_bucket).front());
  broken.zero(2);
  const SalvageReport report = salvage();
  const SalvagedCollection& table = SalvageFiles::account(report, "table");
  EXPECT_EQ(table.found + *table.lost, kFew);
}

TEST_F(SalvageAgesTest, LeavesOutWhatWasDroppedAndIsNotFreeYet) {
  broken.commit({[](auto& change) { change.write("keep", 0, salvage_text(5000, 2)); },
                 [](auto& change) { change.write("gone", 0, salvage_text(8'000'000, 1)); }});
  broken.commit({[](auto& change) { change.drop("gone"); }});
  ASSERT_GT(pages_of_blobs(), 100u) << "nothing is waiting to be freed";
  broken.zero(3);
  const SalvageReport report = salvage();
  EXPECT_EQ(result, broken.newest());
  EXPECT_EQ(report.collections.size(), 1u);
}

// ---- a write that was missed

TEST_F(SalvageAgesTest, NoticesABucketThatIsOlderThanItsTable) {
  broken.commit({fill_large_table});
  const std::vector<std::byte> before = broken.read(kBrokenPath);
  broken.commit({[](auto& change) {
    for (std::size_t i = 0; i < kMany; i += 2) change.erase("table", key(i));
  }});
  const std::vector<std::byte> after = broken.read(kBrokenPath);
  const std::vector<Pid> buckets = pages_of("table", PageType::hash_bucket);
  const auto changed = std::find_if(buckets.begin(), buckets.end(), [&](Pid pid) {
    const std::size_t at = std::size_t{pid} * kPageSize;
    return std::memcmp(before.data() + at, after.data() + at, kPageSize) != 0;
  });
  ASSERT_NE(changed, buckets.end());
  broken.put_page_of(before, *changed);
  const SalvageReport report = salvage();
  EXPECT_FALSE(SalvageFiles::account(report, "table").whole);
}

TEST_F(SalvageAgesTest, NoticesALeafThatIsOlderThanItsList) {
  const auto fill = [](auto& change) {
    for (std::size_t i = 0; i < kMany; ++i) change.push_back("list", salvage_text(90, i));
  };
  broken.commit({fill});
  const std::vector<std::byte> before = broken.read(kBrokenPath);
  const std::vector<Pid> nodes = pages_of("list", PageType::list_node);
  broken.commit({[](auto& change) { change.erase("list", 3, 2); }});
  for (std::size_t i = 1; i < nodes.size(); ++i) broken.put_page_of(before, nodes[i]);
  const SalvageReport report = salvage();
  EXPECT_FALSE(SalvageFiles::account(report, "list").whole);
}

// ---- a checkpoint that was cut off, and a log that is lost

TEST_F(SalvageAgesTest, TakesPagesOfTwoCommitsForNoWhole) {
  broken.commit({fill_large_table});
  const auto later = lose_log_after([](auto& change) {
    for (std::size_t i = 0; i < kMany; ++i)
      change.put("table", key(i), salvage_text(300, 1000 + i));
  });
  broken.put_page_of(later, pages_of("table", PageType::hash_bucket).front());
  const SalvageReport report = salvage();
  const SalvagedCollection& table = SalvageFiles::account(report, "table");
  EXPECT_FALSE(table.whole);
  EXPECT_EQ(table.found, kMany);
  EXPECT_FALSE(table.remarks.empty());
}

TEST_F(SalvageAgesTest, TellsWhatANewerCommitLeft) {
  broken.commit({[](auto& change) { change.write("old", 0, salvage_text(500, 1)); },
                 [](auto& change) { change.write("both", 0, salvage_text(500, 2)); }});
  const auto later = lose_log_after([](auto& change) {
    change.write("both", 0, salvage_text(500, 3));
    change.write("new", 0, salvage_text(500, 4));
  });
  // The catalog too: all of what it names is newer then but the content of "old".
  for (Pid pid = 2; pid < later.size() / kPageSize; ++pid) broken.put_page_of(later, pid);
  const SalvageReport report = salvage();
  EXPECT_EQ(result.blobs.at("new"), salvage_text(500, 4));
  EXPECT_TRUE(SalvageFiles::account(report, "new").newer);
  EXPECT_FALSE(SalvageFiles::account(report, "old").newer);
}

TEST_F(SalvageAgesTest, TakesAChildOfAnotherCommitForNoWhole) {
  broken.commit({[](auto& change) { change.put_in_bag("bag", "stone", "grey"); }});
  const auto later =
      lose_log_after([](auto& change) { change.put_in_bag("bag", "stick", "brown"); });
  broken.put_page_of(later, pages_of("bag/order", PageType::list_node).front());
  salvage();
  EXPECT_TRUE(result.bags.empty());
  EXPECT_EQ(result.lists.at("salvaged/incomplete/bag/order").size(), 2u);
}

TEST_F(SalvageAgesTest, TakesNoNewerPageThatNothingCallsCommitted) {
  broken.commit({[](auto& change) { change.write("old", 0, salvage_text(500, 1)); }});
  const auto later =
      lose_log_after([](auto& change) { change.write("new", 0, salvage_text(500, 2)); });
  for (Pid pid = 4; pid < later.size() / kPageSize; ++pid) broken.put_page_of(later, pid);
  broken.zero(3);
  for (const Pid bucket : broken.pages(kEngineOwner, PageType::hash_bucket)) broken.zero(bucket);
  broken.zero(2);
  salvage();
  ASSERT_EQ(result.blobs.size(), 1u);
  EXPECT_EQ(result.blobs.begin()->second, salvage_text(500, 1));
}

TEST_F(SalvageAgesTest, LosesAValueThatIsOfTwoCommits) {
  broken.commit({[](auto& change) { change.put("table", "long", salvage_text(12'000, 1)); }});
  const auto later =
      lose_log_after([](auto& change) { change.put("table", "long", salvage_text(12'000, 2)); });
  broken.put_page_of(later, pages_of("table", PageType::value)[1]);
  const SalvageReport report = salvage();
  EXPECT_EQ(SalvageFiles::account(report, "table").lost, 1u);
}

TEST_F(SalvageAgesTest, TakesANameOfAnotherCommitForNoWhole) {
  broken.commit({[](auto& change) { change.write("red", 0, "red"); },
                 [](auto& change) { change.write("blue", 0, "blue"); }});
  const auto later = lose_log_after([](auto& change) { change.rename("red", "green"); });
  for (const Pid bucket : broken.pages(kEngineOwner, PageType::hash_bucket))
    broken.put_page_of(later, bucket);
  salvage();
  EXPECT_EQ(result.blobs.at("salvaged/incomplete/green"), "red");
}

}  // namespace
}  // namespace quire::testing
