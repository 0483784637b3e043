#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include <quire/error.h>

namespace quire::detail {

/// What a handle of a facade shares with its copies, views and iterators. Like a std::shared_ptr, but
/// that using it is a ClosedError where the handle was moved from, as it is with every handle. Costs
/// a comparison more.
template <class T>
class StatePtr {
 public:
  /// Points at nothing: using it is a ClosedError too.
  StatePtr() noexcept = default;
  template <std::convertible_to<std::shared_ptr<T>> P>
  StatePtr(P state) noexcept : state_(std::move(state)) {}

  T& operator*() const { return *shared(); }
  T* operator->() const { return shared().get(); }
  /// Never nullptr.
  const std::shared_ptr<T>& shared() const {
    if (state_) return state_;
    throw ClosedError("this object was moved from; use the one it was moved to");
  }
  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  std::shared_ptr<T> state_;
};

}  // namespace quire::detail
