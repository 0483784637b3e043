#include "tests/schedule/last_words.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "tests/support/budget.h"

namespace quire::schedule {
namespace {

std::array<char, 512> words;
std::atomic<std::size_t> length{0};

extern "C" void say_last_words(int number) {
  static_cast<void>(!::write(STDERR_FILENO, words.data(), length));
  ::signal(number, SIG_DFL);
  ::raise(number);
}

/// A sanitizer has more to say of a bad access.
bool install() {
  ::signal(SIGABRT, say_last_words);
  if (!testing::kIsSanitized) ::signal(SIGSEGV, say_last_words);
  return true;
}

}  // namespace

void set_last_words(const std::string& text) {
  static const bool is_installed = install();
  static_cast<void>(is_installed);
  const std::size_t size = std::min(text.size(), words.size());
  length = 0;
  std::copy_n(text.begin(), size, words.begin());
  length = size;
}

}  // namespace quire::schedule
