#pragma once

#include <string>

#include "tools/figures.h"
#include "torture/campaign.h"

namespace quire::tools {

/// One campaign, for people: when, how long, from which seed, and what came of it.
struct TortureSummary {
  std::string began;  // date and time, UTC
  std::uint64_t seed = 0;
  Seconds duration{0};
  torture::CampaignResult result;
};

/// What was tried: "1 program, 340 distinct disks (..), ..."; empty if only processes were killed.
std::string tried_text(const torture::CampaignResult& result);
/// "no fault came to a bad end", or how many did.
std::string ending_text(const torture::CampaignResult& result);

/// The whole page, static, without scripts and without anything from elsewhere: a table of kinds of
/// faults against outcomes, each cell with its count, what the outcomes mean, and each finding with
/// how to see it again, if it can be.
std::string torture_page(const TortureSummary& summary);

}  // namespace quire::tools
