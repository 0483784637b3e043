#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace quire {

/// Two lower-case hexadecimal digits a byte, in the order of the bytes.
std::string to_hex(std::span<const unsigned char> bytes);

/// Whether `text` is exactly what to_hex() makes of `bytes` bytes.
bool is_hex(std::string_view text, std::size_t bytes) noexcept;

}  // namespace quire
