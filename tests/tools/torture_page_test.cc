#include "tools/torture_page.h"

#include <gtest/gtest.h>

namespace quire::tools {
namespace {

TEST(TorturePageTest, HasACellForEachFaultAndOutcome) {
  TortureSummary summary;
  summary.seed = 77;
  summary.result.table.add("a call fails, once", torture::Outcome::reported, 1234);
  summary.result.table.add("the power is cut", torture::Outcome::as_promised, 7);
  const std::string page = torture_page(summary);
  EXPECT_NE(page.find("<td>a call fails, once</td><td class=\"count\">0</td>"
                      "<td class=\"count\">1,234</td>"),
            page.npos)
      << page;
  EXPECT_NE(page.find("seed 77"), page.npos);
  EXPECT_NE(page.find("no fault came to a bad end"), page.npos);
}

TEST(TorturePageTest, ExplainsEachColumnThatItHas) {
  TortureSummary summary;
  summary.result.table.add("at rest: a cut end", torture::Outcome::older, 21);
  const std::string page = torture_page(summary);
  for (const torture::Outcome shown :
       {torture::Outcome::older, torture::Outcome::wrong, torture::Outcome::failed}) {
    const std::string name(torture::to_string(shown));
    EXPECT_NE(page.find("<th>" + name + "</th>"), page.npos) << page;
    EXPECT_NE(page.find("<dt>" + name + "</dt><dd>"), page.npos) << page;
  }
  EXPECT_EQ(page.find("<dt>repaired"), page.npos) << "nothing was";
  EXPECT_EQ(page.find("Nothing was lost"), page.npos) << "commits were";
}

TEST(TorturePageTest, DoesNotSendToTheSimulationAfterAKill) {
  TortureSummary summary;
  summary.result.table.add("SIGKILL", torture::Outcome::wrong);
  summary.result.findings.push_back(
      {42, "endless program", "SIGKILL", "/dir/x.quire is left as it is", false});
  const std::string page = torture_page(summary);
  EXPECT_EQ(page.find("--rounds 1"), page.npos) << page;
  EXPECT_NE(page.find("A kill cannot be repeated exactly"), page.npos);
  EXPECT_NE(page.find("/dir/x.quire is left as it is"), page.npos);
  EXPECT_NE(page.find("1 fault came to a bad end"), page.npos);
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
