#include "base/failure.h"

#include <quire/error.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <string>
#include <typeinfo>

namespace quire {
namespace {

template <class E>
Failure failure_of(const E& error) {
  try {
    throw E(error);
  } catch (...) {
    return Failure::current();
  }
}

/// What raise() throws is of that very type; it is given to `look`.
template <class E, class Look>
void expect_raised(const Failure& failure, const Look& look) {
  try {
    failure.raise();
    FAIL() << "nothing is thrown";
  } catch (E& error) {
    EXPECT_EQ(typeid(error), typeid(E));
    look(error);
  }
}

template <class E>
class FailureOfEachTypeTest : public ::testing::Test {
 protected:
  static E make() {
    if constexpr (std::is_same_v<E, IoError>) return IoError("sync", "/db", EIO);
    if constexpr (std::is_same_v<E, CorruptionError>) return {7, "type", "blob", "list"};
    if constexpr (std::is_same_v<E, FormatError>) return {FormatError::Reason::newer, "newer"};
    if constexpr (std::is_same_v<E, Error>) return {ErrorCode::io, "other"};
    if constexpr (std::is_constructible_v<E, std::string>) return E("wrong");
  }
};

using Errors = ::testing::Types<Error, IoError, CorruptionError, FormatError, LockedError, NotFound,
                                KeyExists, TypeMismatch, InvalidArgument, ReadOnlyError, OutOfSpace,
                                UnsafeAccess, ClosedError>;
TYPED_TEST_SUITE(FailureOfEachTypeTest, Errors);

TYPED_TEST(FailureOfEachTypeTest, GivesEachCallerACopyOfTheSameType) {
  const Failure failure = failure_of(this->make());
  EXPECT_TRUE(failure);
  expect_raised<TypeParam>(failure, [&](TypeParam& first) {
    first.add_file("first");
    const Failure copy = failure;
    expect_raised<TypeParam>(copy, [&](TypeParam& second) {
      EXPECT_NE(&first, &second);
      EXPECT_EQ(second.file(), "");
      EXPECT_EQ(second.message(), first.message());
      EXPECT_EQ(second.code(), first.code());
    });
  });
}

TEST(FailureTest, KeepsWhatAnErrorKnows) {
  IoError error("sync", "/db", EIO);
  error.set_outcome_unknown();
  error.add_collection("users");
  expect_raised<IoError>(failure_of(error), [](const IoError& raised) {
    EXPECT_EQ(raised.error_number(), EIO);
    EXPECT_TRUE(raised.outcome_unknown());
    EXPECT_EQ(raised.collection(), "users");
  });
}

TEST(FailureTest, TakesAnErrorOfAnotherTypeForTheNearest) {
  class OwnError : public OutOfSpace {
   public:
    using OutOfSpace::OutOfSpace;
  };
  expect_raised<OutOfSpace>(failure_of(OwnError("full")),
                            [](const OutOfSpace& error) { EXPECT_EQ(error.message(), "full"); });
}

TEST(FailureTest, ThrowsWhatIsNoErrorAsItIs) {
  expect_raised<std::bad_alloc>(failure_of(std::bad_alloc()), [](const std::bad_alloc&) {});
  EXPECT_THROW(failure_of(7).raise(), int);
}

TEST(FailureTest, IsNoneAtFirst) {
  EXPECT_FALSE(Failure());
  EXPECT_NO_THROW(Failure().raise());
}

}  // namespace
}  // namespace quire
