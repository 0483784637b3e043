#pragma once

#include <cstdint>
#include <string>

#include <quire/database.h>

namespace quire::torture {

/// A sequence of transactions without end, known beforehand: what number n does follows from
/// (seed, n) and from what is there, so whoever knows how many were committed knows every byte. Each
/// is one of operations(), and counts itself; now and then everything is dropped, so that it stays
/// small.
class EndlessProgram {
 public:
  explicit EndlessProgram(std::uint64_t seed) : seed_(seed) {}

  /// All of transaction `number`, from 1 on, but its commit.
  void run(Transaction& transaction, std::uint64_t number) const;
  /// How many of them a database holds.
  static std::uint64_t count(const Database& database);

 private:
  std::uint64_t seed_;
};

/// What a database must hold, from another one, in memory, that was never killed.
class Twin {
 public:
  explicit Twin(std::uint64_t seed);

  /// Transactions so far.
  std::uint64_t count() const noexcept { return count_; }
  void advance_to(std::uint64_t count);
  /// content_of() after count() transactions.
  std::string content() const;

 private:
  EndlessProgram program_;
  Database database_;
  std::uint64_t count_ = 0;
};

}  // namespace quire::torture
