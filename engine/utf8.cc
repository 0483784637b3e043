#include "engine/utf8.h"

#include <cstddef>

namespace quire::engine {
namespace {

struct Lead {
  std::size_t following;  // bytes after the first
  unsigned char low;      // least and greatest second byte: they exclude overlong forms, surrogates
  unsigned char high;     // and what lies above U+10FFFF
  bool valid = true;
};

Lead lead_of(unsigned char byte) noexcept {
  if (byte < 0x80) return {0, 0, 0};
  if (byte < 0xc2) return {0, 0, 0, false};
  if (byte < 0xe0) return {1, 0x80, 0xbf};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};
  if (byte == 0xed) return {2, 0x80, 0x9f};
  if (byte < 0xf0) return {2, 0x80, 0xbf};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte < 0xf4) return {3, 0x80, 0xbf};
  if (byte == 0xf4) return {3, 0x80, 0x8f};
  return {0, 0, 0, false};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const Lead lead = lead_of(static_cast<unsigned char>(text[i++]));
    if (!lead.valid || text.size() - i < lead.following) return false;
    for (std::size_t k = 0; k < lead.following; ++k, ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      const unsigned char low = k == 0 ? lead.low : 0x80;
      const unsigned char high = k == 0 ? lead.high : 0xbf;
      if (byte < low || byte > high) return false;
    }
  }
  return true;
}

}  // namespace quire::engine
