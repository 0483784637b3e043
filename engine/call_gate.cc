#include "engine/call_gate.h"

#include <algorithm>
#include <functional>
#include <thread>

namespace quire::engine {

bool CallGate::enter(std::size_t& lane) noexcept {
  lane = std::hash<std::thread::id>()(std::this_thread::get_id()) % lanes_.size();
  lanes_[lane].calls.fetch_add(1, std::memory_order_seq_cst);
  if (!is_closed()) return true;
  leave(lane);
  return false;
}

void CallGate::leave(std::size_t lane) noexcept {
  lanes_[lane].calls.fetch_sub(1, std::memory_order_seq_cst);
  if (!is_closed()) return;
  const MutexLock lock(mutex_);
  left_.notify_all();
}

bool CallGate::close() noexcept { return !closed_.exchange(true, std::memory_order_seq_cst); }

void CallGate::wait_until_empty() {
  const MutexLock lock(mutex_);
  for (Lane& lane : lanes_) {
    while (lane.calls.load(std::memory_order_seq_cst) != 0) left_.wait(mutex_);
  }
}

void CallGate::finish() noexcept {
  const MutexLock lock(mutex_);
  is_finished_ = true;
  finished_.notify_all();
}

void CallGate::wait_until_finished() {
  const MutexLock lock(mutex_);
  while (!is_finished_) finished_.wait(mutex_);
}

}  // namespace quire::engine
