#include "torture/outcome.h"

#include <algorithm>

namespace quire::torture {

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::as_promised:
      return "as promised";
    case Outcome::reported:
      return "reported, then as promised";
    case Outcome::detected:
      return "detected";
    case Outcome::repaired:
      return "repaired";
    case Outcome::harmless:
      return "harmless";
    case Outcome::older:
      return "an older commit";
    case Outcome::wrong:
      return "wrong content";
    case Outcome::failed:
      return "failed otherwise";
  }
  return "unknown";
}

std::string_view meaning_of(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::as_promised:
      return "everything that was acknowledged is there, and no part of anything else";
    case Outcome::reported:
      return "the call threw an error; reopened, the database is as promised";
    case Outcome::detected:
      return "files were damaged, and open(), a read or check() says so; no read is wrong";
    case Outcome::repaired:
      return "files were damaged; all is right, and the damage is gone";
    case Outcome::harmless:
      return "files were damaged where nothing is kept; all is right, and the damage is still "
             "there";
    case Outcome::older:
      return "files were damaged, and the database is as an older commit left it: a damaged end of "
             "the log looks like one that a crash has cut off";
    case Outcome::wrong:
      return "bad: something that was promised is missing, or something else is there";
    case Outcome::failed:
      return "bad: an error that tells of something else than the fault";
  }
  return "unknown";
}

void OutcomeTable::add(const OutcomeTable& other) {
  for (const auto& [fault, counts] : other.rows_) {
    Row& row = rows_[fault];
    for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) row[outcome] += counts[outcome];
  }
}

std::uint64_t OutcomeTable::total() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [fault, row] : rows_) {
    for (const std::uint64_t count : row) sum += count;
  }
  return sum;
}

std::uint64_t OutcomeTable::bad() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [fault, row] : rows_) {
    for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
      if (!is_good(static_cast<Outcome>(outcome))) sum += row[outcome];
    }
  }
  return sum;
}

std::vector<Outcome> OutcomeTable::columns() const {
  std::vector<Outcome> shown;
  for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome) {
    const bool has_come = std::any_of(rows_.begin(), rows_.end(), [&](const auto& fault_and_row) {
      return fault_and_row.second[outcome] > 0;
    });
    if (has_come || !is_good(static_cast<Outcome>(outcome)))
      shown.push_back(static_cast<Outcome>(outcome));
  }
  return shown;
}

}  // namespace quire::torture
