#pragma once

#include <quire/pipe.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quire::testing {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A block as plain data.
struct PlainBlock {
  std::string key;
  Pairs pairs;

  friend bool operator==(const PlainBlock&, const PlainBlock&) = default;
};

inline Pairs contents(const Block& block) {
  Pairs pairs;
  for (const auto [key, value] : block) pairs.emplace_back(key.str(), value.str());
  return pairs;
}

inline std::vector<PlainBlock> contents(const PipeView& pipe) {
  std::vector<PlainBlock> blocks;
  for (const Block& block : pipe) blocks.push_back({block.key().str(), contents(block)});
  return blocks;
}

inline void append_block(Pipe& pipe, std::string_view key, const Pairs& pairs) {
  BlockWriter writer = pipe.begin_block(key);
  for (const auto& [pair_key, value] : pairs) writer.append(pair_key, value);
  writer.finish();
}

}  // namespace quire::testing
