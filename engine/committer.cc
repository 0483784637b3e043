#include "engine/committer.h"

// The one place that says the order of a commit (rules C1 to C4, F2, L3).
//
//     seal       sums of data pages into their parents, the space map, the seq: the pages are final
//     reserve    file room and segments: the last moment at which a full disk harms nothing (C4)
//     early      if the transaction has written pages to their place: the file is synced (S2)
//     first      of a clean file: segment 1, then both header slots dirty, each synced (F2)
//     encode     page records; a large commit writes its chunks ahead, as the leader
//     publish    versions in memory, free pages given back; the writer's place is handed on
//     log        by a leader, for all that is published: one write, one sync
//     visible    V >= seq; the caller may be told
//
// A crash before the sync has returned leaves the commit there as a whole or not at all: pages
// reach their place in the file only in a checkpoint, after the log that describes them is durable
// ("log before data"). Early pages are there before, in pages that were free, and durable before the
// log says that they count; no version of them is made, as the base has it.
//
// Any IoError, and any failure behind `publish`, poisons the database (F1): snapshots of V go on to
// see what they saw; whether the commit exists is decided when the log is read again.

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/sabotage.h"
#include "wal/commit_encoder.h"

namespace quire::engine {
namespace {

/// A commit of more pages writes its chunks ahead, so that what it encodes is neither many megabytes
/// nor as much as the cache.
std::size_t pages_before_chunks(Core& core) {
  constexpr std::size_t kMost = 4096;
  return std::min(kMost, core.pool().budget() / 2);
}

wal::LogIdentity new_log_identity(Core& core) QUIRE_REQUIRES(core.header_mutex) {
  wal::LogIdentity identity;
  identity.uuid = core.header.uuid;
  core.file_system().fill_random(std::as_writable_bytes(std::span(identity.log_id)));
  return identity;
}

/// Both header slots name the log, each synced.
void name_log(Core& core, const wal::LogWriter& log, const wal::LogIdentity& identity)
    QUIRE_REQUIRES(core.header_mutex) {
  core.header.generation += 1;
  core.header.clean = false;
  core.header.log_id = identity.log_id;
  core.header.first_segment = log.first_segment();
  core.header.first_generation = log.generation();
  pager::HeaderSlots slots(core.base());
  for (const int slot : {0, 1}) {
    slots.write(slot, core.header);
    if (!is_sabotaged(Sabotage::new_log_header_syncs)) core.room().sync_data();
  }
}

/// F2. A crash in between leaves a clean header and a segment of a log that it does not name, or
/// one dirty slot that names an empty log: both open as the state before.
void start_log(Core& core) {
  const MutexLock lock(core.header_mutex);
  const wal::LogIdentity identity = new_log_identity(core);
  wal::SegmentSizes sizes;
  sizes.max = core.options().wal_segment_size;
  sizes.first = std::min(sizes.first, sizes.max);
  const std::uint32_t mode = core.base().status().mode;
  auto log = std::make_unique<wal::LogWriter>(
      wal::SegmentSet(core.file_system(), core.path(), mode), identity, sizes);
  bool is_started = false;
  try {
    log->start(core.queue().published());
    is_started = true;
    name_log(core, *log, identity);
  } catch (const std::exception& error) {
    if (is_started || log->poisoned()) core.queue().poison(error);
    throw;
  }
  core.queue().start_log(std::move(log));
}

/// What the pages put into the log. A large commit hands its chunks over as they fill.
class Encoding {
 public:
  Encoding(Core& core, const pager::PrivatePages& pages, Seq seq, Durability durability)
      : core_(core),
        pages_(pages),
        seq_(seq),
        durability_(durability),
        encoder_(core.queue().log()->max_body()) {}

  /// The last moment at which a full disk harms nothing.
  void reserve() {
    std::size_t runs = 0;
    pages_.early().for_each_run([&](Pid, std::uint32_t) { ++runs; });
    core_.queue().log()->reserve(seq_, encoder_.worst_case_bodies(pages_.sealed().size(), runs));
  }

  wal::EncodedCommit run() {
    const std::size_t limit = pages_before_chunks(core_);
    const bool in_chunks = pages_.sealed().size() > limit;
    std::size_t added = 0;
    pages_.early().for_each_run(
        [&](Pid first, std::uint32_t count) { encoder_.add_bulk(first, count, kEngineOwner); });
    for (const auto& [pid, owner, frame] : pages_.sealed()) {
      const bool is_structure = frame->verified == pager::Frame::Verified::structure;
      encoder_.add_page({pid, is_structure ? frame->header().type : wal::kDataPage, owner},
                        frame->bytes);
      if (in_chunks && ++added % (limit / 4) == 0) write_chunks();
    }
    wal::EncodedCommit commit = encoder_.finish(seq_, pages_.page_count(), durability_);
    commit.part_sums = std::move(written_.part_sums);
    return commit;
  }

 private:
  void write_chunks() {
    written_.seq = seq_;
    written_.relaxed = durability_ == Durability::relaxed;
    written_.bodies = encoder_.take_full_bodies();
    core_.queue().lead_chunks(written_.size(),
                              [this](wal::LogWriter& log) { log.append_parts(written_); });
  }

  Core& core_;
  const pager::PrivatePages& pages_;
  Seq seq_;
  Durability durability_;
  wal::CommitEncoder encoder_;
  wal::EncodedCommit written_;  // what went out ahead
};

wal::EncodedCommit prepare_log(Core& core, const pager::PrivatePages& pages, Seq seq,
                               Durability durability) {
  core.room().reserve(pages.page_count());
  if (!pages.early().empty() && !is_sabotaged(Sabotage::early_page_sync)) core.room().sync();
  if (core.queue().log() == nullptr) start_log(core);
  Encoding encoding(core, pages, seq, durability);
  encoding.reserve();
  try {
    return encoding.run();
  } catch (...) {
    core.queue().end_chunks();  // void: their commit never comes
    throw;
  }
}

/// Makes the versions. V has not moved, so nobody sees them yet.
void install(Core& core, const pager::PrivatePages& pages, Seq seq) {
  pager::VersionMap& versions = core.pool().versions();
  pager::SpaceMap& space = core.space();
  for (const auto& [pid, owner, frame] : pages.sealed()) {
    versions.publish(pid, seq, frame, space.is_fresh(pid));
  }
  for (const Pid pid : space.freed()) versions.publish_free(pid, seq);
  space.apply();
  core.counters.free_pages.store(space.free_pages(), std::memory_order_relaxed);
}

std::vector<Pid> touched_pages(Core& core, const pager::PrivatePages& pages) {
  std::vector<Pid> touched = core.space().freed();
  touched.reserve(touched.size() + pages.sealed().size());
  for (const auto& [pid, owner, frame] : pages.sealed()) touched.push_back(pid);
  return touched;
}

}  // namespace

PublishedCommit publish_commit(Core& core, pager::PrivatePages& pages, Durability durability) {
  if (pages.empty()) return {pages.base(), false, {}};
  core.queue().require_healthy();
  const Seq seq = pages.base() + 1;
  PublishedCommit commit{seq, true, {}};
  try {
    pages.seal(seq);
    commit.pages = touched_pages(core, pages);
    std::optional<wal::EncodedCommit> body;
    if (core.logged()) {
      body = prepare_log(core, pages, seq, durability);
    } else {
      core.room().hold(pages.page_count());
    }
    core.room().keep();  // before another transaction may begin and make the file longer still
    core.queue().publish(seq, pages.page_count(), std::move(body),
                         [&] { install(core, pages, seq); });
  } catch (const std::exception& error) {
    // An IoError poisons, whichever step it was: a caller has to know one rule only.
    core.queue().poison_if_log_failed(error);
    throw;
  }
  core.counters.commits.fetch_add(1, std::memory_order_relaxed);
  pages.forget();
  return commit;
}

namespace {

/// Drops what this commit has superseded and no snapshot reads.
void tidy_up_behind(Core& core, const PublishedCommit& commit) {
  const pager::Readers readers = core.registry().raise_horizon(core.queue().visible().seq);
  for (const Pid pid : commit.pages) core.pool().versions().prune_page(pid, readers);
  core.pool().trim(commit.pages.size());
}

}  // namespace

void wait_for_commit(Core& core, const PublishedCommit& commit, Durability durability) {
  core.queue().wait_visible(commit.seq);
  if (!commit.changed) {
    // Whoever is told "immediate" relies on all before it, which may have been relaxed.
    const bool is_promised = durability == Durability::immediate;
    if (is_promised && core.queue().durable() < commit.seq) core.queue().make_durable();
    return;
  }
  const bool is_told_early = is_sabotaged(Sabotage::wait_for_written);
  if (durability == Durability::relaxed && !is_told_early) core.queue().wait_written(commit.seq);
  try {
    tidy_up_behind(core, commit);
  } catch (const std::bad_alloc&) {
    // The commit is made, and must not look failed; the next checkpoint drops what stays here.
  }
  core.keeper().nudge();
  core.reaper().nudge();
}

}  // namespace quire::engine
