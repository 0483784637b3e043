#include "torture/outcome.h"

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

}  // namespace quire::torture
