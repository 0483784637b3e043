#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <quire/error.h>
#include <quire/file_system.h>
#include <quire/options.h>
#include <quire/stats.h>

#include "base/mutex.h"
#include "engine/call_gate.h"
#include "engine/commit_queue.h"
#include "engine/file_room.h"
#include "engine/keeper.h"
#include "engine/reaper.h"
#include "engine/writers_place.h"
#include "pager/header_slots.h"
#include "pager/page_pool.h"
#include "pager/snapshot_registry.h"
#include "pager/space_map.h"

namespace quire::engine {

/// How an open found the file.
struct RecoveryResult {
  bool recovered = false;
  std::uint64_t commits = 0;  // replayed from the log
  std::uint64_t pages = 0;    // written to their place, or into memory if read-only
  std::chrono::nanoseconds duration{0};
};

/// What one open database is made of. Transactions, snapshots and the Database share it; the last
/// of them closes it. The order of things is said elsewhere: committer.cc, checkpointer.cc,
/// recovery.cc. Its parts are safe from any thread but where they say otherwise.
class Core {
 public:
  /// An open, locked, recovered file. `logged` is false for a database in memory (rule M10).
  struct Opened {
    std::unique_ptr<FileSystem> owned_file_system;  // of a database in memory
    FileSystem* file_system = nullptr;
    std::string path;  // resolved; segments lie beside it
    std::unique_ptr<File> base;
    pager::Header header;
    std::unique_ptr<pager::PagePool> pool;
    std::unique_ptr<pager::SpaceMap> space;
    Seq visible = 0;
    RecoveryResult recovery;
    std::vector<Event> events;
    bool logged = true;
  };

  /// Starts the keeper. In a forked child the last owner gives back the file's descriptor, no more.
  static std::shared_ptr<Core> start(Opened opened, const Options& options);
  /// Closes as Database::close() does, but swallows errors.
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Constant after open.
  const std::string& name() const noexcept { return name_; }  // for messages
  const Options& options() const noexcept { return options_; }
  FileSystem& file_system() const noexcept { return *opened_.file_system; }
  const std::string& path() const noexcept { return opened_.path; }
  const RecoveryResult& recovery() const noexcept { return opened_.recovery; }
  bool logged() const noexcept { return opened_.logged; }

  /// This process is a forked child of the one that opened the database (rule F4): calls throw.
  bool in_forked_child() const noexcept;
  /// ClosedError in such a child.
  void require_own_process() const;

  /// Waits for calls in progress; later ones throw ClosedError. Leaves a clean file. If another
  /// thread closes or has closed, waits for its end.
  void close();

  // The parts. Used between entering and leaving the gate, or by the keeper.
  CallGate& gate() noexcept { return gate_; }
  File& base() noexcept { return *opened_.base; }
  pager::PagePool& pool() noexcept { return *opened_.pool; }
  /// Of the holder of the writer's place.
  pager::SpaceMap& space() noexcept { return *opened_.space; }
  pager::SnapshotRegistry& registry() noexcept { return registry_; }
  WritersPlace& writers_place() noexcept { return writers_place_; }
  CommitQueue& queue() noexcept { return queue_; }
  FileRoom& room() noexcept { return room_; }
  Keeper& keeper() noexcept { return keeper_; }
  Reaper& reaper() noexcept { return reaper_; }

  Mutex header_mutex;
  pager::Header header QUIRE_GUARDED_BY(header_mutex);

  struct Counters {
    std::atomic<std::uint64_t> commits{0};
    std::atomic<std::uint64_t> rollbacks{0};
    std::atomic<std::uint64_t> checkpoints{0};
    std::atomic<std::uint64_t> checkpoint_pages{0};
    std::atomic<std::uint64_t> free_pages{0};
  };
  Counters counters;

  /// Whether a checkpoint would have anything to do.
  bool has_unsaved_work();
  /// Drops the versions and markers that nobody needs any more. O(pages that have more than one;
  /// nothing without them).
  void reclaim();

  /// Queues an event; deliver_events() hands it to the user with no lock held.
  void queue_event(Event event);
  void deliver_events() noexcept;

 private:
  Core(Opened opened, const Options& options);
  static void abandon(Core* core);
  void require_may_close();
  void close_parts();
  void wait_until_closed();

  Opened opened_;
  Options options_;
  std::shared_ptr<const std::function<void(const Event&)>> listener_;  // nullptr: none
  std::string name_;
  std::uint64_t fork_count_;
  CallGate gate_;
  pager::SnapshotRegistry registry_;
  WritersPlace writers_place_;
  CommitQueue queue_;
  FileRoom room_;
  Mutex events_mutex_;
  std::vector<Event> events_ QUIRE_GUARDED_BY(events_mutex_);
  // Last: their threads use all the others.
  Keeper keeper_;
  Reaper reaper_;
};

/// A call in progress: close() waits for it. ClosedError if the database is closed, or if this is a
/// forked child, where a lock may be held for ever.
class CallPass {
 public:
  explicit CallPass(Core& core);
  ~CallPass() { gate_.leave(lane_); }
  CallPass(const CallPass&) = delete;
  CallPass& operator=(const CallPass&) = delete;

 private:
  CallGate& gate_;
  std::size_t lane_ = 0;
};

/// The same for what may not throw: false in a closed database or a forked child.
class QuietPass {
 public:
  explicit QuietPass(Core& core) noexcept
      : gate_(core.gate()), entered_(!core.in_forked_child() && gate_.enter(lane_)) {}
  ~QuietPass() {
    if (entered_) gate_.leave(lane_);
  }
  QuietPass(const QuietPass&) = delete;
  QuietPass& operator=(const QuietPass&) = delete;

  explicit operator bool() const noexcept { return entered_; }

 private:
  CallGate& gate_;
  std::size_t lane_ = 0;
  bool entered_;
};

/// The counters, and the gauges of this moment.
Stats collect_stats(Core& core);

}  // namespace quire::engine
