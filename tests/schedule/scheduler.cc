#include "tests/schedule/scheduler.h"

#include <dlfcn.h>
#include <semaphore.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <exception>
#include <sstream>
#include <utility>

#include "tests/schedule/real_threads.h"
#include "tests/schedule/worker.h"

namespace quire::schedule {
namespace {

thread_local Scheduler* scheduler_of_thread = nullptr;

constexpr std::uint32_t bit(unsigned thread) noexcept { return std::uint32_t{1} << thread; }

bool is_free(const void* object) noexcept {
  auto* const mutex = static_cast<pthread_mutex_t*>(const_cast<void*>(object));
  if (real_threads().mutex_trylock(mutex) != 0) return false;
  real_threads().mutex_unlock(mutex);
  return true;
}

std::string place_of(const void* code) {
  Dl_info info;
  if (code == nullptr || ::dladdr(code, &info) == 0 || info.dli_fname == nullptr) return "";
  std::ostringstream text;
  text << " from " << info.dli_fname << "+0x" << std::hex
       << static_cast<const char*>(code) - static_cast<const char*>(info.dli_fbase);
  return text.str();
}

}  // namespace

/// Whoever has called run(), and waits for its end.
struct Scheduler::Controller {
  Controller() { ::sem_init(&ended, 0, 0); }
  ~Controller() { ::sem_destroy(&ended); }
  void wait() noexcept {
    while (::sem_wait(&ended) != 0) {
    }
  }
  sem_t ended;
  bool left_behind = false;
};

class ScheduledThread final : public Thread {
 public:
  ScheduledThread(Scheduler& scheduler, unsigned number) : scheduler_(scheduler), number_(number) {}
  ~ScheduledThread() override { scheduler_.join(number_); }

 private:
  Scheduler& scheduler_;
  const unsigned number_;
};

Unscheduled::Unscheduled() noexcept : former_(std::exchange(scheduler_of_thread, nullptr)) {}
Unscheduled::~Unscheduled() { scheduler_of_thread = former_; }

Scheduler* Scheduler::of_this_thread() noexcept { return scheduler_of_thread; }

// ---- a run

Outcome Scheduler::run(const Schedule& schedule, const std::function<void(Scheduler&)>& body) {
  std::unique_ptr<Scheduler> scheduler(new Scheduler);
  Controller controller;
  scheduler->schedule_ = schedule;
  scheduler->controller_ = &controller;
  scheduler->fibers_.reserve(kMostThreads);
  Scheduler& running = *scheduler;
  running.spawn([&running, &body] { body(running); });
  running.fibers_[0].worker->resume();
  controller.wait();
  Outcome outcome = std::move(running.outcome_);
  if (controller.left_behind) {
    static_cast<void>(scheduler.release());  // its threads stand in it
    return outcome;
  }
  for (const Fiber& fiber : running.fibers_) Worker::dismiss(*fiber.worker);
  if (outcome.failure.empty() && running.next_departure_ < schedule.size()) {
    outcome.failure = "the schedule does not fit: the run ended before";
  }
  return outcome;
}

unsigned Scheduler::spawn(std::function<void()> body) {
  const auto number = static_cast<unsigned>(fibers_.size());
  if (number == kMostThreads) leave_behind("more threads than the scheduler counts");
  Fiber& fiber = fibers_.emplace_back();
  fiber.worker = &Worker::hire();
  fiber.worker->prepare([this, number, run = std::move(body)] { main_of(number, run); });
  ++living_;
  return number;
}

void Scheduler::main_of(unsigned number, const std::function<void()>& body) {
  scheduler_of_thread = this;
  done(Act::begin, &fibers_[number]);
  try {
    body();
  } catch (const std::exception& error) {
    fail(error.what());
  }
  end_thread();
}

void Scheduler::end_thread() {
  scheduler_of_thread = nullptr;
  done(Act::join, &own());
  own().state = State::ended;
  if (--living_ == 0) {
    ::sem_post(&controller_->ended);
    return;
  }
  decide(Act::join, &own(), true);
}

std::unique_ptr<Thread> Scheduler::start_thread(std::function<void()> body) {
  const unsigned number = spawn(std::move(body));
  step(Act::begin, &fibers_[number]);
  done(Act::begin, &fibers_[number]);
  return std::make_unique<ScheduledThread>(*this, number);
}

void Scheduler::join(unsigned number) {
  step(Act::join, &fibers_[number]);
  while (fibers_[number].state != State::ended) {
    own().state = State::joining;
    block(Act::join, &fibers_[number]);
  }
  done(Act::join, &fibers_[number]);
}

// ---- points of the program's own

void Scheduler::point(const void* object, bool changes) {
  const Act act = changes ? Act::change : Act::read;
  step(act, object);
  done(act, object);
}

void Scheduler::yield() { decide(Act::yield, nullptr, true); }

void Scheduler::sleep(std::chrono::nanoseconds time) {
  Fiber& fiber = own();
  fiber.has_deadline = true;
  fiber.deadline = now_ + time;
  fiber.state = State::sleeping;
  block(Act::sleep, nullptr);
  fiber.has_deadline = false;
}

std::chrono::nanoseconds Scheduler::now() { return now_ += std::chrono::microseconds(1); }

void Scheduler::quietly(const std::function<void()>& body) {
  struct Quiet {
    explicit Quiet(unsigned& depth) : depth_(depth) { ++depth_; }
    ~Quiet() { --depth_; }
    unsigned& depth_;
  };
  const Quiet quiet(quiet_);
  body();
}

void Scheduler::settle() {
  while ((choices() & ~bit(current_)) != 0) yield();
}

void Scheduler::note(std::string what) { own().note = std::move(what); }

// ---- mutexes and conditions

int Scheduler::lock(pthread_mutex_t* mutex, const void* caller) {
  own().caller = caller;
  step(Act::lock, mutex);
  while (real_threads().mutex_trylock(mutex) != 0) {
    own().state = State::locking;
    block(Act::lock, mutex);
  }
  done(Act::lock, mutex);
  return 0;
}

int Scheduler::try_lock(pthread_mutex_t* mutex) {
  step(Act::lock, mutex);
  done(Act::lock, mutex);
  return real_threads().mutex_trylock(mutex);
}

int Scheduler::wait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                    const std::chrono::nanoseconds* deadline) {
  step(Act::wait, condition);
  done(Act::wait, condition);
  Fiber& fiber = own();
  fiber.state = State::waiting;
  fiber.since = ++waits_;
  fiber.has_deadline = deadline != nullptr;
  if (deadline != nullptr) fiber.deadline = *deadline;
  fiber.waits_for = condition;
  real_threads().mutex_unlock(mutex);
  decide(Act::wait, condition, true);
  const bool is_late = fiber.state == State::waiting;  // notify() had made it ready
  fiber.state = State::ready;
  fiber.has_deadline = false;
  lock(mutex, fiber.caller);
  return is_late ? ETIMEDOUT : 0;
}

void Scheduler::notify(pthread_cond_t* condition, bool all) {
  step(Act::notify, condition);
  done(Act::notify, condition);
  for (;;) {
    Fiber* first = nullptr;
    for (Fiber& fiber : fibers_) {
      const bool waits = fiber.state == State::waiting && fiber.waits_for == condition;
      if (waits && (first == nullptr || fiber.since < first->since)) first = &fiber;
    }
    if (first == nullptr) return;
    first->state = State::ready;
    if (!all) return;
  }
}

// ---- who goes on

void Scheduler::step(Act act, const void* object) { decide(act, object, false); }

void Scheduler::done(Act act, const void* object) {
  if (quiet_ == 0) {
    outcome_.steps.push_back({object, act, static_cast<std::uint8_t>(current_)});
  }
}

void Scheduler::block(Act act, const void* object) {
  Fiber& fiber = own();
  fiber.waits_for = object;
  decide(act, object, true);
  fiber.state = State::ready;
}

void Scheduler::decide(Act act, const void* object, bool is_blocked) {
  const unsigned self = current_;
  own().last_act = act;
  std::uint32_t can = choices();
  const int sleeper = is_blocked ? earliest_sleeper() : -1;
  if (can == 0 && sleeper < 0) leave_behind("deadlock");
  if (can == 0) ++leaps_;
  const unsigned usual = !is_blocked ? self
                         : can != 0  ? next_in_circle(can)
                                     : static_cast<unsigned>(sleeper);
  if (sleeper >= 0) can |= bit(static_cast<unsigned>(sleeper));
  const unsigned next = chosen(can, usual);
  if (quiet_ == 0) {
    outcome_.decisions.push_back({object, act, static_cast<std::uint8_t>(self),
                                  static_cast<std::uint8_t>(next), is_blocked, can,
                                  static_cast<std::uint32_t>(outcome_.steps.size())});
  }
  if (++taken_ > kMostDecisions) leave_behind("no end");
  leap_to_deadline_of(fibers_[next]);
  if (next != self) hand_over(next);
}

/// Who goes on, of those in `can`: `usual`, unless the schedule departs here.
unsigned Scheduler::chosen(std::uint32_t can, unsigned usual) {
  if (quiet_ != 0 || next_departure_ == schedule_.size()) return usual;
  const Departure& departure = schedule_[next_departure_];
  if (departure.decision != outcome_.decisions.size()) return usual;
  ++next_departure_;
  if ((can & bit(departure.thread)) == 0) leave_behind("the schedule does not fit");
  return departure.thread;
}

unsigned Scheduler::next_in_circle(std::uint32_t can) const {
  const std::uint32_t behind = can & ~(bit(current_ + 1) - 1);
  return static_cast<unsigned>(std::countr_zero(behind != 0 ? behind : can));
}

void Scheduler::hand_over(unsigned next) {
  Fiber& self = own();
  const bool is_at_its_end =
      self.state == State::ended;  // and the run may end before resume() does
  current_ = next;
  fibers_[next].worker->resume();
  if (!is_at_its_end) self.worker->park();
}

void Scheduler::leap_to_deadline_of(const Fiber& fiber) {
  const bool sleeps = fiber.state == State::waiting || fiber.state == State::sleeping;
  if (sleeps && fiber.has_deadline) now_ = std::max(now_, fiber.deadline);
}

std::uint32_t Scheduler::choices() const {
  std::uint32_t can = 0;
  for (unsigned i = 0; i < fibers_.size(); ++i) {
    if (can_go_on(fibers_[i])) can |= bit(i);
  }
  return can;
}

bool Scheduler::can_go_on(const Fiber& fiber) const {
  switch (fiber.state) {
    case State::ready:
      return true;
    case State::locking:
      return is_free(fiber.waits_for);
    case State::joining:
      return static_cast<const Fiber*>(fiber.waits_for)->state == State::ended;
    case State::waiting:
    case State::sleeping:
      return fiber.has_deadline && fiber.deadline <= now_;
    case State::ended:
      break;
  }
  return false;
}

int Scheduler::earliest_sleeper() const {
  int earliest = -1;
  for (unsigned i = 0; i < fibers_.size(); ++i) {
    const Fiber& fiber = fibers_[i];
    const bool sleeps = fiber.state == State::waiting || fiber.state == State::sleeping;
    if (!sleeps || !fiber.has_deadline) continue;
    if (earliest < 0 || fiber.deadline < fibers_[static_cast<unsigned>(earliest)].deadline) {
      earliest = static_cast<int>(i);
    }
  }
  return earliest;
}

// ---- failures

void Scheduler::fail(const std::string& what) {
  if (!outcome_.failure.empty()) return;
  outcome_.failure = "thread " + std::to_string(current_);
  if (!own().note.empty()) outcome_.failure += " (" + own().note + ")";
  outcome_.failure += ": " + what;
}

void Scheduler::leave_behind(const std::string& what) {
  outcome_.failure += (outcome_.failure.empty() ? "" : "; then ") + what + places();
  Worker& worker = *own().worker;
  controller_->left_behind = true;
  ::sem_post(&controller_->ended);
  for (;;) worker.park();
}

std::string Scheduler::places() const {
  static constexpr const char* kStates[] = {
      "can go on", "waits for a mutex",  "waits to be notified",
      "sleeps",    "waits for a thread", "has ended"};
  std::ostringstream text;
  for (unsigned i = 0; i < fibers_.size(); ++i) {
    const Fiber& fiber = fibers_[i];
    text << "\n  thread " << i << (fiber.note.empty() ? "" : " (" + fiber.note + ")") << " "
         << kStates[static_cast<std::size_t>(fiber.state)] << " at " << to_string(fiber.last_act)
         << place_of(fiber.caller);
  }
  return text.str();
}

}  // namespace quire::schedule
