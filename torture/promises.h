#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>

#include <quire/testing.h>

namespace quire::torture {

/// How many steps of a program a database may hold: all that were acknowledged are there, and none
/// that was not announced.
struct PromisedSteps {
  std::size_t least = 0;
  std::size_t most = 0;

  bool include(std::size_t steps) const noexcept { return least <= steps && steps <= most; }
};

/// Of a history whose notes are the numbers of steps, from 1 on.
inline PromisedSteps promised_steps(const CrashHistory& history) {
  PromisedSteps steps;
  for (const CrashCommit& commit : history) {
    const auto number = static_cast<std::size_t>(std::stoul(commit.note));
    steps.most = std::max(steps.most, number);
    if (commit.acknowledged) steps.least = std::max(steps.least, number);
  }
  return steps;
}

/// To be thrown where the content is that of `found` instead.
inline std::runtime_error broken_promise(const std::string& found, const PromisedSteps& promised) {
  return std::runtime_error("the content is that of " + found + ", not of one from " +
                            std::to_string(promised.least) + " to " +
                            std::to_string(promised.most));
}

}  // namespace quire::torture
