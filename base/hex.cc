#include "base/hex.h"

#include <algorithm>

namespace quire {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

std::string to_hex(std::span<const unsigned char> bytes) {
  std::string text;
  text.reserve(2 * bytes.size());
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool is_hex(std::string_view text, std::size_t bytes) noexcept {
  return text.size() == 2 * bytes && std::all_of(text.begin(), text.end(), [](char digit) {
           return kDigits.find(digit) != std::string_view::npos;
         });
}

}  // namespace quire
