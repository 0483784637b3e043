#include "testing/crash_case.h"

#include <charconv>

#include <quire/error.h>

namespace quire::simulation {
namespace {

constexpr std::string_view kProcessDeath = "p";

/// Reads one line; each error is told of the whole of it.
class CaseParser {
 public:
  explicit CaseParser(std::string_view line) : line_(line), rest_(line) {}

  CrashCase parse(std::uint64_t usual_seed) {
    CrashCase parsed{usual_seed};
    if (rest_.find('@') != std::string_view::npos) parsed.seed = number(take_until('@'));
    do {
      parsed.cuts.push_back(cut(take_until('/')));
    } while (has_more_);
    return parsed;
  }

 private:
  [[noreturn]] void refuse() const {
    throw InvalidArgument("CrashOptions::reproduce: '" + std::string(line_) +
                          "' is no line of a CrashFailure; it looks like 1@46:1");
  }

  /// What comes before the separator, or all that is left.
  std::string_view take_until(char separator) {
    const std::size_t end = rest_.find(separator);
    const std::string_view taken = rest_.substr(0, end);
    has_more_ = end != std::string_view::npos;
    rest_.remove_prefix(has_more_ ? end + 1 : rest_.size());
    return taken;
  }

  std::uint64_t number(std::string_view text) const {
    std::uint64_t value = 0;
    const char* const text_end = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), text_end, value);
    if (error != std::errc() || end != text_end) refuse();
    return value;
  }

  Cut cut(std::string_view text) const {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) refuse();
    const bool is_within = colon > 0 && text[colon - 1] == '+';
    Cut cut{number(text.substr(0, colon - (is_within ? 1 : 0))), fates(text.substr(colon + 1)),
            is_within};
    if (is_within && cut.fates) refuse();
    return cut;
  }

  Fates fates(std::string_view text) const {
    if (text == kProcessDeath) return std::nullopt;
    try {
      return parse_decisions(text);
    } catch (const InvalidArgument&) {
      refuse();
    }
  }

  const std::string_view line_;
  std::string_view rest_;
  bool has_more_ = true;
};

}  // namespace

std::string to_string(const CrashCase& tried) {
  std::string text = std::to_string(tried.seed);
  for (char separator = '@'; const Cut& cut : tried.cuts) {
    text += separator + std::to_string(cut.call) + (cut.is_within ? "+:" : ":");
    text += cut.fates ? to_string(*cut.fates) : kProcessDeath;
    separator = '/';
  }
  return text;
}

CrashCase parse_crash_case(std::string_view text, std::uint64_t usual_seed) {
  return CaseParser(text).parse(usual_seed);
}

}  // namespace quire::simulation
