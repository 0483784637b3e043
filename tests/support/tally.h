#pragma once

#include <quire/quire.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace quire::testing {

/// What several threads count together, one commit at a time, so that whoever reads it can tell
/// whether it is whole: the commit of number n by a thread puts n under the thread's name, raises
/// the total by one and appends to a history, whose newest kMostHistory entries stay.
struct Tally {
  static constexpr std::size_t kMostHistory = 200;

  std::vector<std::uint64_t> numbers;  // the last of each thread
  std::uint64_t total = 0;
  std::vector<std::string> history;
  friend bool operator==(const Tally&, const Tally&) = default;

  static std::string name_of(std::size_t thread) { return "thread " + std::to_string(thread); }
  /// An entry of the history, and the value of the thread: of many lengths, up to three pages.
  static std::string entry(std::size_t thread, std::uint64_t number) {
    return std::to_string(number) + " by " + name_of(thread) +
           std::string(number % 16 == 0 ? 10'000 : number * 37 % 500, '.');
  }

  /// All of a commit but the call.
  static void count(Transaction& transaction, std::size_t thread, std::uint64_t number) {
    auto table = transaction.open<Hash>("table");
    auto history = transaction.open<List>("history");
    table.put("total", std::to_string(number_in(table, "total") + 1));
    table.put(name_of(thread), entry(thread, number));
    history.push_back(entry(thread, number));
    if (history.size() > kMostHistory) history.pop_front();
  }

  static Tally read(const Snapshot& snapshot, std::size_t threads) {
    Tally tally;
    tally.numbers.resize(threads);
    const auto table = snapshot.find<Hash>("table");
    if (!table) return tally;
    for (std::size_t thread = 0; thread < threads; ++thread) {
      tally.numbers[thread] = number_in(*table, name_of(thread));
    }
    tally.total = number_in(*table, "total");
    for (const Value entry : snapshot.open<List>("history")) tally.history.push_back(entry.str());
    return tally;
  }

  /// Throws if a part of a commit is missing.
  void require_whole() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t number : numbers) sum += number;
    if (sum != total) throw std::runtime_error("the total is not that of the threads");
    if (history.size() != std::min<std::uint64_t>(total, kMostHistory)) {
      throw std::runtime_error("the history is not as long as it should be");
    }
    std::vector<std::uint64_t> expected = numbers;
    for (auto entry = history.rbegin(); entry != history.rend(); ++entry) {
      const auto thread = thread_of(*entry);
      if (*entry != Tally::entry(thread, expected.at(thread)--)) {
        throw std::runtime_error("an entry of the history is missing or wrong");
      }
    }
  }

 private:
  static std::uint64_t number_in(const HashView& table, const std::string& key) {
    const auto value = table.get(key);
    return value ? std::stoull(value->str()) : 0;
  }
  static std::size_t thread_of(const std::string& entry) {
    return std::stoul(entry.substr(entry.find("thread ") + 7));
  }
};

}  // namespace quire::testing
