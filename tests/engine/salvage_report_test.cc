// What the report of a salvage says beside the accounts of the collections.

#include <algorithm>

#include <quire/salvage_report.h>

#include "tests/engine/salvage_fixture.h"

namespace quire::testing {
namespace {

class SalvageReportTest : public ::testing::Test {
 protected:
  SalvageReportTest() {
    broken.commit({[](auto& change) { change.write("blob", 0, salvage_text(50'000, 1)); }});
  }

  SalvageFiles broken;
};

TEST_F(SalvageReportTest, SaysThatAnUuidIsNotThatOfTheHeader) {
  EXPECT_FALSE(broken.salvage().uuid_rejected);
  SalvageOptions how;
  how.uuid = std::string(32, 'a');
  const SalvageReport report = broken.salvage(how);
  EXPECT_TRUE(report.uuid_rejected);
  EXPECT_TRUE(report.ok());
}

TEST_F(SalvageReportTest, BelievesThePagesRatherThanAnotherDatabasesHeader) {
  SalvageOptions how;
  how.uuid = broken.uuid();
  EXPECT_FALSE(broken.salvage(how).header_foreign);
  SalvageFiles other;
  other.commit({[](auto& change) { change.write("blob", 0, salvage_text(50'000, 2)); }});
  const std::vector<std::byte> foreign = other.read(kBrokenPath);
  std::vector<std::byte> mixed = broken.read(kBrokenPath);
  std::copy_n(foreign.begin(), 2 * kPageSize, mixed.begin());
  broken.write(kBrokenPath, mixed);
  const SalvageReport unknown = broken.salvage();
  EXPECT_TRUE(unknown.header_foreign);
  EXPECT_FALSE(unknown.header_lost);
  const SalvageReport report = broken.salvage(how);
  EXPECT_TRUE(report.header_foreign);
  EXPECT_TRUE(report.header_lost);
  EXPECT_FALSE(report.uuid_rejected);
  ASSERT_EQ(report.collections.size(), 1u);
  EXPECT_EQ(report.collections.front().former_name, "blob");
  EXPECT_EQ(report.collections.front().found, 50'000u);
}

TEST_F(SalvageReportTest, MissesNoPageThatOnlyTheLogHolds) {
  broken.commit({[](auto& change) { change.write("more", 0, salvage_text(300'000, 3)); }},
                SalvageFiles::End::crashed);
  const SalvageReport report = broken.salvage();
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.missing_pages, 0u);
}

TEST_F(SalvageReportTest, MissesWhatWasCutOffButNotWhatTheLogHoldsOfIt) {
  const std::size_t pages = broken.page_count();
  broken.commit({[](auto& change) { change.write("blob", 49'000, salvage_text(500, 3)); }},
                SalvageFiles::End::crashed);
  const std::size_t kept = pages - 3;
  std::vector<std::byte> cut = broken.read(kBrokenPath);
  cut.resize(kept * kPageSize);
  broken.write(kBrokenPath, cut);
  const SalvageReport report = broken.salvage();
  EXPECT_LT(report.missing_pages, 3u);
  EXPECT_GT(report.missing_pages, 0u);
}

TEST_F(SalvageReportTest, GivesNoAdvice) {
  for (Pid pid = 2; pid < broken.page_count(); ++pid) {
    SalvageFiles files;
    files.commit({[](auto& change) { change.write("blob", 0, salvage_text(50'000, 1)); }});
    files.flip(pid, 3000);
    for (const UnreadablePage& page : files.salvage().unreadable_pages)
      EXPECT_EQ(page.what.find("restore"), std::string::npos) << page.what;
  }
}

}  // namespace
}  // namespace quire::testing
