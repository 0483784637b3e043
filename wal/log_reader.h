#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <quire/file_system.h>

#include "base/ids.h"
#include "wal/log_scan.h"
#include "wal/page_record.h"
#include "wal/segment_set.h"

namespace quire::wal {

/// What replay makes of a page besides its bytes.
struct ReplayedPage {
  Seq seq = 0;  // of the commit that changed it last
  std::uint8_t type = kDataPage;
  CollectionId owner = kEngineOwner;
};

/// The live log of a database that was not closed: scanned by the constructor (pass 1), then
/// repaired by rewrite_tail(), then read page by page (pass 2). Reading a log without writing
/// leaves rewrite_tail() out. Not thread-safe.
class LogReader {
 public:
  /// Scans the log; throws what LogScan throws.
  LogReader(const SegmentSet& segments, const LogStart& start,
            OnDamage on_damage = OnDamage::refuse);

  /// Seq, page count and the pages to write: those of scan().index().
  const LogScan& scan() const noexcept { return scan_; }

  /// L7: writes what may be in the cache only again in place, byte for byte and in whole blocks, and
  /// syncs it. Then,
  /// unless nothing but MARKs was unproven, appends a MARK and syncs that, so that later damage to
  /// it cannot pass for a torn end. Called once, before the first byte of the database file
  /// changes. CorruptionError if the chunks are no longer what was scanned.
  void rewrite_tail();

  /// Makes `page` the newest content of page `pid`, which the index lists. A structure page's first
  /// 32 bytes are zeros: its header follows from the result. Reads each of the page's records once,
  /// and compares its sum with that of the scan. InvalidArgument for a page that is not listed.
  ReplayedPage read_page(Pid pid, MutablePageBytes page);

 private:
  std::unique_ptr<File> open(std::uint32_t no, OpenMode how) const;
  File& segment(std::uint32_t no);

  SegmentSet segments_;
  LogScan scan_;
  std::map<std::uint32_t, std::unique_ptr<File>> open_;  // what read_page() has read from
  std::vector<std::byte> record_;                        // the bytes of one record
};

}  // namespace quire::wal
