#pragma once

#include <semaphore.h>

#include <functional>

namespace quire::schedule {

/// A thread that does one job after the other, so that a run need not start threads anew. Workers
/// live as long as the process.
class Worker {
 public:
  /// An idle one, or a new one.
  static Worker& hire();
  /// Its job is done, or all but done. Neither from several threads at once.
  static void dismiss(Worker& worker);

  /// What it does after the next resume().
  void prepare(std::function<void()> job) { job_ = std::move(job); }
  /// From any thread: park() returns, or the job begins.
  void resume() noexcept { ::sem_post(&turn_); }
  /// In the worker's thread: returns after one resume().
  void park() noexcept;

 private:
  Worker();
  void work();

  sem_t turn_;
  std::function<void()> job_;
};

}  // namespace quire::schedule
