#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>

#include "base/mutex.h"
#include "base/thread_number.h"

namespace quire::engine {

/// At most one transaction is open: it has the writer's place, from begin() until its commit is
/// published or it is rolled back. It is a user's, or a short one of the engine's own, which follow
/// one another only while no user waits. Safe from any thread.
///
/// Users are served about in the order in which they came. One that runs takes a vacant place at
/// once, because waking the one that has waited longest takes long; but only so often in a row.
class WritersPlace {
 public:
  /// How many users may go before the one that has waited longest.
  static constexpr unsigned kMostOvertakings = 8;

  /// For a user. Waits for the place; false if `deadline` passes first (nullptr: waits for ever).
  /// ClosedError once closed; InvalidArgument in the thread that uses the open transaction, which
  /// would wait for itself (rule F5).
  bool take(const std::chrono::steady_clock::time_point* deadline);

  /// For the engine, if the place is vacant and it is no waiting user's turn.
  bool try_take();
  enum class IfInUse { wait, give_up };
  /// For the engine. Waits while the engine has the place, and while a user waits who has not had
  /// it since; `if_in_use`: and while a user has it? False if given up, or once closed, or if
  /// `is_wanted()`, asked when the place is vacant and nobody else can take it, says no.
  bool take_for_engine(
      IfInUse if_in_use, const std::function<bool()>& is_wanted = [] { return true; });

  void leave();

  /// The calling thread uses the open transaction.
  void note_user();
  bool is_user();
  /// How many users wait. For tests: it may change at once.
  std::size_t waiting_users();

  /// Whoever waits is turned away.
  void close();

 private:
  enum class Holder { user, engine };

  bool is_user_locked() const QUIRE_REQUIRES(mutex_) {
    return taken_ && user_ == this_thread_number();
  }
  bool is_users_turn() const QUIRE_REQUIRES(mutex_) {
    return holder_ == Holder::engine && !waiting_.empty();
  }
  bool may_go(std::uint64_t ticket) const QUIRE_REQUIRES(mutex_) {
    return !taken_ && (overtakings_ < kMostOvertakings || ticket == *waiting_.begin());
  }
  bool wait_for_place(std::uint64_t ticket, const std::chrono::steady_clock::time_point* deadline)
      QUIRE_REQUIRES(mutex_);
  void take_locked(Holder holder) QUIRE_REQUIRES(mutex_);

  Mutex mutex_;
  std::condition_variable_any free_for_user_;
  std::condition_variable_any free_for_engine_;
  bool taken_ QUIRE_GUARDED_BY(mutex_) = false;
  bool closed_ QUIRE_GUARDED_BY(mutex_) = false;
  Holder holder_ QUIRE_GUARDED_BY(mutex_) = Holder::user;  // the last one, if vacant
  std::uint64_t user_ QUIRE_GUARDED_BY(mutex_) = 0;        // number of the thread that uses it
  std::uint64_t last_ticket_ QUIRE_GUARDED_BY(mutex_) = 0;
  std::set<std::uint64_t> waiting_ QUIRE_GUARDED_BY(mutex_);  // users' tickets, the oldest first
  unsigned overtakings_ QUIRE_GUARDED_BY(mutex_) = 0;         // of the oldest one
};

}  // namespace quire::engine
