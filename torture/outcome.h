#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace quire::torture {

/// What came of one fault, the bad ones last.
enum class Outcome {
  as_promised,  // everything that was acknowledged is there, and no part of anything else
  reported,     // an error was thrown; then, on reopening, as promised
  // Of damage at rest:
  detected,  // an error of open() or of a read, or a problem of check() while reads are right
  repaired,  // all is right, and the damage is gone
  harmless,  // all is right, and the damage is still there: it hit what means nothing
  older,     // that of an older commit: damage at the end of the log is a torn end
  // Bad:
  wrong,   // something that was promised is missing, or something else is there
  failed,  // an error that tells of something else than the fault
};
inline constexpr std::size_t kOutcomes = 8;

std::string_view to_string(Outcome outcome) noexcept;
constexpr bool is_good(Outcome outcome) noexcept { return outcome < Outcome::wrong; }

/// How often each kind of fault has come to each outcome. One thread at a time.
class OutcomeTable {
 public:
  using Row = std::array<std::uint64_t, kOutcomes>;

  void add(const std::string& fault, Outcome outcome, std::uint64_t count = 1) {
    rows_[fault][static_cast<std::size_t>(outcome)] += count;
  }
  void add(const OutcomeTable& other);
  const std::map<std::string, Row>& rows() const noexcept { return rows_; }
  std::uint64_t total() const noexcept;
  /// Faults that came to no good.
  std::uint64_t bad() const noexcept;

 private:
  std::map<std::string, Row> rows_;
};

}  // namespace quire::torture
