#include "pager/pid_set.h"

namespace quire::pager {

bool PidSet::contains(Pid pid) const noexcept {
  const auto chunk = chunks_.find(pid / kChunkPages);
  return chunk != chunks_.end() && chunk->second[pid % kChunkPages];
}

void PidSet::insert(Pid pid) {
  Chunk& chunk = chunks_[pid / kChunkPages];
  if (chunk[pid % kChunkPages]) return;
  chunk[pid % kChunkPages] = true;
  ++count_;
}

void PidSet::erase(Pid pid) noexcept {
  const auto chunk = chunks_.find(pid / kChunkPages);
  if (chunk == chunks_.end() || !chunk->second[pid % kChunkPages]) return;
  chunk->second[pid % kChunkPages] = false;
  --count_;
  if (chunk->second.none()) chunks_.erase(chunk);
}

void PidSet::clear() noexcept {
  chunks_.clear();
  count_ = 0;
}

}  // namespace quire::pager
