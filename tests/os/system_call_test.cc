#include "os/system_call.h"

#include <gtest/gtest.h>

namespace quire::os {
namespace {

TEST(Uninterrupted, CallsAgainAfterASignal) {
  int calls = 0;
  const int result = uninterrupted([&] {
    errno = EINTR;
    return ++calls < 3 ? -1 : 7;
  });
  EXPECT_EQ(result, 7);
  EXPECT_EQ(calls, 3);
}

TEST(Uninterrupted, DoesNotRepeatAnotherFailure) {
  int calls = 0;
  const int result = uninterrupted([&] {
    ++calls;
    errno = EIO;
    return -1;
  });
  EXPECT_EQ(result, -1);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(errno, EIO);
}

TEST(ThrowErrno, NamesCallPathReasonAndAdvice) {
  try {
    errno = ENOSPC;
    throw_errno("pwritev", "/a/b", "delete something");
  } catch (const IoError& error) {
    EXPECT_EQ(error.error_number(), ENOSPC);
    EXPECT_STREQ(error.what(), "pwritev '/a/b': No space left on device; delete something");
  }
}

}  // namespace
}  // namespace quire::os
