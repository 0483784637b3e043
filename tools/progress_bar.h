#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "tools/figures.h"

namespace quire::tools {

/// One line of at most `width` places: label, bar, percentage, time left.
std::string progress_line(std::string_view label, std::uint64_t done, std::uint64_t total,
                          Seconds elapsed, std::size_t width);

/// Shows how far long work has come, on standard error: only if that is a terminal, from half a
/// second after construction on, and at most ten times a second; the destructor wipes the line. In
/// a pipe it writes nothing. One thread at a time; a call costs a look at the clock.
class ProgressBar {
 public:
  explicit ProgressBar(std::string label);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// `done` of `total`, in any unit.
  void update(std::uint64_t done, std::uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;

  void wipe() noexcept;

  std::string label_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point begin_ = Clock::now();
  Clock::time_point next_draw_;
};

}  // namespace quire::tools
