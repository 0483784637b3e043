#pragma once

#include <cstdint>

namespace quire {

/// Counters since the database was opened, and gauges of this moment. Sizes are bytes.
struct Stats {
  // Commits
  std::uint64_t seq = 0;  // number of the newest visible commit
  /// Those that changed something. Some are the engine's own: they free what was dropped, or cut
  /// the file.
  std::uint64_t commits = 0;
  std::uint64_t rollbacks = 0;
  // Log
  std::uint64_t wal_bytes_written = 0;
  std::uint64_t wal_syncs = 0;
  std::uint64_t wal_live_bytes = 0;  // gauge: what a recovery would read
  std::uint64_t wal_segments = 0;    // gauge
  std::uint64_t checkpoints = 0;
  std::uint64_t checkpoint_pages_written = 0;
  // Pages
  std::uint64_t page_hits = 0;
  std::uint64_t page_loads = 0;  // read from the file and verified
  std::uint64_t page_evictions = 0;
  /// To their place in the file, by large transactions before they committed.
  std::uint64_t pages_written_early = 0;
  std::uint64_t frames = 0;           // gauge: pages in memory, of 4096 bytes each
  std::uint64_t frames_dirty = 0;     // gauge: of these, not yet in the file
  std::uint64_t frames_old = 0;       // gauge: of these, kept only for open snapshots
  std::uint64_t page_count = 0;       // gauge: pages of the file in use or free
  std::uint64_t free_pages = 0;       // gauge
  std::uint64_t snapshots_open = 0;   // gauge
  std::uint64_t oldest_snapshot = 0;  // gauge: the commit that it reads; `seq` without one
};

}  // namespace quire
