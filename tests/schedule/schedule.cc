#include "tests/schedule/schedule.h"

#include <array>
#include <charconv>
#include <stdexcept>
#include <unordered_map>

namespace quire::schedule {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) noexcept {
  hash ^= value + 0x9e3779b97f4a7c15u + (hash << 6) + (hash >> 2);
  hash *= 0xff51afd7ed558ccdu;
  return hash ^ (hash >> 32);
}

std::uint32_t number_of(std::string_view digits, std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    throw std::invalid_argument("not a schedule: " + std::string(text));
  }
  return number;
}

}  // namespace

std::string to_string(const Schedule& schedule) {
  if (schedule.empty()) return "default";
  std::string text;
  for (const auto& [decision, thread] : schedule) {
    if (!text.empty()) text += ' ';
    text += std::to_string(decision) + ":" + std::to_string(thread);
  }
  return text;
}

Schedule parse_schedule(std::string_view text) {
  Schedule schedule;
  if (text == "default") return schedule;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    const std::size_t colon = word.find(':');
    if (colon == word.npos) throw std::invalid_argument("not a schedule: " + std::string(text));
    schedule.push_back({number_of(word.substr(0, colon), text),
                        static_cast<std::uint8_t>(number_of(word.substr(colon + 1), text))});
  }
  return schedule;
}

std::string_view to_string(Act act) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "begin", "lock", "wait", "notify", "read", "change", "sleep", "join", "yield"};
  return kNames[static_cast<std::size_t>(act)];
}

std::uint64_t order_of(const std::vector<Step>& steps) {
  struct Past {
    std::uint64_t changes = 0;
    std::uint64_t reads = 0;  // since the last change, in any order
  };
  std::unordered_map<const void*, Past> objects;
  std::array<std::uint64_t, 256> threads{};
  for (const Step& step : steps) {
    Past& past = objects[step.object];
    std::uint64_t& own = threads[step.thread];
    own = mixed(mixed(own, static_cast<std::uint64_t>(step.act)), past.changes);
    if (step.changes()) {
      own = mixed(own, past.reads);
      past = {own, 0};
    } else {
      past.reads += own;
    }
  }
  std::uint64_t order = 0;
  for (const std::uint64_t thread : threads) order = mixed(order, thread);
  return order;
}

}  // namespace quire::schedule
