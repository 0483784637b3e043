#pragma once

#include <quire/quire.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace quire::testing {

/// One call on the table of the workload.
struct TableChange {
  enum class Kind { put, append, erase };
  Kind kind = Kind::put;
  std::string key;
  std::string bytes;
};

/// A sequence of transactions that is known beforehand: what number n does follows from (seed, n)
/// alone, so whoever knows how many were committed knows every byte of the database.
///
/// Transaction n appends n to the blob "log", sets "last" of the table "counters" to n, and changes
/// a few keys of "table": a new one with content of up to 80 KB, older ones again, and the one
/// kWindow numbers ago is erased.
class KillWorkload {
 public:
  static constexpr std::uint64_t kWindow = 120;

  explicit KillWorkload(std::uint64_t seed) : seed_(seed) {}

  std::vector<TableChange> changes(std::uint64_t number) const {
    std::mt19937_64 random(seed_ ^ number * 0x9e3779b97f4a7c15u);
    std::vector<TableChange> changes;
    changes.push_back({TableChange::Kind::put, key(number), content(random)});
    const std::uint64_t older = number - std::min(number, 1 + random() % kWindow);
    if (random() % 3 == 0) changes.push_back({TableChange::Kind::put, key(older), content(random)});
    if (random() % 3 == 0)
      changes.push_back({TableChange::Kind::append, key(older), content(random).substr(0, 5000)});
    if (number > kWindow) changes.push_back({TableChange::Kind::erase, key(number - kWindow), {}});
    return changes;
  }

  /// All of transaction `number` but its commit.
  void run(Transaction& transaction, std::uint64_t number) const {
    transaction.open<Blob>("log").append(record(number));
    auto table = transaction.open<Hash>("table");
    for (const TableChange& change : changes(number)) {
      if (change.kind == TableChange::Kind::put) table.put(change.key, change.bytes);
      if (change.kind == TableChange::Kind::append) table.append(change.key, change.bytes);
      if (change.kind == TableChange::Kind::erase) table.erase(change.key);
    }
    transaction.open<Hash>("counters").put("last", std::to_string(number));
  }

  /// How many transactions a database holds, by its log.
  static std::uint64_t count(const Database& database) {
    const auto log = database.snapshot().find<Blob>("log");
    return log ? log->size() / record(0).size() : 0;
  }

  /// What the blob gets for a number.
  static std::string record(std::uint64_t number) {
    std::string bytes;
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(number >> shift);
    return bytes;
  }

 private:
  static std::string key(std::uint64_t number) { return "key " + std::to_string(number); }

  /// Mostly inline, sometimes in value pages, now and then in a blob of its own.
  static std::string content(std::mt19937_64& random) {
    static constexpr std::array<std::size_t, 8> kMostBytes{40,    200,   200,    1'000,
                                                           1'000, 5'000, 20'000, 80'000};
    const std::size_t most = kMostBytes[random() % kMostBytes.size()];
    const std::size_t size = random() % (most + 1);
    std::string bytes;
    while (bytes.size() < size) bytes += record(random());
    bytes.resize(size);
    return bytes;
  }

  std::uint64_t seed_;
};

/// What a database holds after the first count() transactions.
class KillModel {
 public:
  explicit KillModel(const KillWorkload& workload) : workload_(workload) {}

  std::uint64_t count() const noexcept { return count_; }
  const std::string& log() const noexcept { return log_; }
  const std::map<std::string, std::string>& table() const noexcept { return table_; }

  void advance_to(std::uint64_t count) {
    while (count_ < count) {
      ++count_;
      log_ += KillWorkload::record(count_);
      for (const TableChange& change : workload_.changes(count_)) apply(change);
    }
  }

 private:
  void apply(const TableChange& change) {
    if (change.kind == TableChange::Kind::put) table_[change.key] = change.bytes;
    if (change.kind == TableChange::Kind::append) table_[change.key] += change.bytes;
    if (change.kind == TableChange::Kind::erase) table_.erase(change.key);
  }

  KillWorkload workload_;
  std::uint64_t count_ = 0;
  std::string log_;
  std::map<std::string, std::string> table_;
};

}  // namespace quire::testing
