#pragma once

#include "tests/pager/version_model.h"

namespace quire::pager::model {

/// An actor whose next step is a member function; none: it is done.
template <class Self>
class Walker : public Actor {
 public:
  using Actor::Actor;
  const char* next() const override { return next_name_; }
  bool step(World& world, int choice) override {
    return next_ != nullptr && (static_cast<Self*>(this)->*next_)(world, choice);
  }
  bool at_rest() const override { return next_ == nullptr; }

 protected:
  using Function = bool (Self::*)(World&, int choice);
  /// Always true: a step has been made.
  bool go(const char* name, Function function) {
    next_name_ = name;
    next_ = function;
    return true;
  }
  bool end() { return go("done", nullptr); }
  bool is_at(Function function) const { return next_ == function; }

 private:
  const char* next_name_ = "begin";
  Function next_ = &Self::begin;
};

}  // namespace quire::pager::model
