#include "tools/table.h"

#include <gtest/gtest.h>

namespace quire::tools {

namespace {

TEST(TableTest, AlignsColumnsAndLeavesNoBlanksAtLineEnds) {
  Table table({Table::Align::left, Table::Align::right, Table::Align::left});
  table.add({"hash", "1,000", "users"});
  table.add({"a", "2", ""});
  EXPECT_EQ(table.text(), "hash  1,000  users\na         2\n");
}

TEST(TableTest, CountsCharactersAndNotBytes) {
  Table table({Table::Align::left, Table::Align::left});
  table.add({"caf\xC3\xA9", "1"});
  table.add({"cafe", "2"});
  EXPECT_EQ(table.text(), "caf\xC3\xA9  1\ncafe  2\n");
}

TEST(TableTest, IsEmptyWithoutRows) { EXPECT_EQ(Table({Table::Align::left}).text(), ""); }

}  // namespace

}  // namespace quire::tools
