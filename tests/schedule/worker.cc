#include "tests/schedule/worker.h"

#include <thread>
#include <utility>
#include <vector>

namespace quire::schedule {
namespace {

std::vector<Worker*>& idle_workers() {
  static auto& idle = *new std::vector<Worker*>;  // threads may outlive static objects
  return idle;
}

}  // namespace

Worker& Worker::hire() {
  std::vector<Worker*>& idle = idle_workers();
  if (idle.empty()) return *new Worker;  // its thread keeps it
  Worker& worker = *idle.back();
  idle.pop_back();
  return worker;
}

void Worker::dismiss(Worker& worker) { idle_workers().push_back(&worker); }

Worker::Worker() {
  ::sem_init(&turn_, 0, 0);
  std::thread([this] { work(); }).detach();
}

void Worker::work() {
  for (;;) {
    park();
    std::exchange(job_, nullptr)();
  }
}

void Worker::park() noexcept {
  while (::sem_wait(&turn_) != 0) {
  }
}

}  // namespace quire::schedule
