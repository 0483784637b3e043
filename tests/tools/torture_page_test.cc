#include "tools/torture_page.h"

#include <gtest/gtest.h>

namespace quire::tools {
namespace {

TEST(TorturePageTest, HasACellForEachFaultAndOutcome) {
  TortureSummary summary;
  summary.seed = 77;
  summary.result.table.add("a call fails, once", torture::Outcome::reported, 1234);
  const std::string page = torture_page(summary);
  EXPECT_NE(page.find("<td>a call fails, once</td><td class=\"count\">0</td>"
                      "<td class=\"count\">1,234</td>"),
            page.npos)
      << page;
  EXPECT_NE(page.find("seed 77"), page.npos);
  EXPECT_NE(page.find("Nothing was lost"), page.npos);
}

TEST(TorturePageTest, ShowsWhatWentWrongAsTextAndHowToSeeItAgain) {
  TortureSummary summary;
  summary.result.table.add("a sync <lies>", torture::Outcome::wrong);
  summary.result.findings.push_back({42, "put one & more", "a sync <lies>", "1 < 2"});
  const std::string page = torture_page(summary);
  EXPECT_NE(page.find("<td class=\"bad\">1</td>"), page.npos) << page;
  EXPECT_NE(page.find("quire torture --seed 42 --rounds 1"), page.npos);
  EXPECT_NE(page.find("put one &amp; more"), page.npos);
  EXPECT_NE(page.find("1 &lt; 2"), page.npos);
  EXPECT_EQ(page.find("<lies>"), page.npos);
}

}  // namespace
}  // namespace quire::tools
