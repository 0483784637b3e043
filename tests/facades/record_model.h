#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "tests/facades/record_types.h"

namespace quire::testing {

/// What a database of records, arrays and rings holds, with a few plain collections, by name.
struct RecordModel {
  struct Entry {
    Account account;
    std::uint16_t version = 0;
    std::uint64_t flags = 0;
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  using Wide = Plain<700, 4>;  // 5 in a page, and a rest

  std::map<std::string, std::map<std::string, Entry>> records;
  std::map<std::string, std::map<std::string, std::vector<Wide>>> arrays;
  std::map<std::string, std::deque<Wide>> rings;
  std::map<std::string, std::string> hash;
  std::vector<std::string> list;
  std::string blob;
  friend bool operator==(const RecordModel&, const RecordModel&) = default;

  static constexpr std::uint64_t kCapacity = 12;  // of each ring
};

/// All that a snapshot or a transaction sees.
RecordModel read_model(const Snapshot& snapshot);
RecordModel read_model(Transaction& transaction);

/// One small change, of a transaction or of a model; any numbers make one.
struct RecordChange {
  unsigned what = 0;   // which operation
  unsigned where = 0;  // key or position
  unsigned value = 0;

  /// EXPECTs that what the operation returns is right.
  void apply(Transaction& transaction) const;
  void apply(RecordModel& model) const;
};

}  // namespace quire::testing
