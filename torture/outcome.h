#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quire::torture {

/// What came of one fault, the bad ones last; meaning_of() says what each is.
enum class Outcome {
  as_promised,
  reported,
  // Of damage at rest:
  detected,
  repaired,
  harmless,
  older,
  // Bad:
  wrong,
  failed,
};
inline constexpr std::size_t kOutcomes = 8;

std::string_view to_string(Outcome outcome) noexcept;
/// What it says, in one line for users.
std::string_view meaning_of(Outcome outcome) noexcept;
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
  /// Those that a reader wants to see: what has happened, and everything bad, which has not.
  std::vector<Outcome> columns() const;

 private:
  std::map<std::string, Row> rows_;
};

}  // namespace quire::torture
