#pragma once

#include <gtest/gtest.h>
#include <quire/error.h>

#include <string_view>

namespace quire::testing {

/// Whether `call()` throws a quire::Error of this code whose what() contains each of `texts`.
template <class Call>
::testing::AssertionResult fails(ErrorCode code, std::initializer_list<std::string_view> texts,
                                 const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    const std::string_view what = error.what();
    if (error.code() != code) {
      return ::testing::AssertionFailure() << to_string(error.code()) << ": " << what;
    }
    for (const std::string_view text : texts) {
      if (what.find(text) == what.npos) {
        return ::testing::AssertionFailure() << "no \"" << text << "\" in: " << what;
      }
    }
    return ::testing::AssertionSuccess();
  }
  return ::testing::AssertionFailure() << "nothing was thrown";
}

template <class Call>
::testing::AssertionResult fails(ErrorCode code, std::string_view text, const Call& call) {
  return fails(code, {text}, call);
}

}  // namespace quire::testing
