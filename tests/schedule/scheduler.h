#pragma once

#include <pthread.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <quire/file_system.h>

#include "tests/schedule/schedule.h"

namespace quire::schedule {

class Worker;

/// Runs a program of several threads one thread at a time, and decides at each point where they
/// could meet who goes on. So the same schedule gives the same run, and a search can go through
/// schedules (explorer.h).
///
/// The threads are real ones, and so is the code between the points. A point is what a thread is
/// about to do: lock a mutex, wait or notify, an operation on an Atomic (base/atomic.h), a call of
/// a ScheduledFileSystem, the start and the end of a thread. The functions of pthread are replaced
/// in the whole executable (interposed_threads.cc); for threads that no scheduler has started they do
/// what they always do. Memory is as if it had one order: what weaker orders allow is for
/// ThreadSanitizer to find.
///
/// Time stands still but for a microsecond at each look, and leaps to the earliest deadline when
/// nobody else can go on.
///
/// A thread that can never go on (a deadlock), or a run without an end, is a failure; then the
/// threads and what they use are left behind as they are, for ever.
class Scheduler {
 public:
  static constexpr unsigned kMostThreads = 24;
  /// A run that takes more decisions is one without an end.
  static constexpr std::uint32_t kMostDecisions = 400'000;

  /// Runs `body(scheduler)` as thread 0 with all that it starts. What a thread throws is the
  /// failure, and so is a schedule that does not fit. Not from a scheduled thread.
  static Outcome run(const Schedule& schedule, const std::function<void(Scheduler&)>& body);

  /// Of the calling thread; nullptr if none has started it, or within an Unscheduled.
  static Scheduler* of_this_thread() noexcept;

  // ---- for the threads of the program

  /// The thread begins at its next turn; destroying it waits for its end.
  std::unique_ptr<Thread> start_thread(std::function<void()> body);
  /// A point of the program's own. `changes`: others that use `object` see a difference.
  void point(const void* object, bool changes);
  /// Others go on, as long as anybody can.
  void yield();
  void sleep(std::chrono::nanoseconds time);
  std::chrono::nanoseconds now();
  /// While `body` runs there are no decisions to depart from: for what all runs have in common.
  void quietly(const std::function<void()>& body);
  /// All others go on until they wait.
  void settle();
  /// How often nobody could go on until a deadline had passed.
  std::uint64_t leaps() const noexcept { return leaps_; }
  /// Of the thread that runs, from 0 on.
  unsigned number() const noexcept { return current_; }
  /// That of this run.
  const Schedule& schedule() const noexcept { return schedule_; }
  /// What this thread does, for the report of a failure.
  void note(std::string what);

  // ---- for the replaced functions of pthread: results as theirs

  int lock(pthread_mutex_t* mutex, const void* caller);
  int try_lock(pthread_mutex_t* mutex);
  int unlock(pthread_mutex_t* mutex);
  /// `deadline`: of this scheduler's clock; nullptr for none.
  int wait(pthread_cond_t* condition, pthread_mutex_t* mutex,
           const std::chrono::nanoseconds* deadline);
  void notify(pthread_cond_t* condition, bool all);

 private:
  friend class Unscheduled;
  friend class ScheduledThread;
  enum class State : std::uint8_t { ready, locking, waiting, sleeping, joining, ended };
  struct Fiber {
    Worker* worker = nullptr;
    State state = State::ready;
    const void* waits_for = nullptr;
    const void* caller = nullptr;  // code that came to the last point
    std::uint64_t since = 0;       // when it began to wait, to wake the first one first
    bool has_deadline = false;
    std::chrono::nanoseconds deadline{0};
    Act last_act = Act::begin;
    std::string note;
  };

  Scheduler() = default;

  unsigned spawn(std::function<void()> body);
  void main_of(unsigned number, const std::function<void()>& body);
  void step(Act act, const void* object);
  void done(Act act, const void* object);
  /// The thread cannot go on; returns when it is its turn again.
  void block(Act act, const void* object);
  void decide(Act act, const void* object, bool is_blocked);
  unsigned chosen(std::uint32_t can, unsigned usual);
  unsigned next_in_circle(std::uint32_t can) const;
  void hand_over(unsigned next);
  void leap_to_deadline_of(const Fiber& fiber);
  std::uint32_t choices() const;
  bool can_go_on(const Fiber& fiber) const;
  /// Who waits for the earliest deadline; -1: nobody.
  int earliest_sleeper() const;
  void end_thread();
  void join(unsigned number);
  void fail(const std::string& what);
  [[noreturn]] void leave_behind(const std::string& what);
  std::string places() const;

  Fiber& own() noexcept { return fibers_[current_]; }

  Schedule schedule_;
  std::size_t next_departure_ = 0;
  std::vector<Fiber> fibers_;
  unsigned current_ = 0;
  unsigned living_ = 0;
  unsigned quiet_ = 0;
  std::uint32_t taken_ = 0;  // decisions, quiet ones too
  std::uint64_t waits_ = 0;
  std::uint64_t leaps_ = 0;
  std::chrono::nanoseconds now_{std::chrono::seconds(1000)};
  Outcome outcome_;
  struct Controller;
  Controller* controller_ = nullptr;
};

/// While it lives, the calling thread is one that no scheduler has started: nothing that it does is a
/// point. For code that needs no interleaving and does not wait for other threads.
class Unscheduled {
 public:
  Unscheduled() noexcept;
  ~Unscheduled();
  Unscheduled(const Unscheduled&) = delete;
  Unscheduled& operator=(const Unscheduled&) = delete;

 private:
  Scheduler* const former_;
};

}  // namespace quire::schedule
