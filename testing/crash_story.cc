#include "testing/crash_story.h"

#include <algorithm>

namespace quire::simulation {
namespace {

using Story = std::vector<std::string>;

std::string in_words(const Fate& fate) {
  switch (fate.kind) {
    case Fate::Kind::lost:
      return "lost";
    case Fate::Kind::kept:
      return "kept";
    case Fate::Kind::garbage:
      return "kept as garbage";
    case Fate::Kind::torn:
      return "torn [" + fate.sectors + "]";
    case Fate::Kind::spoiled:
      break;
  }
  return "kept with garbage around it";
}

void tell_calls(const Crash& crash, const std::string& who, Story& story) {
  constexpr std::uint64_t kCallsTold = 12;
  const std::uint64_t end = crash.moment->call;
  story.push_back(who + (end == 0 ? ", before its first call:" : ", its last calls:"));
  const std::uint64_t first = end - std::min(end, kCallsTold);
  const std::vector<Remark>& remarks = crash.recording->remarks;
  auto remark = std::find_if(remarks.begin(), remarks.end(),
                             [&](const Remark& candidate) { return candidate.next_call >= first; });
  const auto tell_remarks = [&](std::uint64_t next_call) {
    for (; remark != remarks.end() && remark->next_call == next_call; ++remark) {
      story.push_back("  -- " + remark->text);
    }
  };
  for (std::uint64_t call = first; call < end; ++call) {
    tell_remarks(call);
    story.push_back("  " + std::to_string(call) + ": " +
                    to_string(crash.recording->simulation->call(call)));
  }
  tell_remarks(end);
}

/// Where the run was cut.
std::string place_of(const Crash& crash) {
  const std::uint64_t call = crash.moment->call;
  const Simulation& run = *crash.recording->simulation;
  if (call == run.call_count()) return "after the last call";
  const std::string named = "call " + std::to_string(call) + " (" + to_string(run.call(call)) + ")";
  return crash.moment->is_within ? "within " + named + ", which has done a part"
                                 : "before " + named;
}

void tell_fates(const Crash& crash, Story& story) {
  if (!crash.fates) {
    story.push_back("the process dies " + place_of(crash) +
                    "; the system keeps what it has written");
    return;
  }
  const std::vector<PendingChange> changes = pending_changes(crash.moment->disk);
  const std::string cut = "power is cut " + place_of(crash);
  story.push_back(cut +
                  (changes.empty() ? "; nothing was pending" : "; of what no sync had covered:"));
  for (std::size_t index = 0; index < changes.size(); ++index) {
    story.push_back("  " + in_words((*crash.fates)[index]) + "  " + changes[index].description);
  }
}

}  // namespace

std::vector<std::string> tell_story(const std::vector<Crash>& crashes,
                                    const CrashRun::Promises& promised) {
  Story story;
  for (std::string who = "the workload"; const Crash& crash : crashes) {
    tell_calls(crash, who, story);
    tell_fates(crash, story);
    who = "the recovery from that";
  }
  const CrashHistory& history = promised.history;
  const auto acknowledged =
      std::count_if(history.begin(), history.end(),
                    [](const CrashCommit& commit) { return commit.acknowledged; });
  story.push_back("promised: " + std::to_string(acknowledged) + " acknowledged of " +
                  std::to_string(history.size()) + " announced");
  return story;
}

}  // namespace quire::simulation
