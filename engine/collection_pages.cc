#include "engine/collection_pages.h"

#include <quire/error.h>

#include <string>

#include "pager/space_map_format.h"

namespace quire::engine {

void SnapshotPages::require_pid(Pid pid) const {
  if (pid < kFirstMapPage || pid >= page_count_) {
    throw CorruptionError(pid, "pointer to a page", "2.." + std::to_string(page_count_ - 1),
                          std::to_string(pid));
  }
}

pager::PageRef SnapshotPages::read(Pid pid, PageType type) {
  require_pid(pid);
  return ref_to(pool_->structure(pid, type, owner_, seq_, caching_), false);
}

pager::PageRef SnapshotPages::read_data(Pid pid, Sum32 sum) {
  require_pid(pid);
  return ref_to(pool_->data(pid, sum, seq_, caching_), false);
}

}  // namespace quire::engine
