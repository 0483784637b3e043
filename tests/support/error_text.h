#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include <quire/error.h>

namespace quire::testing {

/// Whether `call()` throws a quire::Error of this code with `text` in its message.
template <class Call>
::testing::AssertionResult fails(ErrorCode code, std::string_view text, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    const std::string_view what = error.what();
    if (error.code() == code && what.find(text) != what.npos) {
      return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << to_string(error.code()) << ": " << what;
  }
  return ::testing::AssertionFailure() << "nothing was thrown";
}

}  // namespace quire::testing
