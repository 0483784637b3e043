#include "tools/exit_code.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace quire::tools {

namespace {

TEST(ExitCodeTest, EveryErrorHasItsDocumentedCode) {
  EXPECT_EQ(exit_code_of(InvalidArgument("")), ExitCode::usage);
  EXPECT_EQ(exit_code_of(TypeMismatch("")), ExitCode::usage);
  EXPECT_EQ(exit_code_of(KeyExists("")), ExitCode::usage);
  EXPECT_EQ(exit_code_of(ReadOnlyError("")), ExitCode::usage);
  EXPECT_EQ(exit_code_of(UnsafeAccess("")), ExitCode::usage);
  EXPECT_EQ(exit_code_of(ClosedError("")), ExitCode::usage);
  EXPECT_EQ(exit_code_of(NotFound("")), ExitCode::not_found);
  EXPECT_EQ(exit_code_of(LockedError("")), ExitCode::locked);
  EXPECT_EQ(exit_code_of(CorruptionError(3, "sum", "1", "2")), ExitCode::corrupt);
  EXPECT_EQ(exit_code_of(FormatError(FormatError::Reason::not_quire, "")), ExitCode::corrupt);
  EXPECT_EQ(exit_code_of(FormatError(FormatError::Reason::newer, "")), ExitCode::newer_format);
  EXPECT_EQ(exit_code_of(IoError("read", "f", EIO)), ExitCode::io);
  EXPECT_EQ(exit_code_of(OutOfSpace("")), ExitCode::io);
}

TEST(ExitCodeTest, TheNumbersAreThoseOfTheInterface) {
  EXPECT_EQ(static_cast<int>(ExitCode::success), 0);
  EXPECT_EQ(static_cast<int>(ExitCode::problem), 1);
  EXPECT_EQ(static_cast<int>(ExitCode::usage), 2);
  EXPECT_EQ(static_cast<int>(ExitCode::not_found), 3);
  EXPECT_EQ(static_cast<int>(ExitCode::locked), 4);
  EXPECT_EQ(static_cast<int>(ExitCode::corrupt), 5);
  EXPECT_EQ(static_cast<int>(ExitCode::newer_format), 6);
  EXPECT_EQ(static_cast<int>(ExitCode::io), 7);
  EXPECT_EQ(static_cast<int>(ExitCode::interrupted), 130);
}

TEST(ExitCodeTest, GivesNoAdviceWhereTheMessageDoes) {
  EXPECT_EQ(advice_for(OutOfSpace("no room; free some and try again")), "");
  EXPECT_EQ(advice_for(CorruptionError(3, "sum", "1", "2")), "");
  EXPECT_EQ(advice_for(OutOfSpace("no room")),
            "free some room on the disk, then run the command again");
}

TEST(ExitCodeTest, AdviceNamesTheFileWhereItIsKnown) {
  NotFound error("no such collection");
  error.add_file("shop.quire");
  EXPECT_NE(advice_for(error).find("`quire ls shop.quire`"), std::string::npos);
}

}  // namespace

}  // namespace quire::tools
