#pragma once

#include <functional>
#include <utility>

namespace quire {

/// What has stopped a piece of work that several threads wait for. Each of them is thrown a copy of
/// its own: it adds what it knows (Error::add_file()) and hands it to a caller who may do the same,
/// which threads must not do to one object.
///
/// Not for several threads at once; a copy of it is.
class Failure {
 public:
  /// None.
  Failure() noexcept = default;
  /// The exception that is being handled. An Error of a type that is not in error.h becomes the
  /// nearest one that is; what is no Error is not copied, for nobody changes it. std::bad_alloc if
  /// there is no memory to keep more.
  static Failure current() noexcept;

  /// True if there is one.
  explicit operator bool() const noexcept { return static_cast<bool>(thrower_); }
  /// Throws it, if there is one.
  void raise() const {
    if (thrower_) thrower_();
  }

 private:
  explicit Failure(std::function<void()> thrower) noexcept : thrower_(std::move(thrower)) {}

  std::function<void()> thrower_;
};

}  // namespace quire
