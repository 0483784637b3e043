#include <quire/quire.h>

#include <cerrno>

#include "engine/commit_queue.h"
#include "tests/sabotage/detectors.h"
#include "tests/sabotage/disks.h"
#include "torture/operation.h"

namespace quire::sabotage {
namespace {

const std::string kSyncOfPages = "sync " + std::string(kPath);

/// What a process leaves to the next one on the same machine, whose checkpoint behind `program` has
/// failed: its sync of the pages has lost everything, but reads go on returning it.
Disk disk_with_a_lost_sync(void (*program)(Database&)) {
  return disk_with_a_failed_checkpoint(program, kSyncOfPages, FaultKind::sync_loses, 1)
      ->crash(CrashPolicy::process_death());
}

/// Opens the file, and cuts the power at each moment behind the first sync of its pages.
void require_durable_recovery(const SimulatedFileSystem& left) {
  Disk whole = left.crash(CrashPolicy::process_death());
  const std::string content = content_on(*whole);
  const std::uint64_t end = whole->crash_points();
  for (std::uint64_t call = first_call(*whole, kSyncOfPages) + 1; call <= end; ++call) {
    const Disk disk = left.crash(CrashPolicy::process_death());
    disk->set_faults({{{FaultKind::io_error, call, Fault::kForever}}});
    try {
      content_on(*disk);
    } catch (const IoError&) {
    }
    require(content_on(*disk->crash(CrashPolicy::lose_all())) == content, "a commit is lost");
  }
}

}  // namespace

void length_behind_a_lost_sync() {
  require_durable_recovery(*disk_with_a_lost_sync([](Database& database) {
    commit_number(database, 3);  // its first sync of the file covers the length
    database.transact([](Transaction& txn) {
      txn.open<Blob>("growth").write(0, torture::stamped_bytes(100 * kPageSize, 7));
    });
  }));
}

/// The second slot is written and not synced, the log that the first checkpoint has made needless is
/// gone, and then the first slot rots.
void header_slot_behind_a_lost_sync() {
  const Disk left = disk_with_a_lost_sync([](Database& database) {
    commit_number(database, 3);
    database.checkpoint();
    commit_number(database, 4);
  });
  left->sync_directory("/");
  flip(*left, kPath, 100);
  require_durable_recovery(*left);
}

/// A commit looks before it begins, and another thread may fail until it publishes.
void publishing_after_a_failure() {
  engine::CommitQueue queue({7, 4}, kPath);
  queue.poison(IoError("sync", kPath, EIO));
  bool is_refused = false;
  try {
    queue.publish(8, 4, {}, [] {});
  } catch (const IoError&) {
    is_refused = true;
  }
  require(is_refused && queue.visible().seq == 7, "a commit is published after a failure");
}

}  // namespace quire::sabotage
