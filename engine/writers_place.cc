#include "engine/writers_place.h"

#include <quire/error.h>

namespace quire::engine {

bool WritersPlace::take(const std::chrono::steady_clock::time_point* deadline) {
  const MutexLock lock(mutex_);
  if (is_user_locked()) {
    throw InvalidArgument(
        "this thread has a transaction open and would wait for itself; commit or roll it back "
        "first");
  }
  const std::uint64_t ticket = ++last_ticket_;
  waiting_.insert(ticket);
  const bool is_free = wait_for_place(ticket, deadline);
  const bool was_oldest = ticket == *waiting_.begin();
  waiting_.erase(ticket);
  if (was_oldest) {
    overtakings_ = 0;
    if (!is_free) free_for_user_.notify_all();  // another one is the oldest now
  } else if (is_free) {
    ++overtakings_;
  }
  free_for_engine_.notify_all();  // which may wait for this user, or give up because of it
  if (closed_) throw ClosedError("the database is closed; open it again");
  if (is_free) take_locked(Holder::user);
  return is_free;
}

/// False if the deadline has passed.
bool WritersPlace::wait_for_place(std::uint64_t ticket,
                                  const std::chrono::steady_clock::time_point* deadline) {
  while (!may_go(ticket) && !closed_) {
    if (deadline == nullptr) {
      free_for_user_.wait(mutex_);
    } else if (free_for_user_.wait_until(mutex_, *deadline) == std::cv_status::timeout) {
      return may_go(ticket);
    }
  }
  return true;
}

bool WritersPlace::try_take() {
  const MutexLock lock(mutex_);
  if (taken_ || closed_ || is_users_turn()) return false;
  take_locked(Holder::engine);
  return true;
}

bool WritersPlace::take_for_engine(IfInUse if_in_use, const std::function<bool()>& is_wanted) {
  const MutexLock lock(mutex_);
  while (!closed_ && (taken_ || is_users_turn())) {
    const bool is_in_use = taken_ && holder_ == Holder::user;
    if (is_in_use && if_in_use == IfInUse::give_up) return false;
    free_for_engine_.wait(mutex_);
  }
  if (closed_ || !is_wanted()) return false;
  take_locked(Holder::engine);
  return true;
}

void WritersPlace::take_locked(Holder holder) {
  taken_ = true;
  holder_ = holder;
  user_ = this_thread_number();
}

void WritersPlace::leave() {
  const MutexLock lock(mutex_);
  taken_ = false;
  user_ = 0;
  if (overtakings_ < kMostOvertakings) {
    free_for_user_.notify_one();
  } else {
    free_for_user_.notify_all();  // the oldest, whichever it is
  }
  free_for_engine_.notify_all();
}

void WritersPlace::note_user() {
  const MutexLock lock(mutex_);
  user_ = this_thread_number();
}

bool WritersPlace::is_user() {
  const MutexLock lock(mutex_);
  return is_user_locked();
}

std::size_t WritersPlace::waiting_users() {
  const MutexLock lock(mutex_);
  return waiting_.size();
}

void WritersPlace::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  free_for_user_.notify_all();
  free_for_engine_.notify_all();
}

}  // namespace quire::engine
