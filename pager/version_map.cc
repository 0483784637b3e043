#include "pager/version_map.h"

#include <utility>

#include "base/invariant.h"

namespace quire::pager {

FramePtr VersionMap::find(Pid pid, Seq seq) const {
  const auto found = chains_.find(pid);
  if (found == chains_.end()) return nullptr;
  const Chain& chain = found->second;
  for (auto version = chain.rbegin(); version != chain.rend(); ++version) {
    if (version->seq <= seq) return version->frame;
  }
  return nullptr;
}

FramePtr VersionMap::newest(Pid pid) const {
  const auto found = chains_.find(pid);
  return found == chains_.end() ? nullptr : found->second.back().frame;
}

void VersionMap::publish(Pid pid, Seq seq, FramePtr frame, const Readers& readers) {
  Chain& chain = chains_[pid];
  invariant(chain.empty() || chain.back().seq < seq, "versions are published in order");
  chain.push_back({seq, std::move(frame), Mark::dirty});
  ++frame_count_;
  dirty_.insert(pid);
  prune_chain(chain, readers);
  note_length(pid, chain);
}

void VersionMap::install_base(Pid pid, FramePtr frame) {
  Chain& chain = chains_[pid];
  chain.insert(chain.begin(), Version{0, std::move(frame), Mark::equal});
  ++frame_count_;
  note_length(pid, chain);
}

void VersionMap::install_replayed(Pid pid, Seq seq, FramePtr frame) {
  Chain& chain = chains_[pid];
  invariant(chain.empty(), "a log is replayed into memory before any page is read");
  chain.push_back({seq, std::move(frame), Mark::only_memory});
  ++frame_count_;
}

bool VersionMap::base_is_needed(Pid pid, const Readers& readers) const {
  const auto found = chains_.find(pid);
  if (found == chains_.end() || readers.empty()) return false;
  return *readers.begin() < found->second.front().seq;
}

void VersionMap::before_overwrite(Pid pid) {
  Chain& chain = chains_.at(pid);
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    if (chain[i].mark == Mark::equal) chain[i].mark = Mark::only_memory;
  }
}

void VersionMap::mark_saved() {
  for (const Pid pid : dirty_) chains_.at(pid).back().mark = Mark::equal;
  dirty_.clear();
}

/// A version is needed while some reader's seq lies between its own and its successor's; the newest
/// always is.
void VersionMap::prune_chain(Chain& chain, const Readers& readers) {
  for (std::size_t i = chain.size() - 1; i-- > 0;) {
    const auto reader = readers.lower_bound(chain[i].seq);
    if (reader != readers.end() && *reader < chain[i + 1].seq) continue;
    chain.erase(chain.begin() + static_cast<std::ptrdiff_t>(i));
    --frame_count_;
  }
}

void VersionMap::note_length(Pid pid, const Chain& chain) {
  if (chain.size() > 1) {
    long_chains_.insert(pid);
  } else {
    long_chains_.erase(pid);
  }
}

void VersionMap::prune_page(Pid pid, const Readers& readers) {
  const auto found = chains_.find(pid);
  if (found == chains_.end()) return;
  prune_chain(found->second, readers);
  note_length(pid, found->second);
}

void VersionMap::prune(const Readers& readers) {
  for (auto pid = long_chains_.begin(); pid != long_chains_.end();) {
    Chain& chain = chains_.at(*pid);
    prune_chain(chain, readers);
    pid = chain.size() == 1 ? long_chains_.erase(pid) : std::next(pid);
  }
}

std::size_t VersionMap::evict(std::size_t frames) {
  std::size_t evicted = 0;
  for (auto it = chains_.begin(); it != chains_.end() && frame_count_ > frames;) {
    const Chain& chain = it->second;
    const bool evictable =
        chain.size() == 1 && chain[0].mark == Mark::equal && chain[0].frame.use_count() == 1;
    if (evictable) {
      it = chains_.erase(it);
      --frame_count_;
      ++evicted;
    } else {
      ++it;
    }
  }
  return evicted;
}

}  // namespace quire::pager
