#include "engine/keeper.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "engine/core.h"

namespace quire::engine {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;

constexpr auto kIdleBeforeMark = 1s;
constexpr auto kIdleBeforeCheckpoint = 1min;
constexpr auto kNothingToDo = 1h;

}  // namespace

void Keeper::start() {
  const MutexLock lock(mutex_);
  thread_ = core_.file_system().start_thread([this] { run(); });
  has_thread_ = thread_ != nullptr;
}

void Keeper::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    progress_.notify_all();
  }
  thread_.reset();  // joins
  has_thread_ = false;
}

bool Keeper::is_keeper_thread() const noexcept { return number_.load() == this_thread_number(); }

// ---- what calls ask for

void Keeper::nudge() {
  if (!has_thread_) {
    if (!inline_mutex_.try_lock()) return;
    const MutexLock lock(inline_mutex_, std::adopt_lock);
    if (checkpointer_.in_progress() || is_due()) work();
    return;
  }
  // Either this finds what the thread has set before it fell asleep, or the thread sets it later and
  // sees the commit in sleep_now(): both write, so one of them comes first.
  const Sleep sleep = Sleep(sleep_.fetch_add(0, std::memory_order_acq_rel));
  const bool is_missed =
      sleep >= kUntilCheckpoint || (sleep == kUntilMark && core_.queue().has_undurable());
  if (!is_missed && !is_due()) return;
  const MutexLock lock(mutex_);
  nudged_ = true;
  wake_.notify_all();
}

void Keeper::checkpoint() {
  if (!has_thread_ || is_keeper_thread()) {
    const MutexLock lock(inline_mutex_);
    while (checkpointer_.in_progress()) work();
    do {
      work();
    } while (checkpointer_.in_progress());
    raise_failure();
    return;
  }
  {
    const MutexLock lock(mutex_);
    const std::uint64_t ticket = ++requested_;
    wake_.notify_all();
    while (completed_ < ticket && !stopping_) progress_.wait(mutex_);
  }
  raise_failure();
}

void Keeper::raise_failure() {
  Failure failure;
  {
    const MutexLock lock(mutex_);
    failure = failure_;
  }
  failure.raise();
}

void Keeper::wait_for_room(std::size_t pages) {
  if (is_too_full(pages)) try_checkpoint();
}

void Keeper::let_go_of_old_versions() {
  core_.reclaim();
  if (checkpointer_.is_committing()) return;  // the caller is the checkpoint itself
  // What is left belongs to snapshots, that of a checkpoint under way among them. Another one would
  // let go of nothing.
  if (checkpointer_.in_progress()) try_checkpoint();
}

void Keeper::try_checkpoint() {
  try {
    checkpoint();
  } catch (const std::exception&) {
    // Poisoned, or no room for a segment: the commit finds out by itself.
  }
}

bool Keeper::is_too_full(std::size_t pages) const {
  const std::size_t dirty = core_.pool().versions().dirty();
  if (dirty > 0 && dirty + pages > core_.pool().budget()) return true;
  const wal::LogWriter* log = core_.queue().log();
  return log != nullptr && log->live_bytes() >= 2 * core_.options().wal_limit;
}

bool Keeper::is_due() const {
  if (core_.queue().poisoned()) return false;
  if (core_.pool().versions().dirty() >= core_.pool().budget() / 2) return true;
  const wal::LogWriter* log = core_.queue().log();
  return log != nullptr && log->live_bytes() >= core_.options().wal_limit;
}

// ---- the work

/// One step of a checkpoint, which begins if none is under way.
void Keeper::work() {
  if (!checkpointer_.in_progress()) {
    const MutexLock lock(mutex_);
    covered_ = requested_;
  }
  Failure failure;
  bool more = false;
  try {
    more = checkpointer_.step();
  } catch (...) {
    failure = Failure::current();
    checkpointer_.give_up();
  }
  if (more) return;
  const MutexLock lock(mutex_);
  completed_ = covered_;
  failure_ = std::move(failure);
  progress_.notify_all();
}

void Keeper::run() {
  number_ = this_thread_number();
  for (;;) {
    bool wanted = false;
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
      if (!nudged_ && requested_ == completed_ && !checkpointer_.in_progress()) {
        sleep_.exchange(kLong, std::memory_order_acq_rel);
        const Sleep sleep = sleep_now();
        sleep_ = sleep;
        wake_.wait_for(mutex_, time_of(sleep));
        sleep_ = kAwake;
      }
      if (stopping_) return;
      nudged_ = false;
      wanted = requested_ > completed_;
    }
    const Clock now = core_.file_system().monotonic_now();
    look_after_log(now);
    const bool idle_long = now - seen_at_ >= kIdleBeforeCheckpoint && !core_.queue().poisoned();
    if (checkpointer_.in_progress() || wanted || is_due() ||
        (idle_long && core_.pool().versions().dirty() > 0)) {
      work();
    }
    core_.deliver_events();
  }
}

/// Syncs relaxed commits in time, and marks the log when nothing has happened for a while. A
/// failure has poisoned the database; whoever commits next is told.
void Keeper::look_after_log(Clock now) {
  if (const Seq published = core_.queue().published(); published != seen_) {
    seen_ = published;
    seen_at_ = now;
  }
  if (core_.queue().log() == nullptr || core_.queue().poisoned()) return;
  try {
    if (!core_.queue().has_undurable()) {
      undurable_since_.reset();
    } else if (!undurable_since_) {
      undurable_since_ = now;
    } else if (now - *undurable_since_ >= core_.options().relaxed_sync_interval) {
      core_.queue().make_durable();
      undurable_since_.reset();
    }
    if (marked_ != seen_ && now - seen_at_ >= kIdleBeforeMark) {
      core_.queue().lead([](wal::LogWriter& log) { log.mark(); });
      marked_ = seen_;
    }
  } catch (const std::exception&) {
  }
}

Keeper::Sleep Keeper::sleep_now() const {
  if (core_.queue().poisoned()) return kLong;
  if (core_.queue().log() != nullptr) {
    if (core_.queue().has_undurable()) return kUntilSync;
    if (core_.queue().published() != marked_) return kUntilMark;
  }
  return core_.pool().versions().dirty() > 0 ? kUntilCheckpoint : kLong;
}

Keeper::Clock Keeper::time_of(Sleep sleep) const {
  switch (sleep) {
    case kAwake:
      break;
    case kUntilSync:
      // No longer, so that commits which come meanwhile have their mark in time.
      return std::min<Clock>(core_.options().relaxed_sync_interval, kIdleBeforeMark);
    case kUntilMark:
      return kIdleBeforeMark;
    case kUntilCheckpoint:
      return kIdleBeforeCheckpoint;
    case kLong:
      return kNothingToDo;
  }
  return Clock::zero();
}

}  // namespace quire::engine
