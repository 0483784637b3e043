#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/atomic.h"
#include "engine/commit_queue.h"
#include "pager/page_pool.h"

namespace quire::engine {

class Core;

/// Carries versions to their place in the file, one step at a time, while commits and snapshots go
/// on. The keeper calls it; one thread at a time.
class Checkpointer {
 public:
  explicit Checkpointer(Core& core) : core_(core) {}

  /// Whether it makes the commit that gives up the tail, for which it has the writer's place.
  bool is_committing() const noexcept { return is_committing_; }
  bool in_progress() const noexcept { return stage_ != Stage::idle; }

  /// Goes on with the checkpoint, or begins one if there is anything to do; true while more is to
  /// be done. A step writes at most 1 MiB, or syncs. OutOfSpace: none was begun, nothing has
  /// changed. Any other error has poisoned the database.
  bool step();

  /// After step() has thrown: the checkpoint under way is not gone on with.
  void give_up() noexcept { stage_ = Stage::idle; }

  /// The last checkpoint, after the last call has ended: leaves a clean file and no log.
  void close();

 private:
  enum class Stage { idle, make_durable, save, sync, write_headers, retire };

  void begin();
  void cut_tail();
  void commit_cut();
  void cut_file();
  void go_on();
  void make_durable();
  void save_some();
  void sync();
  void write_headers(bool clean);
  void retire();
  void finish();
  void tell_listener();

  Core& core_;
  Atomic<bool> is_committing_{false};
  Atomic<Stage> stage_{Stage::idle};
  Visible end_;  // G, and the pages of the file then
  pager::SnapshotRegistry::Entry* registration_ = nullptr;
  pager::Readers readers_;
  std::vector<Pid> unsaved_;
  std::size_t next_ = 0;  // of unsaved_
  std::vector<pager::PagePool::Saved> saved_;
  std::chrono::nanoseconds began_{0};
  /// The newest commit that cut off the tail while the file still has its pages. At first the file
  /// may have some that a crash has left, and that no snapshot knows of.
  std::optional<Seq> cut_ = 0;
};

}  // namespace quire::engine
