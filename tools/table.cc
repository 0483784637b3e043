#include "tools/table.h"

#include <algorithm>
#include <string_view>

namespace quire::tools {

namespace {

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

}  // namespace

std::string Table::text() const {
  std::vector<std::size_t> widths(columns_.size());
  for (const auto& row : rows_) {
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      widths[column] = std::max(widths[column], character_count(row[column]));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      if (column > 0) line += "  ";
      const std::string padding(widths[column] - character_count(row[column]), ' ');
      line += columns_[column] == Align::left ? row[column] + padding : padding + row[column];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace quire::tools
