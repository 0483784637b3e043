#include "formats/foreign_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/support/temporary_directory.h"

namespace quire::formats {
namespace {

class ForeignFileTest : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  ForeignFile file_of(const std::string& content) const {
    std::ofstream(path("file"), std::ios::binary) << content;
    return ForeignFile(path("file"));
  }

 private:
  testing::TemporaryDirectory directory_;
};

TEST_F(ForeignFileTest, ReadsAnywhereAndTheLastByteToo) {
  ForeignFile file = file_of("0123456789");
  EXPECT_EQ(file.size(), 10);
  EXPECT_EQ(file.read(7, 3), "789");
  EXPECT_EQ(file.read(0, 2), "01");
  EXPECT_EQ(file.read(10, 0), "");
}

TEST_F(ForeignFileTest, NumbersAreLittleEndian) {
  ForeignFile file = file_of(std::string("\x01\x02\x03\x04\x05\x06\x07\x88", 8));
  EXPECT_EQ(file.read_u32(0), 0x04030201U);
  EXPECT_EQ(file.read_u64(0), 0x8807060504030201U);
}

TEST_F(ForeignFileTest, WhatLiesBehindTheEndIsNamedAndNotAllocated) {
  ForeignFile file = file_of("0123456789");
  EXPECT_THROW(file.read(11, 0), CorruptionError);
  EXPECT_THROW(file.read_u32(7), CorruptionError);
  EXPECT_THROW(file.read(UINT64_MAX, 2), CorruptionError);
  try {
    file.read(4, UINT64_MAX);
    FAIL();
  } catch (const CorruptionError& error) {
    EXPECT_NE(std::string(error.what()).find(path("file") + "' at byte 4"), std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("; nothing was imported"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("backup"), std::string::npos) << error.what();
  }
}

TEST_F(ForeignFileTest, OneThatIsMissingOrADirectoryIsNamed) {
  EXPECT_THROW(ForeignFile(path("none")), NotFound);
  EXPECT_THROW(ForeignFile(path("")), IoError);
}

}  // namespace
}  // namespace quire::formats
