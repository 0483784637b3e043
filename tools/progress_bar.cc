#include "tools/progress_bar.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace quire::tools {

namespace {

constexpr std::chrono::milliseconds kPatience{500};
constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::size_t kUsualWidth = 80;
constexpr std::size_t kNarrowestBar = 5;
constexpr std::size_t kWidestBar = 40;

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsualWidth;
  return size.ws_col;
}

std::string bar_text(double share, std::size_t width) {
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(width));
  return fmt::format(" [{}{}]", std::string(filled, '#'), std::string(width - filled, '-'));
}

}  // namespace

std::string progress_line(std::string_view label, std::uint64_t done, std::uint64_t total,
                          Seconds elapsed, std::size_t width) {
  done = std::min(done, total);
  const double share = total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 1;
  std::string tail = fmt::format(" {:3.0f} %", share * 100);
  if (done > 0) tail += fmt::format("  {} left", duration_text(elapsed * (1 / share - 1)));

  const std::size_t taken = label.size() + tail.size() + std::string_view(" []").size();
  std::string bar;
  if (width >= taken + kNarrowestBar) bar = bar_text(share, std::min(width - taken, kWidestBar));
  std::string line = fmt::format("{}{}{}", label, bar, tail);
  line.resize(std::min(line.size(), width));
  return line;
}

ProgressBar::ProgressBar(std::string label)
    : label_(std::move(label)),
      terminal_(isatty(STDERR_FILENO) != 0),
      next_draw_(begin_ + kPatience) {}

ProgressBar::~ProgressBar() { wipe(); }

void ProgressBar::update(std::uint64_t done, std::uint64_t total) {
  if (!terminal_) return;
  const Clock::time_point now = Clock::now();
  if (now < next_draw_) return;
  next_draw_ = now + kRedraw;
  wipe();
  // The last place of a line is left free: some terminals wrap when it is written.
  std::fputs(progress_line(label_, done, total, now - begin_, terminal_width() - 1).c_str(),
             stderr);
  std::fflush(stderr);
  shown_ = true;
}

void ProgressBar::wipe() noexcept {
  if (shown_) std::fputs("\r\x1b[K", stderr);
  shown_ = false;
}

}  // namespace quire::tools
