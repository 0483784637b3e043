#include "engine/committer.h"

// The one place that says the order of a commit (rules C1 to C4, F2).
//
//     seal       sums of data pages into their parents, the space map, the seq: the pages are final
//     encode     page records, from which the room that the log needs is known
//     reserve    segments and file room: the last moment at which a full disk harms nothing (C4)
//     first      of a clean file: segment 1, then both header slots dirty, each synced (F2)
//     log        one write, one sync
//     publish    versions in memory, free pages given back
//     visible    V = seq; the caller may be told
//
// A crash before the sync has returned leaves the commit there as a whole or not at all: pages
// reach their place in the file only in a checkpoint, after the log that describes them is durable
// ("log before data").
//
// Any IoError, and any failure in `log`, poisons the database (F1). Nothing was published, so snapshots of V go on to see
// what they saw; whether the commit exists is decided when the log is read again.

#include <algorithm>
#include <cerrno>

#include "engine/checkpointer.h"
#include "wal/commit_encoder.h"

namespace quire::engine {
namespace {

constexpr std::uint64_t kLeastGrowth = 64 * kPageSize;
constexpr std::uint64_t kMostGrowth = 4096 * kPageSize;

bool is_no_room(const IoError& error) {
  const int number = error.error_number();
  return number == ENOSPC || number == EDQUOT || number == EFBIG;
}

/// The file has room for every page that the commit counts. It grows ahead, in steps, so that not
/// every commit changes its size; bytes beyond page_count mean nothing.
void reserve_file_room(Core& core) QUIRE_REQUIRES(core.mutex) {
  const std::uint64_t needed = std::uint64_t{core.space().page_count()} * kPageSize;
  if (needed <= core.base_bytes) return;
  const std::uint64_t step =
      std::clamp(core.base_bytes / 8 / kPageSize * kPageSize, kLeastGrowth, kMostGrowth);
  for (const std::uint64_t ahead : {step, std::uint64_t{0}}) {
    try {
      core.base().allocate(core.base_bytes, needed + ahead - core.base_bytes);
      core.base_bytes = needed + ahead;
      core.base_has_grown = true;
      return;
    } catch (const IoError& error) {
      if (!is_no_room(error)) throw;
      if (ahead > 0) continue;
      throw OutOfSpace("no room for " + std::to_string(needed - core.base_bytes) +
                       " more bytes of the database file (" + std::string(error.message()) +
                       "); free some and try again: the transaction was rolled back");
    }
  }
}

wal::LogIdentity new_log_identity(Core& core) QUIRE_REQUIRES(core.mutex) {
  wal::LogIdentity identity;
  identity.uuid = core.header.uuid;
  core.file_system().fill_random(std::as_writable_bytes(std::span(identity.log_id)));
  return identity;
}

/// A log for a clean file, in memory so far.
std::unique_ptr<wal::LogWriter> make_log(Core& core, wal::LogIdentity identity)
    QUIRE_REQUIRES(core.mutex) {
  wal::SegmentSizes sizes;
  sizes.max = core.options().wal_segment_size;
  sizes.first = std::min(sizes.first, sizes.max);
  const std::uint32_t mode = core.base().status().mode;
  return std::make_unique<wal::LogWriter>(wal::SegmentSet(core.file_system(), core.path(), mode),
                                          identity, sizes);
}

/// F2. A crash in between leaves a clean header and a segment of a log that it does not name, or
/// one dirty slot that names an empty log: both open as the state before.
void mark_dirty(Core& core, const wal::LogIdentity& identity) QUIRE_REQUIRES(core.mutex) {
  pager::HeaderSlots slots(core.base());
  core.header.generation += 1;
  core.header.clean = false;
  core.header.log_id = identity.log_id;
  core.header.first_segment = core.log->first_segment();
  core.header.first_generation = core.log->generation();
  for (const int slot : {0, 1}) {
    slots.write(slot, core.header);
    core.base().sync_data();
  }
}

wal::EncodedCommit encode(const pager::PrivatePages& pages, const wal::LogWriter& log, Seq seq,
                          Durability durability) {
  wal::CommitEncoder encoder(log.max_body());
  for (const auto& [pid, owner, frame] : pages.sealed()) {
    const bool is_structure = frame->verified == pager::Frame::Verified::structure;
    encoder.add_page({pid, is_structure ? frame->header().type : wal::kDataPage, owner},
                     frame->bytes);
  }
  return encoder.finish(seq, pages.page_count(), durability);
}

/// Makes the pages visible. Until V has moved, V counts as a reader: what its snapshots see is not
/// dropped before it is superseded. A failure half-way (no memory) leaves versions that nobody may
/// see, and poisons the database; the commit is durable, and there when the file is opened again.
void publish(Core& core, const pager::PrivatePages& pages, Seq seq) QUIRE_REQUIRES(core.mutex) {
  pager::VersionMap& versions = core.pool().versions();
  try {
    pager::Readers readers = core.readers;
    readers.insert(core.visible);
    for (const auto& [pid, owner, frame] : pages.sealed()) {
      versions.publish(pid, seq, frame, readers);
    }
    core.space().apply();
  } catch (const std::exception& error) {
    core.poison(error.what());
    throw;
  }
  core.visible = seq;
  for (const auto& [pid, owner, frame] : pages.sealed()) versions.prune_page(pid, core.readers);
}

/// What happens up to the last moment at which a full disk harms nothing.
void reserve(Core& core, const wal::EncodedCommit& body, std::unique_ptr<wal::LogWriter> new_log,
             const wal::LogIdentity& identity) QUIRE_REQUIRES(core.mutex) {
  reserve_file_room(core);
  if (new_log) {
    new_log->start(core.visible);
    core.log = std::move(new_log);
    mark_dirty(core, identity);
  }
  core.log->reserve(body);
}

void append_and_sync(Core& core, wal::EncodedCommit& body) QUIRE_REQUIRES(core.mutex) {
  try {
    core.log->append(std::span(&body, 1));
    core.log->sync();
  } catch (IoError& error) {
    error.set_outcome_unknown();
    throw;
  } catch (const std::exception& error) {
    core.poison(error.what());
    throw;
  }
}

void commit_logged(Core& core, pager::PrivatePages& pages, Seq seq, Durability durability)
    QUIRE_REQUIRES(core.mutex) {
  wal::LogIdentity identity;
  std::unique_ptr<wal::LogWriter> new_log;
  if (!core.log) {
    identity = new_log_identity(core);
    new_log = make_log(core, identity);
  }
  wal::EncodedCommit body = encode(pages, new_log ? *new_log : *core.log, seq, durability);
  reserve(core, body, std::move(new_log), identity);
  append_and_sync(core, body);
}

}  // namespace

Seq commit(Core& core, pager::PrivatePages& pages, Durability durability) {
  if (pages.empty()) return pages.base();
  core.require_healthy();
  const Seq seq = core.visible + 1;
  try {
    pages.seal(seq);
    if (core.logged()) commit_logged(core, pages, seq, durability);
  } catch (const IoError& error) {
    core.poison(error.what());  // whichever step it was: a caller has to know one rule only
    throw;
  }
  publish(core, pages, seq);
  ++core.stats.commits;
  pages.forget();
  checkpoint_if_due(core);
  core.pool().trim();
  return seq;
}

}  // namespace quire::engine
