#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace quire::tools {

/// Rows of text in aligned columns, two spaces apart. Cells are UTF-8; a character counts as one
/// place.
class Table {
 public:
  enum class Align { left, right };

  explicit Table(std::vector<Align> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  /// A line for each row, without blanks at the ends of lines.
  std::string text() const;

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace quire::tools
