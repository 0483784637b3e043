#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace quire::tools {

using Seconds = std::chrono::duration<double>;

/// Figures for people: 1234567 -> "1,234,567".
std::string count_text(std::uint64_t count);
/// The same with what is counted: "1 page", "1,234 pages"; `plural` if that is not noun + "s".
std::string counted(std::uint64_t count, std::string_view noun, std::string_view plural = {});
/// "512 B", "12.3 KiB", "1.2 GiB".
std::string size_text(std::uint64_t bytes);
/// "0.8 ms", "12.5 s", "2:05 min".
std::string duration_text(Seconds duration);
/// `amount` a second; 0 if no time has passed.
double per_second(std::uint64_t amount, Seconds duration);

}  // namespace quire::tools
