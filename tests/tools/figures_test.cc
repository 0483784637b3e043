#include "tools/figures.h"

#include <gtest/gtest.h>

namespace quire::tools {

namespace {

TEST(FiguresTest, CountsAreGroupedByThreeDigits) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1,000");
  EXPECT_EQ(count_text(123456), "123,456");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(count_text(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(FiguresTest, WhatIsCountedIsInThePluralUnlessItIsOne) {
  EXPECT_EQ(counted(0, "page"), "0 pages");
  EXPECT_EQ(counted(1, "page"), "1 page");
  EXPECT_EQ(counted(1234, "page"), "1,234 pages");
  EXPECT_EQ(counted(1, "entry", "entries"), "1 entry");
  EXPECT_EQ(counted(2, "entry", "entries"), "2 entries");
}

TEST(FiguresTest, SizesUseTheLargestUnitBelow1000) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1024), "1.0 KiB");
  EXPECT_EQ(size_text(std::uint64_t{300} << 20), "300.0 MiB");
  EXPECT_EQ(size_text(std::uint64_t{1000} << 20), "1.0 GiB");
  EXPECT_EQ(size_text(UINT64_MAX), "16384.0 PiB");
}

TEST(FiguresTest, DurationsUseTheUnitThatFits) {
  EXPECT_EQ(duration_text(Seconds(0)), "0.0 ms");
  EXPECT_EQ(duration_text(Seconds(0.0123)), "12.3 ms");
  EXPECT_EQ(duration_text(Seconds(12.34)), "12.3 s");
  EXPECT_EQ(duration_text(Seconds(125)), "2:05 min");
}

TEST(FiguresTest, ARateOfNoTimeIsZero) {
  EXPECT_EQ(per_second(10, Seconds(2)), 5);
  EXPECT_EQ(per_second(10, Seconds(0)), 0);
}

}  // namespace

}  // namespace quire::tools
